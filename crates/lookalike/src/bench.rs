//! The speed of this machine: predictions, training steps, decoding, and single convolutions.

mod layers;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use engine::{Adam, Cpu, Engine, EngineError, GroupRates, Images, Step, Trained};
use ground::progress::Silent;
use ground::random::{Draws, Purpose};
use ground::{Precision, parallel};
use network::{Architecture, Backbone, Head, Parameters};
use pictures::practice::{self, Settings};
use pictures::{Decoded, Detail, Limits, Preprocess};
use serde::{Deserialize, Serialize};

use crate::{Error, Kind, timings_table};

pub use layers::{Layer, convolutions};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A prediction.
    Forward,
    /// A training step of the whole network.
    Step,
    /// A training step with a frozen backbone.
    FrozenStep,
    /// Reading, decoding and resizing a picture.
    Decode,
}

impl Work {
    const ALL: [Self; 4] = [Self::Forward, Self::Step, Self::FrozenStep, Self::Decode];
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "forward",
            Self::Step => "step",
            Self::FrozenStep => "frozen_step",
            Self::Decode => "decode",
        })
    }
}

impl FromStr for Work {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|work| work.to_string() == name);
        found.ok_or_else(|| format!("`{name}` is nothing that can be measured"))
    }
}

/// What was measured, and how it went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// What, as [`Work`] writes itself.
    pub work: String,
    /// The network; nothing for decoding, as are the batch and the precision.
    pub backbone: Option<String>,
    /// Pictures in a batch.
    pub batch: Option<usize>,
    /// Height and width of the pictures.
    pub size: usize,
    /// The numbers that the network computes in.
    pub precision: Option<Precision>,
    /// Billions of multiplications and additions of a picture as the network states them, whatever
    /// a faster method saves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gflop: Option<f64>,
    /// Per picture, one number a round.
    pub milliseconds: Vec<f64>,
    /// The most memory that the process ever held, where the system tells.
    pub peak_bytes: Option<u64>,
    /// Where the time went, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<String>,
}

impl Measured {
    /// The median of the rounds.
    #[must_use]
    pub fn median(&self) -> f64 {
        let mut sorted = self.milliseconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// How much of the processor's peak the multiplications and additions come to that the network
    /// states; nothing for decoding. A method that needs fewer of them can pass it ([`ABOVE`]).
    #[must_use]
    pub fn share(&self, machine: &Machine) -> Option<f64> {
        let (gflop, precision) = self.gflop.zip(self.precision)?;
        Some(gflop / (self.median() * 1e-3) / machine.peak().of(precision))
    }

    /// One line of a table.
    #[must_use]
    pub fn row(&self, machine: &Machine) -> String {
        let of = |pick: fn(f64, f64) -> f64| {
            self.milliseconds.iter().copied().reduce(pick).unwrap_or(f64::NAN)
        };
        let median = self.median();
        let range = format!("{median:.2} ({:.2}–{:.2})", of(f64::min), of(f64::max));
        let peak = self.peak_bytes.map_or("unknown".into(), |bytes| format!("{} MiB", bytes >> 20));
        let share = self.share(machine).map_or("–".into(), of_peak);
        format!(
            "{:<12} {:<10} {:>5}  {:<7}  {range:<26}  {:>10.1}  {share:>7}  {peak:>11}",
            self.work,
            self.backbone.as_deref().unwrap_or("–"),
            self.batch.map_or("–".into(), |batch| batch.to_string()),
            self.precision.map_or("–".into(), |precision| precision.to_string()),
            1e3 / median,
        )
    }
}

/// Why a share of the peak is above 100%, where one is.
pub const ABOVE: &str = "\
* above the peak, which counts the multiplications of a plain convolution: for 3×3 convolutions
  Winograd's method needs a quarter of them. It can also be that other programs slowed the
  processor down while the peak was measured";

/// A share of the peak, with a mark that [`ABOVE`] explains.
fn of_peak(share: f64) -> String {
    let percent = (100.0 * share).round();
    format!("{percent:.0}%{}", if percent > 100.0 { "*" } else { "" })
}

/// The machine that a measurement was made on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
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
pub struct Peak {
    fp32: f64,
    bf16: f64,
}

impl Peak {
    fn measure() -> Self {
        let of = |precision| (engine::bench::peak_flops(precision) / 1e8).round() / 10.0;
        Self { fp32: of(Precision::Fp32), bf16: of(Precision::Bf16) }
    }

