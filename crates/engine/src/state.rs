//! What a run must carry over to go on to the bit: values and Adam's averages, by name.

use std::collections::BTreeMap;

use network::{Graph, Parameter, ParameterId, Tensor};

use crate::layout::{to_kernels, to_torch};
use crate::store::Store;
use crate::{EngineError, State};

/// What stands before a parameter's name: for its averages of the gradient and of its square.
const AVERAGES: [&str; 2] = ["adam.mean.", "adam.square."];

impl Store {
    pub(crate) fn state(&self, graph: &Graph) -> State {
        let mut tensors = BTreeMap::new();
        for (index, (slot, parameter)) in self.slots.iter().zip(graph.parameters()).enumerate() {
            tensors.insert(parameter.name.clone(), self.tensor(graph, ParameterId(index)));
            for (before, average) in AVERAGES.iter().zip(&slot.averages) {
                if !average.is_empty() {
                    let name = format!("{before}{}", parameter.name);
                    tensors.insert(name, to_torch(parameter, average));
                }
            }
        }
        State { steps: self.steps.unsigned_abs(), tensors }
    }

    pub(crate) fn set_state(&mut self, graph: &Graph, state: &State) -> Result<(), EngineError> {
        let found = find(graph, state)?;
        let steps = i32::try_from(state.steps)
            .map_err(|_| EngineError::State(format!("{} steps are too many", state.steps)))?;
        self.forget();
        self.wait_for_none();
        self.steps = steps;
        self.clock += 1;
        for ((slot, parameter), Found { values, averages }) in
            self.slots.iter_mut().zip(graph.parameters()).zip(found)
        {
            slot.values = to_kernels(parameter, &values.data);
            slot.version = self.clock;
            if let Some(averages) = averages {
                slot.averages = averages.map(|average| to_kernels(parameter, &average.data));
            }
        }
        Ok(())
    }
}

/// What a state has for one parameter.
struct Found<'a> {
    values: &'a Tensor,
    averages: Option<[&'a Tensor; 2]>,
}

/// Looks everything up before anything is changed.
fn find<'a>(graph: &Graph, state: &'a State) -> Result<Vec<Found<'a>>, EngineError> {
    let tensor = |parameter: &Parameter, before: &str| {
        let name = format!("{before}{}", parameter.name);
        let tensor = state.tensors.get(&name);
        match tensor.filter(|t| t.shape != parameter.shape || t.data.len() != parameter.len()) {
            Some(odd) => Err(EngineError::State(format!(
                "`{name}` has shape {:?} instead of {:?}",
                odd.shape, parameter.shape
            ))),
            None => Ok(tensor),
        }
    };
    let mut taken = 0;
    let mut found = vec![];
    for parameter in graph.parameters() {
        let missing =
            |what: &str| EngineError::State(format!("{what} of `{}` is missing", parameter.name));
        let values = tensor(parameter, "")?.ok_or_else(|| missing("the value"))?;
        let averages = match AVERAGES.map(|before| tensor(parameter, before)) {
            [mean, square] => match [mean?, square?] {
                [Some(mean), Some(square)] if parameter.role.is_trained() => Some([mean, square]),
                [None, None] => None,
                _ => return Err(missing("one of two averages")),
            },
        };
        taken += if averages.is_some() { 3 } else { 1 };
        found.push(Found { values, averages });
    }
    match state.tensors.len() - taken {
        0 => Ok(found),
        more => Err(EngineError::State(format!("{more} tensors belong to nothing"))),
    }
}
