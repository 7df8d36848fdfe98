//! How far a stage can move the weights: a bound from its schedule, before any step is taken.

use std::fmt;

use engine::Trained;
use network::{Graph, Parameter, Parameters};
use serde::{Deserialize, Serialize};

use crate::schedule::OneCycle;

/// How far a stage's schedule lets the weights go, known before its first step.
///
/// Adam moves a weight by about its learning rate in a step and hardly ever by more (Kingma, Ba,
/// arXiv 1412.6980, section 2.1), so that the sum of the rates bounds the way of a weight whose
/// steps all point in one direction. Real ones do not: expect about a tenth of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// The parameter groups in which something is trained.
    pub groups: Vec<GroupMovement>,
}

/// How far the weights of one parameter group can go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupMovement {
    /// The group's index in the graph.
    pub group: usize,
    /// Whether it is the head.
    pub head: bool,
    /// The sum of its rates over all steps.
    pub furthest: f32,
    /// Root of the mean square of its weights (of its norms, where only those learn).
    pub weights: f32,
}

impl GroupMovement {
    /// The furthest way in units of the weights' size.
    #[must_use]
    pub fn share(&self) -> f32 {
        self.furthest / self.weights.max(f32::MIN_POSITIVE)
    }
}

/// Below this share of the weights' size, in every group, nothing to speak of can change: with the
/// tenth that real steps make of it, no weight moves by more than about half a percent.
const NEGLIGIBLE: f32 = 0.05;

/// Whether an engine with this setting changes the parameter.
pub(crate) fn learns(parameter: &Parameter, trained: Trained, head: usize) -> bool {
    parameter.role.is_trained()
        && (parameter.group == head
            || if parameter.role.is_norm() { trained.norms() } else { trained.layers() })
}

impl Movement {
    /// Measures what the schedule allows beside the weights as they are.
    #[must_use]
    pub fn of(graph: &Graph, values: &Parameters, trained: Trained, cycle: &OneCycle) -> Self {
        let last = graph.groups().saturating_sub(1);
        let size = |group: usize| {
            let learning = || {
                let pairs = graph.parameters().iter().zip(values.tensors());
                pairs.filter(|(p, _)| p.group == group && learns(p, trained, last))
            };
            // Norms start at 1 and would hide how small the weights are.
            let weights = learning().any(|(p, _)| p.role == network::Role::Weight);
            let (mut squares, mut count) = (0.0, 0);
            for (parameter, tensor) in learning() {
                if !weights || parameter.role == network::Role::Weight {
                    squares += tensor.data.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
                    count += tensor.data.len();
                }
            }
            (count > 0).then(|| (squares / count as f64).sqrt() as f32)
        };
        let groups = cycle.sums().into_iter().enumerate().filter_map(|(group, furthest)| {
            let weights = size(group)?;
            Some(GroupMovement { group, head: group == last, furthest, weights })
        });
        Self { groups: groups.collect() }
    }

    /// Whether these rates cannot change anything to speak of.
    #[must_use]
    pub fn is_negligible(&self) -> bool {
        self.groups.iter().all(|group| group.share() < NEGLIGIBLE)
    }
}

/// A plain sentence for the user.
impl fmt::Display for Movement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |f: &mut fmt::Formatter<'_>, group: &GroupMovement, name: &str| {
            let (furthest, weights) = (Short(group.furthest), Short(group.weights));
            write!(f, "{name} by at most {furthest} (weights there are about {weights})")
        };
        f.write_str("at these learning rates ")?;
        let head = self.groups.iter().find(|group| group.head);
        if let Some(head) = head {
            part(f, head, "weights of the head can change")?;
        }
        if let Some(lowest) = self.groups.iter().find(|group| !group.head) {
            let what = if head.is_some() {
                ", those of the lowest layers"
            } else {
                "weights of the lowest layers can change"
            };
            part(f, lowest, what)?;
        }
        if self.is_negligible() {
            f.write_str(". This is too little to change anything in so few steps: use more epochs or a higher rate, \
                 such as `--lr 1e-5..1e-3`")?;
        }
        Ok(())
    }
}

/// A number in the one or two digits that a sentence needs.
struct Short(f32);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 0.01 { write!(f, "{:.2}", self.0) } else { write!(f, "{:.0e}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use engine::Trained;
    use network::{Architecture, Backbone, Head, Parameters};

    use super::Movement;
    use crate::{Rates, schedule::OneCycle};

    fn movement(rates: Rates, trained: Trained) -> Movement {
        let head = Head::Fastai { classes: 3 };
        let graph = Architecture { backbone: Backbone::ResNet50, head }.graph();
        let cycle = OneCycle { max_rates: rates.of_groups(3), steps: 140 };
        Movement::of(&graph, &Parameters::start(&graph, 1), trained, &cycle)
    }

    #[test]
    fn the_storys_second_stage_is_said_to_change_nothing() {
        let story = movement(Rates::Range(1e-6, 1e-5), Trained::All);
        assert!((story.groups[2].furthest - 7.2e-4).abs() < 2e-5, "{story:?}");
        assert!((story.groups[0].furthest - 7.2e-5).abs() < 2e-6, "{story:?}");
        // A He-normal layer of 4096 inputs has √(2 / 4096).
        assert!((story.groups[2].weights - 0.0221).abs() < 2e-4, "{story:?}");
        assert!(story.is_negligible());
        let sentence = story.to_string();
        assert!(sentence.contains("weights of the head can change by at most 7e-4"), "{sentence}");
        assert!(
            sentence.contains("use more epochs or a higher rate, such as `--lr 1e-5..1e-3`"),
            "{sentence}"
        );
    }

    #[test]
    fn rates_that_teach_are_not_warned_of() {
        let good = movement(Rates::Range(1e-5, 1e-3), Trained::All);
        assert!(!good.is_negligible());
        assert!(!good.to_string().contains("expect"), "{good}");
    }

    #[test]
    fn only_what_learns_is_measured() {
        let head = movement(Rates::same(1e-3), Trained::Head);
        assert_eq!(head.groups.iter().map(|g| g.group).collect::<Vec<_>>(), [2]);
        let norms = movement(Rates::same(1e-3), Trained::HeadAndNorms);
        assert_eq!(norms.groups.len(), 3);
        // Scales of 1 and shifts of 0.
        assert!((norms.groups[0].weights - 0.5f32.sqrt()).abs() < 1e-6, "{norms:?}");
    }
}
