//! A parallel loop over things that come one by one, whose results are taken in their order.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// What the threads share: the items left, and the queue of results in the items' order. Gone once
/// the items are used up.
type Source<I, T> = Mutex<Option<(I, SyncSender<Receiver<T>>)>>;

/// Does `work` on each item on so many threads and hands the results to `take` on the caller's, in
/// the items' order; ends early when `take` breaks or `stop` says so.
///
/// Items are fetched as they are needed: at most `ahead` results (and one a thread) are in the making
/// or wait to be taken, however slow the first of them is.
pub fn ordered<I, T>(
    items: I,
    threads: usize,
    ahead: usize,
    stop: &(dyn Fn() -> bool + Sync),
    work: impl Fn(I::Item) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) where
    I: Iterator + Send,
    T: Send,
{
    if super::ALONE {
        let mut items = items;
        while !stop()
            && let Some(item) = items.next()
            && take(work(item)).is_continue()
        {}
        return;
    }
    let (queue, results) = sync_channel(ahead);
    let source: Source<I, T> = Mutex::new(Some((items, queue)));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((item, result)) = next(&source, stop) {
                    // Nobody may wait for it any more.
                    drop(result.send(work(item)));
                }
            });
        }
        while let Ok(result) = results.recv() {
            // Without a result its thread has panicked, which the scope passes on.
            let Ok(result) = result.recv() else { break };
            if stop() || take(result).is_break() {
                break;
            }
        }
        // Threads that wait to queue a result are released: nobody will receive.
        drop(results);
    });
}

/// The next item and where its result goes. Its place in the queue is taken under the same lock, so
/// that the queue has the items' order.
fn next<I: Iterator, T>(
    source: &Source<I, T>,
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<(I::Item, SyncSender<T>)> {
    let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
    let (items, queue) = source.as_mut()?;
    let item = if stop() { None } else { items.next() };
    let (sender, receiver) = sync_channel(1);
    let item = item.filter(|_| queue.send(receiver).is_ok());
    if item.is_none() {
        // With its last sender gone, the queue ends.
        *source = None;
    }
    item.map(|item| (item, sender))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::ordered;

    fn slow_first(at: usize) -> usize {
        if at.is_multiple_of(7) {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        at * at
    }

    #[test]
    fn results_are_in_order_on_any_number_of_threads() {
        for (threads, ahead) in [(1, 1), (3, 2), (8, 64), (5, 0)] {
            let mut taken = vec![];
            ordered(0..100, threads, ahead, &|| false, slow_first, |result| {
                taken.push(result);
                ControlFlow::Continue(())
            });
            assert!(taken.into_iter().eq((0..100).map(|at| at * at)), "{threads} {ahead}");
        }
    }

    #[test]
    fn no_more_items_are_fetched_than_are_wanted_soon() {
        let (fetched, mut taken) = (AtomicUsize::new(0), 0);
        let items = (0..200).inspect(|_| {
            fetched.fetch_add(1, Ordering::SeqCst);
        });
        ordered(items, 4, 8, &|| false, slow_first, |_| {
            taken += 1;
            // Those queued, one in each thread's hands, and the one just taken.
            assert!(fetched.load(Ordering::SeqCst) <= taken + 8 + 4 + 1);
            ControlFlow::Continue(())
        });
        assert_eq!(taken, 200);
    }

    #[test]
    fn it_ends_where_its_taker_breaks_or_a_stop_is_asked_for() {
        let mut taken = 0;
        ordered(
            0..,
            3,
            4,
            &|| false,
            |at: usize| at,
            |at| {
                taken += 1;
                if at == 20 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(taken, 21);
        ordered(0.., 3, 4, &|| true, |at: usize| at, |_| panic!("nothing once it is to stop"));
    }
}
