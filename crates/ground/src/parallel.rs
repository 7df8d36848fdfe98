//! Parallel loops, the one pool of threads that computes, and how many threads there are.
//!
//! [`each`] and [`map`] compute on the pool. [`stream`] and [`ordered`] have threads of their own,
//! since their work waits for disks and for memory. Results depend on neither the number of threads nor their order.
//! Where there is one thread and no more ([`ALONE`]), all of them do their work in place.

mod ordered;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rayon::ThreadPool;
use rayon::prelude::*;

pub use ordered::ordered;

/// Whether this program has one thread and can start no other, as in WebAssembly.
pub const ALONE: bool = cfg!(target_family = "wasm");

/// A process that was forked has the memory of its parent but none of its threads, and locks that
/// those held stay locked: it begins anew behind the parent's pools.
struct Process {
    /// By their number of threads: mostly one.
    pools: Mutex<Vec<Arc<ThreadPool>>>,
    child: OnceLock<Box<Process>>,
}

static FIRST: Process = Process { pools: Mutex::new(vec![]), child: OnceLock::new() };

/// How many forks this process is away from the first one.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// How many threads compute; 0 while nobody set or asked.
static SET: AtomicUsize = AtomicUsize::new(0);

fn this_process() -> &'static Process {
    let mut process = &FIRST;
    while let Some(child) = process.child.get() {
        process = child;
    }
    process
}

/// To be called in a process that was just forked, before anything else: it gets threads of its own.
pub fn forked() {
    let process = this_process();
    let own = || Box::new(Process { pools: Mutex::default(), child: OnceLock::new() });
    process.child.get_or_init(own);
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// How many forks this process is away from the first one: a lock of another number may be held by a
/// thread that this process does not have.
#[must_use]
pub fn forks() -> usize {
    FORKS.load(Ordering::Relaxed)
}

/// The pool of this process with so many threads.
fn pool(threads: usize) -> Arc<ThreadPool> {
    let mut pools = this_process().pools.lock().unwrap_or_else(PoisonError::into_inner);
    let known = pools.iter().find(|pool| pool.current_num_threads() == threads);
    known.cloned().unwrap_or_else(|| {
        let pool = Arc::new(pool_of(threads));
        pools.push(pool.clone());
        pool
    })
}

fn pool_of(threads: usize) -> ThreadPool {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("compute-{index}"))
        .build()
        .expect(REFUSED)
}

/// What a panic says where the system refuses the pool a thread.
const REFUSED: &str = "the system refuses to start threads";

/// Whether a panic that says this comes from a limit of the system (`ulimit -u`, or a container's), which
/// refused a thread to the pool or to the standard library, and from no bug.
#[must_use]
pub fn is_refused_thread(words: &str) -> bool {
    words.starts_with(REFUSED) || words.starts_with("failed to spawn thread")
}

/// Processors that this process may use.
#[must_use]
pub fn available() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Sets the number of threads for the whole process, from the next piece of work on.
pub fn set_threads(threads: usize) {
    SET.store(threads.max(1), Ordering::Relaxed);
}

/// How many threads compute: as many as were set, else one for each processor.
#[must_use]
pub fn threads() -> usize {
    if rayon::current_thread_index().is_some() {
        return rayon::current_num_threads();
    }
    match SET.load(Ordering::Relaxed) {
        0 if ALONE => 1,
        0 => {
            // Asked once: the system reads files to answer.
            let all = available();
            SET.store(all, Ordering::Relaxed);
            all
        }
        set => set,
    }
}

/// Runs `work` with this many threads, whatever is set for the process.
pub fn with_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    if ALONE { work() } else { pool_of(threads.max(1)).install(work) }
}

/// Runs `work` on one of the pool's threads, unless it is called on one of them.
pub fn within<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if ALONE || rayon::current_thread_index().is_some() {
        work()
    } else {
        pool(threads()).install(work)
    }
}

/// Calls `work` once for each of 0..count, on all threads of the pool. Which thread does which is
/// open, so each must write only what is its own.
pub fn each(count: usize, work: impl Fn(usize) + Sync) {
    // Not compiled anew for each kind of work: the pool's part is the same for all, and long.
    fn on_all(count: usize, work: &(dyn Fn(usize) + Sync)) {
        within(|| (0..count).into_par_iter().with_max_len(1).for_each(work));
    }
    match count {
        0 => {}
        1 => work(0),
        _ if ALONE => (0..count).for_each(work),
        _ => on_all(count, &work),
    }
}

