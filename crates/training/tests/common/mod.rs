//! Small drawn datasets, and an observer that notes down what it hears.
#![allow(unreachable_pub, dead_code, clippy::unwrap_used)] // shared by several test programs

use engine::{Cpu, Engine};
use ground::random::{Draws, Purpose};
use ground::{Digest, Stop};
use insight::Epoch;
use network::{Architecture, Backbone, Graph, Head, Op, Parameters};
use pictures::{Dataset, Item, Preprocess, Side};
use training::{Classic, Movement, Observer, Plan, Progress, Rates, Run, Standing, TrainingError};

pub const SIZE: usize = 32;

/// Pictures of so many classes, each with a colour of its own under noise.
pub fn dataset(classes: usize, train: usize, valid: usize) -> Dataset {
    let names = (0..classes).map(|class| format!("colour {class}")).collect();
    let (mut items, mut squares) = (vec![], vec![]);
    for index in 0..train + valid {
        let label = index % classes;
        let mut colour = Draws::new(1, Purpose::Synthetic, &[label as u64]);
        let colour = [(); 3].map(|()| colour.range(60.0, 200.0));
        let mut noise = Draws::new(2, Purpose::Synthetic, &[index as u64]);
        let pixels = (0..SIZE * SIZE * 3).map(|i| (colour[i % 3] + 25.0 * noise.normal()) as u8);
        let square: Box<[u8]> = pixels.collect();
        items.push(Item {
            place: format!("/pictures/{label}/{index}.png").as_str().into(),
            label,
            digest: Digest::of(&square),
            side: if index < train { Side::Train } else { Side::Valid },
            width: SIZE as u32,
            height: SIZE as u32,
        });
        squares.push(square);
    }
    Dataset::of_squares(names, items, SIZE, squares)
}

/// A short recipe for such a set.
pub fn recipe(classes: usize) -> Classic {
    Classic {
        size: SIZE,
        epochs: 2,
        batch: 8,
        rates: Rates::same(3e-3),
        ..Classic::from_scratch(classes)
    }
}

pub fn engine(recipe: &Classic) -> Cpu {
    let graph = recipe.architecture.graph();
    let start = Parameters::start(&graph, recipe.seed);
    let mut engine = Cpu::new(graph);
    engine.set_parameters(&start).unwrap();
    engine
}

/// A network of a few hundred numbers in three groups, so that a run takes no time.
pub fn tiny_engine(classes: usize, seed: u64) -> Cpu {
    let mut graph = Graph::new(3);
    let conv = graph.conv("conv", graph.input(), 0, [4, 3, 4, 1]);
    let norm = graph.norm("norm", conv, 0, 0.0);
    let relu = graph.add("relu", Op::RELU, &[norm]);
    let conv = graph.conv("conv2", relu, 1, [6, 1, 1, 0]);
    let norm = graph.norm("norm2", conv, 1, 0.0);
    graph.cut_here();
    let pool = graph.add("pool", Op::AveragePool, &[norm]);
    let drop = graph.add("drop", Op::Dropout { rate: 0.3 }, &[pool]);
    graph.linear("head", drop, 2, classes, true);
    let start = Parameters::start(&graph, seed);
    let mut engine = Cpu::new(graph);
    engine.set_parameters(&start).unwrap();
    engine
}

/// All that an observer can hear, and a stop asked for after so many batches.
#[derive(Default)]
pub struct Notes {
    pub plans: Vec<(Plan, Movement)>,
    pub batches: Vec<Progress>,
    pub epochs: Vec<Epoch>,
    pub resumed: Vec<Standing>,
    pub warnings: Vec<String>,
    pub stop_after: Option<(usize, Stop)>,
}

impl Observer for Notes {
    fn stage_started(&mut self, plan: &Plan, movement: &Movement) {
        self.plans.push((plan.clone(), movement.clone()));
    }
    fn batch_done(&mut self, progress: Progress) {
        self.batches.push(progress);
        match &self.stop_after {
            Some((count, stop)) if self.batches.len() == *count => stop.ask(),
            _ => {}
        }
    }
    fn resumed(&mut self, standing: Standing) {
        self.resumed.push(standing);
    }
    fn warned(&mut self, words: &str) {
        self.warnings.push(words.to_owned());
    }
    fn epoch_finished(&mut self, epoch: &Epoch) {
        self.epochs.push(epoch.clone());
    }
}

/// Runs a recipe from its own start.
pub fn train(data: &Dataset, recipe: &Classic) -> Result<(Run, Cpu, Notes), TrainingError> {
    let mut notes = Notes::default();
    let mut engine = engine(recipe);
    let run = training::run(
        &mut engine,
        data,
        &Preprocess::square(Backbone::ResNet50.preprocessing(), SIZE),
        recipe,
        None,
        &mut notes,
        &Stop::new(),
    )?;
    Ok((run, engine, notes))
}

pub fn small(head_classes: usize) -> Architecture {
    Architecture { backbone: Backbone::Small, head: Head::Fastai { classes: head_classes } }
}
