//! A team of threads that stay awake between the many short jobs of one run.
//!
//! A pass of a network is some fifty jobs. A thread that goes to sleep between two of them loses its
//! processor, on a rented machine to a neighbour, and wakes with cold caches. The workers of a team
//! spin on a shared job slot instead, for as long as the run takes. Everything else in the pool uses
//! rayon as usual.

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

type Work<'a> = &'a (dyn Fn(usize) + Sync);

/// How often a thread checks before it yields its processor.
const SPINS: usize = 2000;

/// The one job that a team works on. The leader, which is the run's own thread, posts jobs one after
/// the other; all threads of the team take pieces of them.
struct JobSlot {
    /// The range of each thread's pieces that nobody has taken: the first, and the end.
    open: Box<[AtomicU64]>,
    /// How many pieces are not done.
    left: AtomicUsize,
    work: UnsafeCell<Option<Work<'static>>>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Whether the run has ended, so that no more jobs will come.
    over: AtomicBool,
}

// SAFETY: `work` is written only while no piece is open or under way, and read only by threads
// that have taken a piece; taking one acquires what was released with it.
unsafe impl Sync for JobSlot {}

#[derive(Clone, Copy)]
enum Role {
    /// The thread is in no team's run.
    None,
    /// The run's own thread, between jobs.
    Leader(*const JobSlot),
    /// A thread that does a piece: what is parallel within it, it does alone.
    Worker,
}

thread_local! {
    static ROLE: Cell<Role> = const { Cell::new(Role::None) };
}

fn packed(first: usize, end: usize) -> u64 {
    (first as u64) << 32 | end as u64
}

fn unpacked(range: u64) -> (usize, usize) {
    ((range >> 32) as usize, (range & u64::from(u32::MAX)) as usize)
}

impl JobSlot {
    fn new(threads: usize) -> Self {
        Self {
            open: (0..threads).map(|_| AtomicU64::new(0)).collect(),
            left: AtomicUsize::new(0),
            work: UnsafeCell::new(None),
            panic: Mutex::new(None),
            over: AtomicBool::new(false),
        }
    }

    /// Takes the next of a thread's own pieces, else steals the last of another's.
    fn take_piece(&self, own: usize) -> Option<usize> {
        let threads = self.open.len();
        (0..threads).find_map(|ahead| {
            let open = &self.open[(own + ahead) % threads];
            let mut range = open.load(Ordering::Relaxed);
            loop {
                let (first, end) = unpacked(range);
                if first == end {
                    return None;
                }
                let (piece, rest) = match ahead {
                    0 => (first, packed(first + 1, end)),
                    _ => (end - 1, packed(first, end - 1)),
                };
                // If the range is a later job's by now, so is the piece.
                match open.compare_exchange_weak(range, rest, Ordering::Acquire, Ordering::Relaxed)
                {
                    Ok(_) => return Some(piece),
                    Err(now) => range = now,
                }
            }
        })
    }

    /// Takes a piece and does it; false if none is open.
    fn do_piece(&self, own: usize) -> bool {
        let Some(piece) = self.take_piece(own) else { return false };
        // SAFETY: the piece's job cannot end before the piece is done.
        let work = unsafe { *self.work.get() }.expect("a job is posted");
        let before = ROLE.replace(Role::Worker);
        let done = catch_unwind(AssertUnwindSafe(|| work(piece)));
        ROLE.set(before);
        if let Err(panic) = done {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
        self.left.fetch_sub(1, Ordering::Release);
        true
    }

    /// Posts a job and does it with the whole team; each thread begins with neighbouring pieces.
    fn run(&self, own: usize, pieces: usize, work: Work<'_>) {
        // SAFETY: this returns only once all pieces are done, and nobody calls it after that.
        let work = unsafe { std::mem::transmute::<Work<'_>, Work<'static>>(work) };
        // SAFETY: no piece is open, and none is being done.
        unsafe { *self.work.get() = Some(work) };
        self.left.store(pieces, Ordering::Relaxed);
        let threads = self.open.len();
        for (thread, open) in self.open.iter().enumerate() {
            let [first, end] = [thread, thread + 1].map(|thread| pieces * thread / threads);
            open.store(packed(first, end), Ordering::Release);
        }
        while self.do_piece(own) {}
        wait(|| self.left.load(Ordering::Acquire) == 0, || {});
        let panic = self.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Does pieces until the run is over, and other work of the pool while there are none.
    fn help(&self, own: usize) {
        let mut over = false;
        while !over {
            let step = || {
                over = self.over.load(Ordering::Acquire);
                over || self.do_piece(own)
            };
            wait(step, || {
                rayon::yield_now();
            });
        }
    }
}

/// Spins until a condition holds; after a while, does something else in between.
fn wait(mut until: impl FnMut() -> bool, meanwhile: impl Fn()) {
    let mut spins = 0;
    while !until() {
        spins += 1;
        if spins < SPINS {
            std::hint::spin_loop();
        } else {
            meanwhile();
            std::thread::yield_now();
        }
    }
}

/// Ends a run when dropped, also when the run panics.
struct EndOfRun<'a>(&'a JobSlot);

impl Drop for EndOfRun<'_> {
    fn drop(&mut self) {
        ROLE.set(Role::None);
        self.0.over.store(true, Ordering::Release);
    }
}

