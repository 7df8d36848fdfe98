use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

/// Does `work` for 0..count on so many threads and hands each result, as it comes, to `take` on
/// the caller's; ends early when `take` breaks or `stop` says so. Says whether all were taken.
pub fn parallel<T: Send>(
    count: usize,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(usize, T) -> ControlFlow<()>,
) -> bool {
    let next = AtomicUsize::new(0);
    let threads = threads.clamp(1, count.max(1));
    // What is done but not taken yet is bounded: squares are large.
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
        // Whoever waits to send now finds nobody there.
        drop(results);
    });
    taken == count
}

/// Does `work` for 0..count on so many threads, the caller's among them, which take `chunk` at a
/// time; results in order. What is left when `stop` says so is not done.
pub fn in_order<T: Send>(
    count: usize,
    threads: usize,
    chunk: usize,
    stop: &(dyn Fn() -> bool + Sync),
    work: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let threads = threads.clamp(1, count.div_ceil(chunk).max(1));
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done: Vec<(usize, Vec<T>)> = vec![];
        while !stop() {
            let start = next.fetch_add(chunk, Ordering::Relaxed);
            if start >= count {
                break;
            }
            done.push((start, (start..(start + chunk).min(count)).map(&work).collect()));
        }
        done
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(start, _)| *start);
    done.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn results_are_in_order_on_any_number_of_threads() {
        let wanted: Vec<usize> = (0..100).map(|at| at * at).collect();
        for (threads, chunk) in [(1, 1), (2, 3), (7, 16), (3, 1000)] {
            assert_eq!(in_order(100, threads, chunk, &|| false, |at| at * at), wanted);
        }
        assert!(in_order(0, 4, 8, &|| false, |at| at).is_empty());
        assert!(in_order(100, 2, 8, &|| true, |at| at).is_empty(), "nothing once it is to stop");
    }
}
