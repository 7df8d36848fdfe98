use insight::Proportion;
use serde_json::{Value, json};
use training::Standing;

use crate::{Error, Event, Stopped, Trained, about};

/// A training that has ended, as JSON: all that a report has, and where the files are.
///
/// # Errors
/// Never, as the report's JSON can be read.
pub fn train(trained: &Trained) -> Result<Value, Error> {
    let Trained { classifier, insight, path, report, suspects, interrupted } = trained;
    let text = ::report::json(&classifier.record, insight, &about(classifier, path));
    let mut value: Value = serde_json::from_str(&text)?;
    value["id"] = json!(classifier.id()?);
    value["saved"] = json!({ "classifier": path, "report": report, "suspects": suspects });
    value["interrupted"] = json!(interrupted);
    Ok(value)
}

/// Something that happened in a training, as a JSON object; nothing of what only concerns a terminal.
#[must_use]
pub fn event(event: &Event<'_>) -> Option<Value> {
    let standing =
        |at: &Standing| json!({ "epochs": at.done, "batch": at.batch, "in_words": at.to_string() });
    Some(match event {
        Event::Fixed { relabelled, left_out } => {
            json!({ "event": "fixed", "relabelled": relabelled, "left_out": left_out })
        }
        Event::Unusable(bad) => json!({ "event": "unusable", "pictures": bad }),
        Event::Planned(planned) => json!({
            "event": "planned",
            "classes": planned.classes,
            "train": planned.train,
            "held_out": planned.held_out,
            "test": planned.test,
            "backbone": planned.backbone.name(),
            "weights": planned.weights,
            "size": planned.size,
            "output": planned.output,
        }),
        Event::FeaturesFound(pictures) => {
            json!({ "event": "features_found", "pictures": pictures })
        }
        Event::Compared(comparison) => json!({ "event": "compared", "comparison": comparison }),
        Event::FineTuned { kept, comparison } => {
            json!({ "event": "fine_tuned", "kept": kept, "comparison": comparison })
        }
        Event::StageStarted { plan, .. } => json!({
            "event": "stage",
            "stage": plan.stage.to_string(),
            "epochs": plan.epochs,
            "batches": plan.batches,
        }),
        Event::EpochFinished(epoch) => {
            let rate = epoch.errors.map(|(wrong, of)| Proportion::new(wrong, of));
            json!({ "event": "epoch", "epoch": epoch, "error_rate": rate })
        }
        Event::Resumed(at) => json!({ "event": "resumed", "at": standing(at) }),
        Event::Resumable(at) => json!({ "event": "resumable", "at": standing(at) }),
        Event::Scored(insight) => json!({
            "event": "scored",
            "accuracy": insight.accuracy,
            "log_loss": insight.log_loss,
        }),
        Event::Saved { path, replaced } => {
            json!({ "event": "saved", "path": path, "replaced": replaced })
        }
        Event::Reported(path) => json!({ "event": "reported", "path": path }),
        Event::SuspectsWritten { path, count } => {
            json!({ "event": "suspects", "path": path, "count": count })
        }
        Event::Stopped(stopped) => {
            let saved = *stopped == Stopped::WhileFineTuning;
            json!({ "event": "stopped", "saved": saved })
        }
        Event::NothingToSave => json!({ "event": "stopped", "saved": false }),
        _ => return None,
    })
}
