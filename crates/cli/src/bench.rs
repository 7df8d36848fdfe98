//! Measuring this machine: one configuration, in this process.

pub(crate) mod layers;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use engine::{Adam, Engine, GroupRates, Images, Step, Trained};
use ground::random::{Draws, Purpose};
use ground::{Precision, parallel};
use network::{Architecture, Backbone, Head, Parameters};
use pictures::{Limits, Preprocess};
use serde::{Deserialize, Serialize};

use crate::args::Work;
use crate::commands::timings;
use crate::fault::{Exit, Fault};
use crate::terminal::Terminal;

/// What was measured, and how it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) work: String,
    pub(crate) backbone: Option<String>,
    pub(crate) batch: Option<usize>,
    pub(crate) size: usize,
    pub(crate) precision: Option<Precision>,
    /// Billions of multiplications and additions of a picture as the network states them, whatever
    /// a faster method saves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) gflop: Option<f64>,
    /// Per picture, one number a round.
    pub(crate) milliseconds: Vec<f64>,
    /// The most memory that the process ever held, where the system tells.
    pub(crate) peak_bytes: Option<u64>,
    /// Where the time went, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timings: Option<String>,
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
    /// The most that the processor can multiply and add, two operations each, measured now.
    peak_gflops: Peak,
}

/// Billions of operations a second.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Peak {
    fp32: f64,
    bf16: f64,
}

impl Peak {
    fn measure() -> Self {
        let of = |precision| (engine::bench::peak_flops(precision) / 1e8).round() / 10.0;
        Self { fp32: of(Precision::Fp32), bf16: of(Precision::Bf16) }
    }

    /// Of these numbers.
    pub(crate) fn of(self, precision: Precision) -> f64 {
        match precision {
            Precision::Fp32 => self.fp32,
            Precision::Bf16 => self.bf16,
        }
    }
}

impl Machine {
    /// This one, computing with so many threads.
    pub(crate) fn this(threads: Option<usize>) -> Self {
        let cores = parallel::available();
        let cpu =
            line_of("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into());
        Self {
            cpu,
            cores,
            threads: threads.unwrap_or(cores),
            isa: engine::instruction_set(),
            memory_bytes: kilobytes("/proc/meminfo", "MemTotal"),
            os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            version: env!("CARGO_PKG_VERSION").into(),
            peak_gflops: Peak::measure(),
        }
    }

    pub(crate) fn peak(&self) -> Peak {
        self.peak_gflops
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            cpu, cores, threads, isa, os, version, peak_gflops: Peak { fp32, bf16 }, ..
        } = self;
        write!(
            f,
            "lookalike {version} on {cpu}, {threads} of {cores} cores, {isa}, {os}\n\
             peak of products: {fp32:.0} GFLOP/s in fp32, {bf16:.0} in bf16"
        )
    }
}

/// How many rounds, and how long one lasts at least: shorter work is repeated within a round.
#[derive(Clone, Copy)]
pub(crate) struct Rounds(pub(crate) usize);

const LEAST: Duration = Duration::from_millis(250);

impl Rounds {
    /// Milliseconds per picture, after one call that does not count.
    pub(crate) fn of(
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
    pub(crate) precision: Precision,
    pub(crate) size: usize,
    pub(crate) rounds: usize,
    pub(crate) pictures: Vec<PathBuf>,
}

impl Job {
    /// Measures it.
    ///
    /// # Errors
    /// When a picture cannot be read, or there is none.
    pub(crate) fn measure(&self, terminal: &Terminal) -> anyhow::Result<Measured> {
        let network = self.work != Work::Decode;
        let mut measured = Measured {
            work: self.name().into(),
            backbone: network.then(|| self.backbone.to_string()),
            batch: network.then_some(self.batch),
            size: self.size,
            precision: network.then_some(self.precision),
            gflop: None,
            milliseconds: vec![],
            peak_bytes: None,
            timings: None,
        };
        if network {
            self.compute(&mut measured, terminal)?;
        } else {
            measured.milliseconds = self.decode()?;
        }
        measured.peak_bytes = kilobytes("/proc/self/status", "VmHWM");
        Ok(measured)
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.work {
            Work::Forward => "forward",
            Work::Step => "step",
            Work::FrozenStep => "frozen_step",
            Work::Decode => "decode",
        }
    }

    /// The network as published, with its 1,000 classes.
    pub(crate) fn graph(backbone: Backbone) -> network::Graph {
        Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph()
    }

    /// On the network as published, and on noise.
    fn compute(&self, measured: &mut Measured, terminal: &Terminal) -> anyhow::Result<()> {
        let Self { batch, size, backbone, precision, .. } = *self;
        let graph = Self::graph(backbone);
        let groups = graph.groups();
        let start = Parameters::start(&graph, 0);
        let mut engine = crate::commands::engine(&graph, &start, precision, terminal)?;
        engine.set_precision(precision, precision);
        let mut draws = Draws::new(0, Purpose::Synthetic, &[]);
        let pixels: Vec<f32> =
            (0..batch * size * size * 3).map(|_| draws.range(-2.0, 2.0) as f32).collect();
        let labels: Vec<usize> = (0..batch).map(|_| draws.below(1000)).collect();
        let images = Images { pixels: &pixels, count: batch, height: size, width: size };
        let rounds = Rounds(self.rounds);
        // Forward; backward once more for the gradients of inputs, and once for those of weights.
        let passes = match self.work {
            Work::Forward | Work::Decode => 1.0,
            Work::FrozenStep => 2.0,
            Work::Step => 3.0,
        };
        let forward = 2e-9 * network::summary::of(&graph, size, size)?.multiply_adds as f64;
        measured.gflop = Some(passes * forward);
        engine.set_trained(if self.work == Work::FrozenStep {
            Trained::HeadAndNorms
        } else {
            Trained::All
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
        measured.milliseconds = rounds.of(batch, || {
            if self.work == Work::Forward {
                engine.predict(images)?;
                return Ok(());
            }
            engine.gradients(images, &labels, Step { seed: 0, index })?;
            engine.update(&adam);
            index += 1;
            Ok(())
        })?;
        measured.timings = terminal.wants_timings().then(|| timings::table(&engine.timings()));
        Ok(())
    }

    /// Read, decode, resize: what a picture costs before the network, on all threads.
    fn decode(&self) -> anyhow::Result<Vec<f64>> {
        let (limits, preprocess) =
            (Limits::default(), Preprocess::square(self.backbone.preprocessing(), self.size));
        let one = |path: &Path| match pictures::read(path, &limits) {
            Ok((picture, _)) => Ok(std::hint::black_box(preprocess.pixels(&picture)).len()),
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
            parallel::each(self.pictures.len(), |index| {
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