    /// In this precision.
    #[must_use]
    pub fn of(self, precision: Precision) -> f64 {
        match precision {
            Precision::Fp32 => self.fp32,
            Precision::Bf16 => self.bf16,
        }
    }
}

impl Machine {
    /// This one, computing with so many threads, or one for each core.
    #[must_use]
    pub fn this(threads: Option<usize>) -> Self {
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

    /// The most that its processor can multiply and add.
    #[must_use]
    pub fn peak(&self) -> Peak {
        self.peak_gflops
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu, cores, threads, isa, os, version, peak_gflops: Peak { fp32, bf16 }, ..
        } = self;
        write!(
            f,
            "lookalike {version} on {cpu}, {threads} of {cores} cores, {isa}, {os}\n\
             peak of matrix products, measured now: {fp32:.0} GFLOP/s in fp32, {bf16:.0} in bf16"
        )
    }
}

/// How many rounds.
#[derive(Clone, Copy)]
struct Rounds(usize);

/// How long a round lasts at least: shorter work is repeated within it.
const LEAST: Duration = Duration::from_millis(250);

impl Rounds {
    /// Milliseconds per picture, after one call that does not count.
    fn of(
        self,
        pictures: usize,
        mut work: impl FnMut() -> Result<(), Error>,
    ) -> Result<Vec<f64>, Error> {
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
pub struct Job {
    /// What to measure.
    pub work: Work,
    /// The network.
    pub backbone: Backbone,
    /// Pictures in a batch.
    pub batch: usize,
    /// The numbers that the network computes in.
    pub precision: Precision,
    /// Height and width of the pictures.
    pub size: usize,
    /// Rounds that count.
    pub rounds: usize,
    /// Pictures to decode.
    pub pictures: Vec<PathBuf>,
}

impl Job {
    /// Measures it in this process, whose peak of memory is part of the result; with a table of where
    /// the time went on request.
    ///
    /// # Errors
    /// When a picture cannot be read, or there is none.
    pub fn measure(&self, timings: bool) -> Result<Measured, Error> {
        let network = self.work != Work::Decode;
        let mut measured = Measured {
            work: self.work.to_string(),
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
            self.compute(&mut measured, timings)?;
        } else {
            measured.milliseconds = self.decode()?;
        }
        measured.peak_bytes = kilobytes("/proc/self/status", "VmHWM");
        Ok(measured)
    }

    /// The network as published, with its 1,000 classes.
    fn graph(backbone: Backbone) -> network::Graph {
        Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph()
    }

    /// On the network as published, and on noise.
    fn compute(&self, measured: &mut Measured, timings: bool) -> Result<(), Error> {
        let Self { batch, size, backbone, precision, .. } = *self;
        let graph = Self::graph(backbone);
        let groups = graph.groups();
        let start = Parameters::start(&graph, 0);
        let mut engine = Cpu::with(graph.clone(), &start)?;
        engine.set_precision(precision, precision);
        if timings {
            engine.measure();
        }
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
        let summary = network::summary::of(&graph, size, size).map_err(EngineError::from)?;
        measured.gflop = Some(passes * 2e-9 * summary.multiply_adds as f64);
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
        measured.timings = timings.then(|| timings_table(&engine.timings()));
        Ok(())
    }

    /// Read, decode, resize: what a picture costs before the network, on all threads.
    fn decode(&self) -> Result<Vec<f64>, Error> {
        let one = |path: &Path| {
            let preprocess = Preprocess::square(self.backbone.preprocessing(), self.size);
            let decoded = decoded(path, preprocess.detail())?;
            Ok::<_, Error>(std::hint::black_box(preprocess.pixels(&decoded.picture)).len())
        };
        if self.pictures.is_empty() {
            return Err(Error::refused(Kind::Pictures, "there is no picture to decode"));
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

/// Refuses pictures that cannot be decoded, before minutes of measuring.
///
/// # Errors
/// Names the first.
pub fn decodable(pictures: &[PathBuf]) -> Result<(), Error> {
    pictures.iter().try_for_each(|path| decoded(path, Detail::Whole).map(drop))
}

fn decoded(path: &Path, detail: Detail) -> Result<Decoded, Error> {
    let read = pictures::read_with_permit(&path.into(), &Limits::default(), detail);
    read.map(|(decoded, ..)| decoded).map_err(|reason| {
        let what = format!("cannot read `{}`: {reason}", path.display());
        Error::refused(Kind::Pictures, what).advise("leave it out")
    })
}

/// Drawn pictures to decode, in a folder that goes when this does.
#[derive(Debug)]
pub struct Drawn {
    folder: PathBuf,
    /// The pictures.
    pub pictures: Vec<PathBuf>,
}

impl Drawn {
    /// Draws them, in the system's folder for temporary files.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn for_decoding() -> Result<Self, Error> {
        let folder = std::env::temp_dir().join(format!("lookalike-bench-{}", std::process::id()));
        let mut drawn = Self { folder, pictures: vec![] };
        // Small, as drawing takes longer than all the decoding; name photographs for figures that count.
        let settings = Settings { per_class: 2, size: 384, seed: 0 };
        drawn.pictures = practice::draw(&drawn.folder, &settings, &Silent)?;
        Ok(drawn)
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        // In the system's folder for such; whatever stays is swept up by it.
        drop(std::fs::remove_dir_all(&self.folder));
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

#[cfg(test)]
mod tests {
    use super::{Machine, Measured, Peak, of_peak};
    use ground::Precision;

    #[test]
    fn what_passes_the_peak_is_marked() {
        assert_eq!([0.499, 1.0, 1.004, 1.29].map(of_peak), ["50%", "100%", "100%", "129%*"]);
        let machine =
            Machine { peak_gflops: Peak { fp32: 100.0, bf16: 200.0 }, ..Machine::this(None) };
        let measured = Measured {
            work: "forward".into(),
            backbone: Some("resnet18".into()),
            batch: Some(1),
            size: 224,
            precision: Some(Precision::Fp32),
            gflop: Some(3.6),
            milliseconds: vec![30.0, 20.0, 40.0],
            peak_bytes: None,
            timings: None,
        };
        assert!(
            (measured.share(&machine).unwrap() - 1.2).abs() < 1e-9,
            "3.6 in 30 ms are 120 a second"
        );
        assert!(measured.row(&machine).contains(" 120%*"), "{}", measured.row(&machine));
        assert_eq!(Measured { gflop: None, ..measured }.share(&machine), None, "decoding");
    }
}
