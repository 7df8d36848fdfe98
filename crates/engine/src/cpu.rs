//! The CPU engine: chooses the plan for a batch, keeps it, and runs it.

use std::time::Duration;

use ground::parallel;
use kernels::{Precision, threads};
use network::{Graph, Node, Op, Parameters};

use crate::action::RunResult;
use crate::plan::Plan;
use crate::planner::{Purpose, Work};
use crate::run::{Job, Runner, Timings};
use crate::store::Store;
use crate::{Adam, Engine, EngineError, Images, Maps, Outputs, State, Step, Trained};

/// The CPU engine.
#[derive(Debug)]
pub struct Cpu {
    runner: Runner,
    trained: Trained,
    steps: Precision,
    predictions: Precision,
    /// The latest plans; a run needs few (a training batch, a validation batch, the last of each).
    plans: Vec<(Purpose, Plan)>,
    timings: Option<Timings>,
}

/// How long one kind of step took on one node, over all steps measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// What was done: `conv`, `conv backward data` …
    pub kind: &'static str,
    /// For which node.
    pub node: String,
    /// How long.
    pub time: Duration,
}

/// Plans kept at a time.
const PLANS: usize = 6;

/// Pictures that a network of depthwise convolutions predicts at a time, at the least. Its tensors are
/// large beside its arithmetic: of more pictures they would leave the caches between two layers.
const TOGETHER: usize = 4;

impl Cpu {
    /// An engine whose parameters are all 0 until [`Engine::set_parameters`] gives it others.
    #[must_use]
    pub fn new(graph: Graph) -> Self {
        let store = Store::new(&graph);
        Self::of(graph, store)
    }

    /// With these values; never with zeros, which would be as much memory again.
    ///
    /// # Errors
    /// As [`Engine::set_parameters`].
    pub fn with(graph: Graph, parameters: &Parameters) -> Result<Self, EngineError> {
        let nothing = graph.parameters().iter().map(|_| vec![]).collect();
        let store = Store::of(&graph, nothing);
        let mut engine = Self::of(graph, store);
        engine.set_parameters(parameters)?;
        Ok(engine)
    }

    pub(crate) fn of(graph: Graph, store: Store) -> Self {
        Self {
            runner: Runner::new(graph, store),
            trained: Trained::All,
            steps: Precision::Fp32,
            predictions: Precision::Fp32,
            plans: vec![],
            timings: None,
        }
    }

    /// In which numbers the body computes from now on, in training steps and in predictions. The
    /// head, statistics, sums, the loss and all parameters stay `f32`, as do attributions.
    pub fn set_precision(&mut self, steps: Precision, predictions: Precision) {
        (self.steps, self.predictions) = (steps, predictions);
    }

    fn precision(&self, work: Work) -> Precision {
        match work {
            Work::Predict => self.predictions,
            Work::Train(_) => self.steps,
            Work::Attribute => Precision::Fp32,
        }
    }

    /// The gradients of the last [`Engine::gradients`], zeros for what does not learn.
    #[must_use]
    pub fn gradient(&self) -> Parameters {
        self.runner.store.gradients(&self.runner.graph)
    }

    /// Starts to measure the time of every step.
    pub fn measure(&mut self) {
        self.timings = Some(Timings::new());
    }

    /// What was measured, the longest first.
    #[must_use]
    pub fn timings(&self) -> Vec<Timing> {
        let all = self.timings.iter().flatten();
        let mut timings: Vec<Timing> =
            all.map(|((kind, node), &time)| Timing { kind, node: node.clone(), time }).collect();
        timings.sort_by_key(|timing| std::cmp::Reverse(timing.time));
        timings
    }

    /// Bytes of memory for tensors that one call on such a batch takes, beside the parameters.
    ///
    /// # Errors
    /// When the network cannot take pictures of this size.
    pub fn bytes_for(
        &self,
        count: usize,
        height: usize,
        width: usize,
        trained: Option<Trained>,
    ) -> Result<usize, EngineError> {
        let work = trained.map_or(Work::Predict, Work::Train);
        let count = if trained.is_none() { count.min(self.together()) } else { count };
        let purpose = Purpose { count, height, width, work, precision: self.precision(work) };
        Ok(Plan::new(&self.runner.graph, purpose)?.total * size_of::<f32>())
    }

    /// Pictures that go through the network at a time in a prediction. No result depends on it.
    fn together(&self) -> usize {
        let depthwise =
            |node: &Node| matches!(node.op, Op::Conv { filter, .. } if filter.groups > 1);
        if self.runner.graph.nodes().iter().any(depthwise) {
            TOGETHER.max(parallel::threads())
        } else {
            usize::MAX
        }
    }