/// Calls `work` for each of 0..count, on all threads of the pool; results in order.
pub fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    map_until(count, 1, &|| false, work)
}

/// Like [`map`], with `chunk` calls handed out together, which pays where each is short. Chunks that
/// have not begun when `stop` says so are left out.
pub fn map_until<T: Send>(
    count: usize,
    chunk: usize,
    stop: &(dyn Fn() -> bool + Sync),
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let done: Vec<Mutex<Vec<T>>> = (0..count.div_ceil(chunk)).map(|_| Mutex::default()).collect();
    each(done.len(), |at| {
        if !stop() {
            let results = (at * chunk..count.min((at + 1) * chunk)).map(&work).collect();
            *done[at].lock().unwrap_or_else(PoisonError::into_inner) = results;
        }
    });
    let results = done.into_iter();
    results.flat_map(|done| done.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

/// Does `work` for 0..count on so many threads and hands each result, as it comes, to `take` on
/// the caller's; ends early when `take` breaks or `stop` says so. Returns whether all were taken.
pub fn stream<T: Send>(
    count: usize,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T) -> ControlFlow<()>,
) -> bool {
    if ALONE {
        return (0..count).all(|index| !stop() && take(index, work(index)).is_continue());
    }
    let next = AtomicUsize::new(0);
    let threads = threads.clamp(1, count.max(1));
    // What is done but not taken yet is bounded: pictures are large.
    let (sender, results) = sync_channel(2 * threads);
    let mut taken = 0;
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            let (next, work) = (&next, &work);
            scope.spawn(move || {
                while !stop() {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || sender.send((index, work(index))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        while let Ok((index, result)) = results.recv() {
            if stop() || take(index, result).is_break() {
                break;
            }
            taken += 1;
        }
        // Threads that wait to send are released: nobody will receive.
        drop(results);
    });
    taken == count
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{each, forked, map, map_until, set_threads, stream, threads, with_threads, within};

    #[test]
    fn results_are_in_order_on_any_number_of_threads() {
        let wanted: Vec<usize> = (0..100).map(|at| at * at).collect();
        for (count, chunk) in [(1, 1), (2, 3), (7, 16), (3, 1000)] {
            with_threads(count, || {
                assert_eq!(threads(), count);
                assert_eq!(map(100, |at| at * at), wanted);
                assert_eq!(map_until(100, chunk, &|| false, |at| at * at), wanted);
            });
        }
        assert!(map(0, |at| at).is_empty());
        assert!(map_until(100, 8, &|| true, |at| at).is_empty(), "nothing once it is to stop");
    }

    /// The only test that sets what is the whole process's.
    #[test]
    fn a_forked_process_has_threads_of_its_own_and_as_many() {
        let here = || within(|| std::thread::current().id());
        set_threads(1);
        let (parent, again) = (here(), here());
        assert_eq!(parent, again);
        forked();
        let child = here();
        assert_ne!(parent, child);
        assert_eq!((threads(), within(threads)), (1, 1));
        set_threads(3);
        assert_eq!(within(rayon::current_num_threads), 3);
        set_threads(1);
        assert_eq!(here(), child, "a pool that was there is used again");
    }

    #[test]
    fn each_piece_is_done_once_also_within_pieces() {
        let done = AtomicUsize::new(0);
        with_threads(3, || each(7, |_| each(11, |_| _ = done.fetch_add(1, Ordering::Relaxed))));
        assert_eq!(done.into_inner(), 77);
    }

    #[test]
    fn a_stream_ends_where_its_taker_breaks() {
        let mut taken = vec![];
        assert!(stream(
            50,
            4,
            &|| false,
            |at| at,
            |at, result| {
                assert_eq!(at, result);
                taken.push(at);
                ControlFlow::Continue(())
            }
        ));
        taken.sort_unstable();
        assert!(taken.into_iter().eq(0..50));
        assert!(!stream(50, 4, &|| false, |at| at, |_, _| ControlFlow::Break(())));
    }
}
