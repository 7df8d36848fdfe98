//! The work itself: pictures are decoded on plain threads, and one thread owns the network.
//!
//! A [`Job`] goes through two queues. Decoders turn its bytes into the network's pixels; the network's
//! thread takes what is there and never waits for more. A job whose client has left is dropped before
//! either. How many jobs there may be is a question of time: those that wait, times what one has
//! taken lately, must be less than [`Limits::wait`](crate::Limits).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use classifier::square;
use lookalike::json::{Answer, HeatMap, Style};
use lookalike::{Explain, Picture, Prediction, Predictor};
use pictures::{Preprocess, Reason};
use tokio::sync::oneshot;

use crate::metrics::Metrics;
use crate::outcome::{Times, Verdict};
use crate::queue::Queue;

/// Pictures that pass through the network together. More gain nothing on a processor, and a plan is
/// kept for each power of two up to it.
const TOGETHER: usize = 8;

/// How an answer is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) heat_map: bool,
    /// The class that it explains, instead of the one that the answer names.
    pub(crate) heat_class: Option<usize>,
    pub(crate) nearest: bool,
    pub(crate) style: Style,
}

/// A picture to answer.
pub(crate) struct Job {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) ask: Ask,
    pub(crate) slot: Slot,
    pub(crate) reply: oneshot::Sender<Reply>,
    pub(crate) begun: Instant,
}

/// What came of a job.
pub(crate) enum Reply {
    /// An answer, as JSON.
    Answer(String, Times),
    /// Why the picture cannot be read.
    Unread(Reason, Times),
}

/// A decoded picture, and when that was done.
struct Decoded {
    job: Job,
    picture: classifier::Square,
    times: Times,
    since: Instant,
}

/// The queues and what is known of the time that a picture takes.
pub(crate) struct Work {
    raw: Queue<Job>,
    squares: Queue<Decoded>,
    waiting: AtomicUsize,
    /// Nanoseconds that a picture has taken lately.
    each: AtomicU64,
    wait: Duration,
    metrics: Arc<Metrics>,
}

/// A place in the queue, free again when dropped.
pub(crate) struct Slot(Arc<Work>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Work {
    pub(crate) fn new(wait: Duration, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            raw: Queue::new(),
            squares: Queue::new(),
            waiting: AtomicUsize::new(0),
            each: AtomicU64::new(0),
            wait,
            metrics,
        })
    }

    /// Pictures that have a place.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// A place for a request's first picture, or the seconds after which there may be one.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Slot, u64> {
        let slot = self.another();
        let each = Duration::from_nanos(self.each.load(Ordering::Relaxed));
        let until = each.saturating_mul(u32::try_from(self.waiting()).unwrap_or(u32::MAX));
        match until.checked_sub(self.wait) {
            None | Some(Duration::ZERO) => Ok(slot),
            Some(over) => Err(over.as_secs() + 1),
        }
    }

    /// A place for one more picture of a request that was admitted.
    pub(crate) fn another(self: &Arc<Self>) -> Slot {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        Slot(Arc::clone(self))
    }

    pub(crate) fn push(&self, job: Job) {
        self.raw.push(job);
    }

    /// Lets the threads end when they have done what they are doing.
    pub(crate) fn close(&self) {
        self.raw.close();
        self.squares.close();
    }

    /// Starts threads that decode until the work is closed.
    pub(crate) fn start_decoding(self: &Arc<Self>, preprocess: &Preprocess) -> std::io::Result<()> {
        for _ in 0..ground::parallel::threads() {
            let (work, preprocess) = (Arc::clone(self), preprocess.clone());
            thread::Builder::new().name("decode".into()).spawn(move || {
                while let Some(job) = work.raw.take(1).pop() {
                    // A panic is told by its hook, and the client by the reply that never comes.
                    let _ = catch_unwind(AssertUnwindSafe(|| work.decode(job, &preprocess)));
                }
            })?;
        }
        Ok(())
    }

    fn decode(&self, mut job: Job, preprocess: &Preprocess) {
        if job.reply.is_closed() {
            return;
        }
        let begun = Instant::now();
        let waited = begun - job.begun;
        let bytes = Vec::from(std::mem::take(&mut job.bytes));
        let picture = square(Picture::Bytes(bytes), preprocess);
        let since = Instant::now();
        let times = Times { decode: since - begun, wait: waited, ..Times::default() };
        match picture {
            Ok(picture) => self.squares.push(Decoded { job, picture, times, since }),
            Err(reason) => {
                self.metrics.count_unread();
                let Job { reply, slot, .. } = job;
                drop(slot);
                // Whoever has left need not be told.
                let _ = reply.send(Reply::Unread(reason, times));
            }
        }
    }

    /// Answers until the work is closed.
    pub(crate) fn compute(&self, predictor: &mut Predictor, known: bool) {
        loop {
            let batch = self.squares.take(TOGETHER);
            if batch.is_empty() {
                return;
            }
            // Heat maps take longer than answers, and come one by one after them.
            let (explained, plain): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|square| square.job.ask.heat_map);
            let mut plain = plain.into_iter().peekable();
            while plain.peek().is_some() {
                let count = 1 << plain.len().ilog2();
                self.answer(predictor, plain.by_ref().take(count).collect(), known);
            }
            explained.into_iter().for_each(|one| self.answer(predictor, vec![one], known));
        }
    }

    fn answer(&self, predictor: &mut Predictor, mut batch: Vec<Decoded>, known: bool) {
        batch.retain(|square| !square.job.reply.is_closed());
        if batch.is_empty() {
            return;
        }
        let begun = Instant::now();
        let answered = catch_unwind(AssertUnwindSafe(|| told(predictor, &batch, known)));
        let took = begun.elapsed();
        self.metrics.count_batch(batch.len());
        self.learn(&batch, took);
        let Ok(Some(answered)) = answered else { return };
        for (square, (json, verdict)) in batch.into_iter().zip(answered) {
            let Decoded { job: Job { reply, slot, .. }, mut times, since, .. } = square;
            times.wait += begun - since;
            times.compute = took;
            self.metrics.count_answer(verdict, &times);
            drop(slot);
            let _ = reply.send(Reply::Answer(json, times));
        }
    }

    /// Takes what a batch took into account: of the time that a picture has taken lately, a tenth is
    /// that of the latest batch.
    fn learn(&self, batch: &[Decoded], took: Duration) {
        let decoding: Duration = batch.iter().map(|square| square.times.decode).sum();
        let all = took + decoding / ground::parallel::threads() as u32;
        let each = u64::try_from(all.as_nanos()).unwrap_or(u64::MAX) / batch.len() as u64;
        let before = self.each.load(Ordering::Relaxed);
        let now = if before == 0 { each } else { before / 10 * 9 + each / 10 };
        self.each.store(now, Ordering::Relaxed);
    }
}

