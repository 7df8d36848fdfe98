//! A checkpoint as a sealed safetensors file.
//!
//! Tensors: `state.` and the name of each tensor of the engine's state; `last.` and `best.` and the
//! name of each parameter of a snapshot, and its answers to the held-out pictures, `last.held_out`.
//! Metadata: `format`, and `checkpoint` with all else as JSON.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use engine::State;
use ground::Digest;
use ground::files::Files;
use insight::Epoch;
use network::{Graph, Parameters, Tensor};
use serde::{Deserialize, Serialize};
use weights::WeightsError;
use weights::safetensors::{File, Limits, TensorRef, Values, write_sealed};

use super::{Place, Standing};
use crate::smooth::Smooth;
use crate::snapshot::{HeldOutLogits, Snapshot};
use crate::{Movement, Stage};

/// Changes with what a checkpoint holds and with what a run computes from it.
pub(super) const FORMAT: &str = "lookalike checkpoint 1";

const STATE: &str = "state.";
const LAST: &str = "last.";
const BEST: &str = "best.";
const HELD_OUT: &str = "held_out";

/// All that a run needs to go on.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    pub(crate) place: Place,
    /// Training steps taken.
    pub(crate) step: u64,
    pub(crate) smooth: Smooth,
    /// Seconds spent on the epoch under way.
    pub(crate) spent: f64,
    pub(crate) history: Vec<Epoch>,
    /// The movement of each stage that has begun.
    pub(crate) movements: Vec<Movement>,
    pub(crate) last: Option<Rc<Snapshot>>,
    pub(crate) best: Option<Rc<Snapshot>>,
    pub(crate) state: State,
}

/// Why a file is no checkpoint to resume from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error("its text cannot be read: {0}")]
    Text(#[from] serde_json::Error),
    #[error("{0}")]
    Unsound(String),
}

/// What of a checkpoint is not tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    identity: String,
    standing: Standing,
    place: Place,
    step: u64,
    optimiser_steps: u32,
    smooth: Smooth,
    spent: f64,
    history: Vec<Epoch>,
    movements: Vec<Movement>,
    last: Option<(usize, f32)>,
    best: Best,
}

/// Which snapshot is the best.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Best {
    None,
    /// The last.
    Last,
    /// One of its own, with this score.
    Own(usize, f32),
}

/// What a checkpoint must fit.
pub(crate) struct Expected<'a> {
    pub(crate) graph: &'a Graph,
    /// The stages with their epochs.
    pub(crate) stages: Vec<(Stage, usize)>,
    /// Batches in an epoch.
    pub(crate) batches: usize,
    /// Indices of the held-out pictures.
    pub(crate) held_out: &'a [usize],
}

/// Writes a checkpoint of the run with this identity.
pub(crate) fn write(
    files: &dyn Files,
    path: &Path,
    graph: &Graph,
    identity: Digest,
    standing: Standing,
    checkpoint: &Checkpoint,
) -> Result<(), WeightsError> {
    let Checkpoint { place, step, smooth, spent, history, movements, last, best, state } =
        checkpoint;
    let same = |a: &Rc<Snapshot>, b: &Rc<Snapshot>| Rc::ptr_eq(a, b);
    let best_own = match (last, best) {
        (Some(last), Some(best)) if same(last, best) => None,
        _ => best.as_ref(),
    };
    let text = Text {
        identity: identity.to_string(),
        standing,
        place: *place,
        step: *step,
        optimiser_steps: state.steps,
        smooth: *smooth,
        spent: *spent,
        history: history.clone(),
        movements: movements.clone(),
        last: last.as_ref().map(|last| last.score),
        best: match (best, best_own) {
            (None, _) => Best::None,
            (Some(_), None) => Best::Last,
            (_, Some(own)) => Best::Own(own.score.0, own.score.1),
        },
    };
    let text = serde_json::json!(text).to_string();
    let metadata = [("format", FORMAT.to_owned()), ("checkpoint", text)];
    let metadata: BTreeMap<String, String> = metadata.map(|(k, v)| (k.into(), v)).into();

    let answers = |snapshot: Option<&Rc<Snapshot>>| -> Vec<f32> {
        let held_out = snapshot.into_iter().flat_map(|snapshot| &snapshot.held_out);
        held_out.flat_map(|held_out| held_out.logits.iter().copied()).collect()
    };
    let kept = [(LAST, last.as_ref()), (BEST, best_own)];
    let kept = kept.map(|(kind, snapshot)| (kind, snapshot, answers(snapshot)));
    let mut tensors: Vec<(String, Vec<usize>, &[f32])> = vec![];
    for (name, value) in &state.tensors {
        tensors.push((format!("{STATE}{name}"), value.shape.clone(), &value.data));
    }
    for (kind, snapshot, answers) in &kept {
        let Some(snapshot) = snapshot else { continue };
        for (parameter, value) in graph.parameters().iter().zip(snapshot.parameters.tensors()) {
            let name = format!("{kind}{}", parameter.name);
            tensors.push((name, value.shape.clone(), &value.data));
        }
        if !answers.is_empty() {
            let shape = vec![snapshot.held_out.len(), graph.classes()];
            tensors.push((format!("{kind}{HELD_OUT}"), shape, answers));
        }
    }
    let tensors: Vec<TensorRef<'_>> = tensors
        .iter()
        .map(|(name, shape, data)| TensorRef { name, shape, values: Values::F32(data) })
        .collect();
    write_sealed(files, path, &metadata, &tensors, &Limits::CHECKPOINT)
}

