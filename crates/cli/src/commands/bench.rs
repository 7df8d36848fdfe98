//! `lookalike bench`: the speed of this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ground::Precision;
use ground::files::FileError;
use ground::progress::Progress;
use lookalike::bench::{self, Drawn, Job, Layer, Machine, Measured, Work, convolutions};
use lookalike::{Error, Kind};
use serde::Serialize;

use crate::args::Bench;
use crate::fault::{Exit, Failure};
use crate::terminal::Terminal;

#[derive(Serialize)]
struct Results {
    machine: Machine,
    results: Vec<Measured>,
}

pub(crate) fn run(
    typed: &Bench,
    program: &[OsString],
    threads: Option<usize>,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    if typed.alone {
        let work = typed.work[0];
        let (backbone, batch) = (typed.backbone[0], typed.batch[0]);
        let (size, rounds, precision) = (typed.size, typed.rounds, typed.precision[0]);
        let pictures = typed.pictures.clone();
        let job = Job { work, backbone, batch, precision, size, rounds, pictures };
        terminal.result(&serde_json::to_string(&job.measure(terminal.wants_timings())?)?)?;
        return Ok(Exit::Done);
    }
    if typed.compare {
        terminal.result(COMPARE)?;
        return Ok(Exit::Done);
    }
    if typed.layers {
        return layers(typed, threads, terminal);
    }
    bench::decodable(&typed.pictures)?;
    let draws = typed.pictures.is_empty() && typed.work.contains(&Work::Decode);
    let drawn = draws.then(Drawn::for_decoding).transpose()?;
    let pictures = drawn.as_ref().map_or(&typed.pictures, |drawn| &drawn.pictures);
    let machine = Machine::this(threads);
    if !typed.json {
        terminal.result(&machine.to_string())?;
        terminal.result("")?;
        terminal.result(
            "work         network    batch  numbers  ms a picture (range)        pictures/s  \
             of peak  peak memory",
        )?;
    }
    let jobs = jobs(typed, pictures);
    let bar = terminal.begin("measuring", Some(jobs.len() as u64));
    let mut results = Vec::with_capacity(jobs.len());
    for job in &jobs {
        bar.say(&format!("{} {} {}", job.work, job.backbone, job.batch));
        let measured = in_a_child(program, job, threads, terminal)?;
        if !typed.json {
            terminal.result(&measured.row(&machine))?;
            if let Some(timings) = &measured.timings {
                terminal.told(timings);
            }
        }
        results.push(measured);
        bar.advance(1);
    }
    drop(bar);
    let above = |measured: &Measured| measured.share(&machine).is_some_and(|share| share > 1.005);
    if !typed.json && results.iter().any(above) {
        terminal.result(bench::ABOVE)?;
    }
    if typed.json {
        terminal.result(&serde_json::to_string_pretty(&Results { machine, results })?)?;
    }
    Ok(Exit::Done)
}

/// How to measure others.
const COMPARE: &str = "\
PyTorch, ONNX Runtime, OpenVINO, Pillow, torchvision and fastai are measured in turns with this
program by a script that comes with its source, and sets them up in a virtual environment (3 GB):

  bench/run.sh --precision fp32,bf16 --batch 1,16 --work forward,step,frozen_step --rounds 5

docs/performance.md has the tables of such a run, and says how they were made.";

/// Each kind of convolution by itself.
fn layers(typed: &Bench, threads: Option<usize>, terminal: &Terminal) -> Result<Exit, Failure> {
    let (machine, batch) = (Machine::this(threads), typed.batch[0]);
    let tell = |line: &str| if typed.json { Ok(()) } else { terminal.result(line) };
    tell(&machine.to_string())?;
    let mut all = vec![];
    for &backbone in &typed.backbone {
        let head = format!("{}, batch {batch}: GFLOP/s, of peak", backbone.name());
        tell(&format!("\n{head:<44} {:>15} {:>15} {:>15}", "forward", "to input", "to weights"))?;
        for &precision in &typed.precision {
            for (conv, times) in convolutions(backbone, batch, typed.size)? {
                let layer = Layer::measure(conv, times, precision, typed.rounds, machine.peak())?;
                tell(&layer.row())?;
                all.push(layer);
            }
        }
    }
    if all.iter().any(Layer::is_above) {
        tell(bench::ABOVE)?;
    }
    if typed.json {
        let all = serde_json::json!({ "machine": machine, "batch": batch, "layers": all });
        terminal.result(&serde_json::to_string_pretty(&all)?)?;
    }
    Ok(Exit::Done)
}

/// Every combination that means something: decoding knows no network.
fn jobs(typed: &Bench, pictures: &[PathBuf]) -> Vec<Job> {
    let mut jobs = vec![];
    for &work in &typed.work {
        let job = |backbone, batch, precision, pictures: &[PathBuf]| {
            let (size, rounds, pictures) = (typed.size, typed.rounds, pictures.to_vec());
            Job { work, backbone, batch, precision, size, rounds, pictures }
        };
        if work == Work::Decode {
            jobs.push(job(typed.backbone[0], typed.batch[0], Precision::Fp32, pictures));
            continue;
        }
        for &backbone in &typed.backbone {
            for &precision in &typed.precision {
                let of = |&batch: &usize| job(backbone, batch, precision, &[]);
                jobs.extend(typed.batch.iter().map(of));
            }
        }
    }
    jobs
}

/// Each in a process of its own, so that one's peak of memory is not another's.
fn in_a_child(
    program: &[OsString],
    job: &Job,
    threads: Option<usize>,
    terminal: &Terminal,
) -> Result<Measured, Failure> {
    let start = || FileError::at("start", Path::new("lookalike bench"));
    let mut command = Command::new(&program[0]);
    command.args(&program[1..]);
    command.args(["bench", "--alone", "--quiet", "--work", &job.work.to_string()]);
    command.args(["--backbone", job.backbone.name(), "--batch", &job.batch.to_string()]);
    command.args(["--size", &job.size.to_string(), "--rounds", &job.rounds.to_string()]);
    command.args(["--precision", &job.precision.to_string()]);
    if let Some(threads) = threads {
        command.args(["--threads", &threads.to_string()]);
    }
    if terminal.wants_timings() {
        command.arg("--timings");
    }
    command.arg("--").args(&job.pictures);
    let child = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let child = child.map_err(start())?;
    if !child.status.success() {
        let what = format!(
            "measuring {} of {} in batches of {} failed",
            job.work, job.backbone, job.batch
        );
        let kind = if child.status.code() == Some(3) { Kind::Pictures } else { Kind::Failed };
        // A process that is killed rather than failing has most likely asked for too much memory.
        let error = Error::refused(kind, what);
        return Err(error.advise("a smaller `--batch` needs less memory").into());
    }
    Ok(serde_json::from_slice(&child.stdout)?)
}