/// Runs `work` on this thread of a pool, while the pool's other threads wait for the jobs it posts.
/// `work` must not wait for rayon itself: a thread that waits for rayon may be given another run to
/// help with, whose leader waits for this thread.
pub(super) fn with_team<R>(work: impl FnOnce() -> R) -> R {
    let threads = rayon::current_num_threads();
    let Some(own) = rayon::current_thread_index().filter(|_| threads > 1) else { return work() };
    let slot = JobSlot::new(threads);
    rayon::in_place_scope(|scope| {
        let slot = &slot;
        scope.spawn_broadcast(move |_, context| {
            if context.index() != own {
                slot.help(context.index());
            }
        });
        let _end = EndOfRun(slot);
        ROLE.set(Role::Leader(ptr::from_ref(slot)));
        work()
    })
}

/// Does a job if this thread belongs to a team; returns false if it does not.
pub(super) fn try_run(pieces: usize, work: Work<'_>) -> bool {
    match ROLE.get() {
        Role::None => return false,
        Role::Worker => (0..pieces).for_each(work),
        Role::Leader(slot) => {
            assert!(u32::try_from(pieces).is_ok(), "more pieces than can be counted");
            let own = rayon::current_thread_index().expect("a run is on a thread of a pool");
            // SAFETY: `with_team` resets the role before the slot is dropped.
            unsafe { &*slot }.run(own, pieces, work);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use crate::threads::{parallel, with, within};

    /// Does a job and returns how often each piece was done.
    fn counted(pieces: usize) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = (0..pieces).map(|_| AtomicUsize::new(0)).collect();
        parallel(pieces, |piece| {
            counts[piece].fetch_add(1, Ordering::Relaxed);
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_piece_is_done_once_in_thousands_of_short_jobs() {
        for threads in [1, 2, 3, 8] {
            with(threads, || {
                (0..2000).for_each(|job| assert_eq!(counted(job % 50), vec![1; job % 50]));
            });
        }
    }

    #[test]
    fn all_threads_take_pieces_of_one_job() {
        with(3, || {
            let here = AtomicUsize::new(0);
            let patience = Instant::now() + Duration::from_secs(60);
            parallel(3, |_| {
                here.fetch_add(1, Ordering::Relaxed);
                while here.load(Ordering::Relaxed) < 3 {
                    assert!(Instant::now() < patience, "a thread waits alone");
                    std::thread::yield_now();
                }
            });
        });
    }

    #[test]
    fn a_piece_that_panics_ends_its_job_alone() {
        with(3, || {
            for bad in 0..20 {
                let job = || parallel(20, |piece| assert_ne!(piece, bad, "planted"));
                let words =
                    catch_unwind(AssertUnwindSafe(job)).expect_err("the panic is passed on");
                assert!(words.downcast_ref::<String>().expect("words").contains("planted"));
                assert_eq!(counted(20), [1; 20]);
            }
        });
        let run = || with(3, || parallel(20, |piece| assert_ne!(piece, 7, "planted")));
        assert!(catch_unwind(run).is_err());
    }

    #[test]
    fn runs_at_the_same_time_and_jobs_within_pieces_all_end() {
        let jobs = || {
            for _ in 0..200 {
                parallel(6, |_| assert_eq!(counted(5), [1; 5]));
            }
        };
        let nested = || parallel(4, |_| within(jobs));
        std::thread::scope(|scope| {
            (0..3).for_each(|_| drop(scope.spawn(|| within(jobs))));
            (0..2).for_each(|_| drop(scope.spawn(nested)));
        });
    }
}
