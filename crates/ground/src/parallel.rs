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