/// The answers on a batch as JSON, each with its verdict; none if the network failed.
fn told(
    predictor: &mut Predictor,
    batch: &[Decoded],
    known: bool,
) -> Option<Vec<(String, Verdict)>> {
    let classes = predictor.classifier().classes.clone();
    let explain = match batch.first()?.job.ask {
        Ask { heat_map: false, .. } => Explain::Nothing,
        Ask { heat_class: Some(class), .. } => Explain::Class(class),
        Ask { style: Style { always: true, .. }, .. } => Explain::Likeliest,
        Ask { .. } => Explain::Named,
    };
    let pictures: Vec<_> = batch.iter().map(|square| &square.picture).collect();
    let predictions = predictor.answers(&pictures, explain).ok()?;
    let tell = |(square, said): (&Decoded, Prediction<'_>)| {
        let ask = Ask { nearest: square.job.ask.nearest && known, ..square.job.ask };
        let answer = with_pictures(&square.job.name, said, &classes, ask);
        let verdict = Verdict::of(&answer);
        serde_json::to_string(&answer).ok().map(|json| (json, verdict))
    };
    batch.iter().zip(predictions).map(tell).collect()
}

/// The answer of `predict --json`, with pictures where that has files.
fn with_pictures<'a>(
    name: &str,
    said: Prediction<'a>,
    classes: &'a [String],
    ask: Ask,
) -> Answer<'a> {
    let said = Ok(said);
    let mut answer = Answer::of(Path::new(name), &said, classes, ask.style, None);
    let (Answer::Read(read), Ok(said)) = (&mut answer, said) else { return answer };
    if ask.nearest {
        for (row, near) in read.nearest.iter_mut().zip(&said.nearest) {
            row.thumbnail = near.known.thumbnail.map(|index| format!("v1/known/{index}.jpg"));
        }
    } else {
        read.nearest.clear();
    }
    read.heat_map = said.heat.map(|heat| HeatMap {
        file: None,
        image: Some(format!("data:image/jpeg;base64,{}", STANDARD.encode(heat.overlay()))),
        class: &classes[heat.class],
    });
    answer
}
