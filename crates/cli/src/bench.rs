//! Measuring this machine: one configuration, in this process.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::{Adam, Engine, GroupRates, Images, Step, Trained};
use ground::random::{Draws, Purpose};
use network::{Architecture, Backbone, Head, Parameters};
use pictures::{Limits, Preprocess};
use serde::{Deserialize, Serialize};

use crate::args::Work;
use crate::fault::{Exit, Fault};

/// What was measured, and how it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) work: String,
    pub(crate) backbone: Option<String>,
    pub(crate) batch: Option<usize>,
    pub(crate) size: usize,
    pub(crate) precision: Option<String>,
    /// Per picture, one number a round.
    pub(crate) milliseconds: Vec<f64>,
    /// The most memory that the process ever held, where the system tells.
    pub(crate) peak_bytes: Option<u64>,
}

impl Measured {
    /// The middle of the rounds.
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// The machine that a measurement was made on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    threads: usize,
    isa: String,
    memory_bytes: Option<u64>,
    os: String,
    version: String,
}

impl Machine {
    /// This one, computing with so many threads.
    pub(crate) fn this(threads: Option<usize>) -> Self {
        let cores = kernels::threads::available();
        let cpu =
            line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into());
        Self {
            cpu,
            cores,
            threads: threads.unwrap_or(cores),
            isa: kernels::isa::Isa::in_use().to_string(),
            memory_bytes: kilobytes("/proc/meminfo", "MemTotal"),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cpu, cores, threads, isa, os, version, .. } = self;
        write!(f, "lookalike {version} on {cpu}, {threads} of {cores} cores, {isa}, {os}")
    }
}

/// How many rounds, and how long one lasts at least: shorter work is repeated within a round.
#[derive(Clone, Copy)]
struct Rounds(usize);

const LEAST: Duration = Duration::from_millis(250);

impl Rounds {
    /// Milliseconds per picture, after one call that does not count.
    fn of(
        self,
        pictures: usize,
        mut work: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<Vec<f64>> {
        work()?; // buffers are made, caches filled
        let start = Instant::now();
        work()?;
        let once = start.elapsed().max(Duration::from_micros(1));
        let repeats = LEAST.as_nanos().div_ceil(once.as_nanos()).clamp(1, 10_000) as u32;
        (0..self.0)
            .map(|_| {
                let start = Instant::now();
                for _ in 0..repeats {
                    work()?;
                }
                Ok(start.elapsed().as_secs_f64() * 1e3 / f64::from(repeats) / pictures as f64)
            })
            .collect()
    }
}

/// One thing to measure.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) backbone: Backbone,
    pub(crate) batch: usize,
    pub(crate) size: usize,
    pub(crate) rounds: usize,
    pub(crate) pictures: Vec<PathBuf>,
}

impl Job {
    /// Measures it.
    ///
    /// # Errors
    /// When a picture cannot be read, or there is none.
    pub(crate) fn measure(&self) -> anyhow::Result<Measured> {
        let network = self.work != Work::Decode;
        let milliseconds = if network { self.compute()? } else { self.decode()? };
        Ok(Measured {
            work: self.name().into(),
            backbone: network.then(|| self.backbone.to_string()),
            batch: network.then_some(self.batch),
            size: self.size,
            precision: network.then(|| "fp32".into()),
            milliseconds,
            peak_bytes: kilobytes("/proc/self/status", "VmHWM"),
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.work {
            Work::Forward => "forward",
            Work::Step => "step",
            Work::FrozenStep => "frozen_step",
            Work::Decode => "decode",
        }
    }

    /// On the network as published, with its 1,000 classes, and on noise.
    fn compute(&self) -> anyhow::Result<Vec<f64>> {
        let Self { batch, size, backbone, .. } = *self;
        let head = Head::Linear { classes: 1000 };
        let graph = Architecture { backbone, head }.graph();
        let groups = graph.groups();
        let mut engine = crate::commands::engine(&graph, &Parameters::start(&graph, 0))?;
        let mut draws = Draws::new(0, Purpose::Synthetic, &[]);
        let pixels: Vec<f32> =
            (0..batch * size * size * 3).map(|_| draws.range(-2.0, 2.0) as f32).collect();
        let labels: Vec<usize> = (0..batch).map(|_| draws.below(1000)).collect();
        let images = Images { pixels: &pixels, count: batch, height: size, width: size };
        let rounds = Rounds(self.rounds);
        if self.work == Work::Forward {
            return rounds.of(batch, || {
                engine.predict(images)?;
                Ok(())
            });
        }
        engine.set_trained(if self.work == Work::Step {
            Trained::All
        } else {
            Trained::HeadAndNorms
        });
        // So small that the numbers stay in range however often it is repeated.
        let rates = GroupRates { rate: 1e-6, momentum: 0.9 };
        let adam = Adam {
            groups: vec![rates; groups],
            square_momentum: 0.99,
            eps: 1e-5,
            weight_decay: 0.01,
        };
        let mut index = 0;
        rounds.of(batch, || {
            engine.gradients(images, &labels, Step { seed: 0, index })?;
            engine.update(&adam);
            index += 1;
            Ok(())
        })
    }

    /// Read, decode, resize: what a picture costs before the network, on all threads.
    fn decode(&self) -> anyhow::Result<Vec<f64>> {
        let (limits, preprocess) = (Limits::default(), Preprocess::imagenet(self.size));
        let one = |path: &Path| match pictures::read(path, &limits) {
            Ok((picture, _, _room)) => Ok(std::hint::black_box(preprocess.pixels(&picture)).len()),
            Err(reason) => {
                let what = format!("cannot read `{}`: {reason}", path.display());
                Err(Fault::new(Exit::Pictures, what).help("leave it out"))
            }
        };
        if self.pictures.is_empty() {
            anyhow::bail!(Fault::new(Exit::Pictures, "there is no picture to decode"));
        }
        for path in &self.pictures {
            one(path)?;
        }
        Rounds(self.rounds).of(self.pictures.len(), || {
            kernels::threads::parallel(self.pictures.len(), |index| {
                // All were read a moment ago.
                drop(one(&self.pictures[index]));
            });
            Ok(())
        })
    }
}

/// What follows `key :` in a file of such lines.
fn line_of(path: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kilobytes(path: &str, key: &str) -> Option<u64> {
    let value = line_of(path, key)?;
    value.strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}
