//! One file a command.

pub(crate) mod apply;
pub(crate) mod bench;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod look;
pub(crate) mod lr_find;
pub(crate) mod practice;
pub(crate) mod predict;
pub(crate) mod report;
pub(crate) mod show;
pub(crate) mod timings;
pub(crate) mod train;

use engine::{Cpu, EngineError};
use ground::Precision;
use network::{Graph, Parameters};

use crate::terminal::Terminal;

/// The engine that runs everything, with these values, training in these numbers.
pub(crate) fn engine(
    graph: &Graph,
    parameters: &Parameters,
    steps: Precision,
    terminal: &Terminal,
) -> Result<Cpu, EngineError> {
    let mut engine = Cpu::with(graph.clone(), parameters)?;
    engine.set_precision(steps, Precision::Fp32);
    if terminal.wants_timings() {
        engine.measure();
    }
    Ok(engine)
}