    fn check(&self, images: Images<'_>) -> Result<(), EngineError> {
        let Images { pixels, count, height, width } = images;
        let sides = [height, width, self.runner.graph.channels(self.runner.graph.input())];
        // Saturated, a nonsensical size is as wrong as it should be.
        let expected = sides.iter().fold(count, |all, &side| all.saturating_mul(side));
        if pixels.len() != expected {
            return Err(EngineError::Pixels {
                count,
                height,
                width,
                expected,
                found: pixels.len(),
            });
        }
        Ok(())
    }

    /// Runs the plan for this batch.
    fn run(&mut self, images: Images<'_>, job: Job<'_>) -> Result<RunResult, EngineError> {
        let Images { count, height, width, .. } = images;
        let work = match job {
            Job::Predict => Work::Predict,
            Job::Train(..) => Work::Train(self.trained),
            Job::Attribute(_) => Work::Attribute,
        };
        let purpose = Purpose { count, height, width, work, precision: self.precision(work) };
        let trains = matches!(work, Work::Train(_));
        if let Some(kept) =
            self.runner.store.packed.filter(|&kept| trains || kept != purpose.precision)
        {
            return Err(EngineError::Packed { kept });
        }
        // Taken out of the list while it runs, so that the rest of the engine is free to change.
        let plan = match self.plans.iter().position(|(known, _)| *known == purpose) {
            Some(index) => self.plans.remove(index).1,
            None => Plan::new(&self.runner.graph, purpose)?,
        };
        let mut timings = self.timings.take();
        let result = threads::within(|| self.runner.run(&plan, images.pixels, job, &mut timings));
        self.timings = timings;
        if self.plans.len() >= PLANS {
            self.plans.remove(0);
        }
        self.plans.push((purpose, plan));
        Ok(result)
    }
}

impl Engine for Cpu {
    fn graph(&self) -> &Graph {
        &self.runner.graph
    }

    fn parameters(&self) -> Parameters {
        self.runner.store.parameters(&self.runner.graph)
    }

    fn set_parameters(&mut self, parameters: &Parameters) -> Result<(), EngineError> {
        self.runner.store.set(&self.runner.graph, parameters)
    }

    fn state(&self) -> State {
        self.runner.store.state(&self.runner.graph)
    }

    fn set_state(&mut self, state: &State) -> Result<(), EngineError> {
        self.runner.store.set_state(&self.runner.graph, state)
    }

    fn set_trained(&mut self, trained: Trained) {
        self.trained = trained;
        self.runner.store.forget();
    }

    fn predict(&mut self, images: Images<'_>) -> Result<Outputs, EngineError> {
        self.check(images)?;
        let Images { pixels, count, height, width } = images;
        let classes = self.runner.graph.classes();
        let mut outputs = Outputs { logits: vec![], classes, features: vec![] };
        let parts = count.div_ceil(self.together());
        let first = |part: usize| part * count / parts;
        for (first, end) in (0..parts).map(|part| (first(part), first(part + 1))) {
            let each = pixels.len() / count;
            let pixels = &pixels[first * each..end * each];
            let part = Images { pixels, count: end - first, height, width };
            let RunResult { logits, features, .. } = self.run(part, Job::Predict)?;
            outputs.logits.extend(logits);
            outputs.features.extend(features);
        }
        Ok(outputs)
    }

    fn gradients(
        &mut self,
        images: Images<'_>,
        labels: &[usize],
        step: Step,
    ) -> Result<f32, EngineError> {
        self.check(images)?;
        let classes = self.runner.graph.classes();
        let largest = labels.iter().copied().max().unwrap_or(0);
        if labels.len() != images.count || images.count == 0 || largest >= classes {
            let (labels, count) = (labels.len(), images.count);
            return Err(EngineError::Labels { labels, largest, count, classes });
        }
        Ok(self.run(images, Job::Train(labels, step))?.loss)
    }

    fn attribute(&mut self, images: Images<'_>, classes: &[usize]) -> Result<Maps, EngineError> {
        self.check(images)?;
        let largest = classes.iter().copied().max().unwrap_or(0);
        let (asked, count) = (classes.len(), images.count);
        let whole = asked.is_multiple_of(count.max(1)) && (count > 0 || asked == 0);
        if !whole || largest >= self.runner.graph.classes() {
            let classes = self.runner.graph.classes();
            return Err(EngineError::Labels { labels: asked, largest, count, classes });
        }
        let shape =
            self.runner.graph.shapes(images.height, images.width)?[self.runner.graph.cut().0];
        let result = if asked == 0 {
            RunResult::default()
        } else {
            self.run(images, Job::Attribute(classes))?
        };
        Ok(Maps { values: result.maps, height: shape.height, width: shape.width })
    }

    fn update(&mut self, adam: &Adam) {
        assert_eq!(adam.groups.len(), self.runner.graph.groups(), "rates for each parameter group");
        self.runner.store.update(&self.runner.graph, self.trained, adam);
    }
}