/// The run that a file is of, as far as its header says, and where that run stood.
pub(crate) fn peek(path: &Path) -> Result<(String, Standing), Broken> {
    let text = text(&File::open(path, &Limits::CHECKPOINT)?)?;
    Ok((text.identity, text.standing))
}

/// Whether every byte is as it was written.
pub(crate) fn check(path: &Path) -> Result<(), Broken> {
    File::open_sealed(path, &Limits::CHECKPOINT)?;
    Ok(())
}

fn text(file: &File) -> Result<Text, Broken> {
    let metadata = |key: &str| {
        let text = file.layout().metadata().get(key);
        text.ok_or_else(|| Broken::Unsound(format!("it has no `{key}`")))
    };
    match metadata("format")?.as_str() {
        FORMAT => Ok(serde_json::from_str(metadata("checkpoint")?)?),
        other => Err(Broken::Unsound(format!("its format is `{}`", other.escape_debug()))),
    }
}

/// Reads a checkpoint, of which nothing is believed before its seal has been checked.
pub(crate) fn read(path: &Path, expected: &Expected<'_>) -> Result<Checkpoint, Broken> {
    let file = File::open_sealed(path, &Limits::CHECKPOINT)?;
    let text = text(&file)?;
    expected.check(&text).map_err(Broken::Unsound)?;
    let mut tensors = BTreeMap::new();
    let names: Vec<String> = file.layout().entries().keys().cloned().collect();
    for name in names {
        if let Some(own) = name.strip_prefix(STATE) {
            let shape = file.layout().entries()[&name].shape.clone();
            tensors.insert(own.to_owned(), Tensor { shape, data: file.tensor_f32(&name)? });
        }
    }
    let snapshot = |kind: &str, score| -> Result<Rc<Snapshot>, Broken> {
        let mut values = vec![];
        for parameter in expected.graph.parameters() {
            let data = file.tensor_f32(&format!("{kind}{}", parameter.name))?;
            values.push(Tensor { shape: parameter.shape.clone(), data });
        }
        let parameters = Parameters::new(expected.graph, values)
            .map_err(|error| Broken::Unsound(error.to_string()))?;
        let answers = match expected.held_out {
            [] => vec![],
            _ => file.tensor_f32(&format!("{kind}{HELD_OUT}"))?,
        };
        let rows = answers.chunks_exact(expected.graph.classes());
        if rows.len() != expected.held_out.len() {
            let (rows, held_out) = (rows.len(), expected.held_out.len());
            return Err(Broken::Unsound(format!("{rows} answers to {held_out} pictures")));
        }
        let held_out = expected.held_out.iter().zip(rows);
        let held_out = held_out
            .map(|(&picture, row)| HeldOutLogits { picture, logits: row.to_vec() })
            .collect();
        Ok(Rc::new(Snapshot { parameters, held_out, score }))
    };
    let last = text.last.map(|score| snapshot(LAST, score)).transpose()?;
    let best = match text.best {
        Best::None => None,
        Best::Last => last.clone(),
        Best::Own(errors, loss) => Some(snapshot(BEST, (errors, loss))?),
    };
    Ok(Checkpoint {
        place: text.place,
        step: text.step,
        smooth: text.smooth,
        spent: text.spent,
        history: text.history,
        movements: text.movements,
        last,
        best,
        state: State { steps: text.optimiser_steps, tensors },
    })
}

impl Expected<'_> {
    /// Whether a run with these stages can stand where the text says.
    fn check(&self, text: &Text) -> Result<(), String> {
        let Place { stage, epoch, batch } = text.place;
        let wrong = |what: &str| Err(format!("it stands at {what} that the run does not have"));
        let Some(&(_, epochs)) = self.stages.get(stage) else {
            return wrong("a stage");
        };
        if !(1..=epochs + 1).contains(&epoch) {
            return wrong("an epoch");
        }
        if batch > if epoch > epochs { 0 } else { self.batches } {
            return wrong("a batch");
        }
        let before: usize = self.stages[..stage].iter().map(|(_, epochs)| epochs).sum();
        let done = before + epoch - 1;
        let steps = (done * self.batches + batch) as u64;
        if text.history.len() != done
            || text.step != steps
            || text.movements.len() != stage + 1
            || text.last.is_some() != (done > 0)
        {
            return Err("its history is not that of its place".into());
        }
        Ok(())
    }
}
