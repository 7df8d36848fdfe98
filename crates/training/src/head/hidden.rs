//! A two-layer network on features, as fastai's head is, trained as the classic recipe trains: the
//! same graph, engine and schedule, with features in place of pictures.

use engine::{Cpu, Engine, Images, Step, Trained};
use ground::files::FileError;
use ground::random::{Draws, Purpose};
use network::{Head, Parameters};

use super::{Layers, Samples};
use crate::OneCycle;
use crate::run::learn;

/// The highest rate of the cycle, and the decay: fastai's.
const RATE: f32 = 1e-3;
const DECAY: f32 = 0.01;
/// Rows in a step, as in the classic recipe.
const BATCH: usize = 64;
/// Steps at least, so that few pictures are looked at often enough to train on.
const STEPS: usize = 60;
/// How often each picture is looked at, at least.
const LOOKS: usize = 3;
/// Where its randomness starts from: the same for all fits, so that they differ by their pictures
/// alone.
const SEED: u64 = 42;

/// Trains the network on these rows of the table. The same numbers come out on any number of
/// threads.
///
/// # Errors
/// When rows cannot be read back from a file.
///
/// # Panics
/// When a label of these rows is not below `classes`.
pub fn fit(samples: Samples<'_>) -> Result<Layers, FileError> {
    let Samples { features, rows, labels, classes } = samples;
    let head = Head::Hidden { classes };
    let graph = head.graph(features.width());
    let mut engine = Cpu::new(graph.clone());
    engine.set_parameters(&Parameters::start(&graph, SEED)).expect("values of this graph");
    engine.set_trained(Trained::All);
    let batch = BATCH.min(rows.len()).max(1);
    // As in the classic recipe, what does not fill a batch waits for the next epoch.
    let batches = (rows.len() / batch).max(1);
    let epochs = STEPS.div_ceil(batches).max(LOOKS);
    let cycle = OneCycle { max_rates: vec![RATE; graph.groups()], steps: epochs * batches };
    let (mut block, mut index) = (vec![0.0; batch * features.width()], 0);
    for epoch in 0..epochs {
        let mut order = rows.to_vec();
        Draws::new(SEED, Purpose::Shuffle, &[epoch as u64]).shuffle(&mut order);
        for rows in order.chunks_exact(batch) {
            features.read(rows, &mut block)?;
            let images = Images { pixels: &block, count: batch, height: 1, width: 1 };
            let labels: Vec<usize> = rows.iter().map(|&row| labels[row]).collect();
            let step = Step { seed: SEED, index };
            let groups = cycle.at(index as usize);
            learn(&mut engine, images, &labels, step, groups, DECAY)
                .expect("rows of this width, labels of these classes");
            index += 1;
        }
    }
    Ok(Layers { head, parameters: engine.parameters() })
}
