//! One block of memory for all tensors of a step: buffers that are never needed at the same time
//! share a place.

use std::ops::Range;

/// The index of a buffer in its plan.
pub(crate) type BufferId = usize;

/// When a buffer is in use, in steps, and how large it is, in floats.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    pub(crate) len: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// Floats in a cache line; buffers start on one.
const LINE: usize = 16;

/// Gives each buffer a place so that no two share memory while both are in use. Larger ones first,
/// each at the lowest place that is free for its whole life. Returns the places and the total.
pub(crate) fn place(buffers: &[Buffer]) -> (Vec<Range<usize>>, usize) {
    let mut order: Vec<BufferId> = (0..buffers.len()).collect();
    order.sort_by_key(|&id| std::cmp::Reverse(buffers[id].len));
    let mut places: Vec<Option<Range<usize>>> = vec![None; buffers.len()];
    let mut total = 0;
    for id in order {
        let buffer = &buffers[id];
        let mut taken: Vec<Range<usize>> = (0..buffers.len())
            .filter(|&other| {
                buffers[other].first <= buffer.last && buffer.first <= buffers[other].last
            })
            .filter_map(|other| places[other].clone())
            .collect();
        taken.sort_by_key(|range| range.start);
        let mut start = 0;
        for range in taken {
            if start + buffer.len <= range.start {
                break;
            }
            start = start.max(range.end.next_multiple_of(LINE));
        }
        total = total.max(start + buffer.len);
        places[id] = Some(start..start + buffer.len);
    }
    (places.into_iter().flatten().collect(), total)
}

/// The memory itself; it only grows.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    memory: Vec<f32>,
}

impl Arena {
    /// Memory of at least `len` floats that starts on a cache line.
    pub(crate) fn take(&mut self, len: usize) -> &mut [f32] {
        if self.memory.len() < len + LINE {
            // Not `resize`: the old content is of no use, and fresh zeros cost nothing until touched.
            self.memory = Vec::new();
            self.memory = vec![0.0; len + LINE];
        }
        let start = self.memory.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        &mut self.memory[start..start + len]
    }
}

/// The buffers of a plan while one of them is written: the rest can be read.
pub(crate) struct Split<'a> {
    before: &'a [f32],
    after: &'a [f32],
    end: usize,
    places: &'a [Range<usize>],
}

/// Lends one buffer for writing and all others for reading.
pub(crate) fn split<'a>(
    memory: &'a mut [f32],
    places: &'a [Range<usize>],
    write: BufferId,
) -> (&'a mut [f32], Split<'a>) {
    let range = places[write].clone();
    let (head, after) = memory.split_at_mut(range.end);
    let (before, own) = head.split_at_mut(range.start);
    (own, Split { before, after, end: range.end, places })
}

impl<'a> Split<'a> {
    /// A buffer to read; it must not be the one lent for writing.
    pub(crate) fn read(&self, id: BufferId) -> &'a [f32] {
        let range = self.places[id].clone();
        if range.end <= self.before.len() {
            &self.before[range]
        } else {
            &self.after[range.start - self.end..range.end - self.end]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, place};
    use ground::random::{Draws, Purpose};

    #[test]
    fn buffers_alive_together_never_overlap() {
        let mut draws = Draws::new(1, Purpose::Synthetic, &[]);
        for _ in 0..200 {
            let buffers: Vec<Buffer> = (0..20)
                .map(|_| {
                    let first = draws.below(20);
                    Buffer { len: 1 + draws.below(100), first, last: first + draws.below(10) }
                })
                .collect();
            let (places, total) = place(&buffers);
            for (a, x) in buffers.iter().enumerate() {
                assert!(places[a].len() == x.len && places[a].end <= total);
                for (b, y) in buffers.iter().enumerate().skip(a + 1) {
                    let together = x.first <= y.last && y.first <= x.last;
                    let apart =
                        places[a].end <= places[b].start || places[b].end <= places[a].start;
                    assert!(!together || apart, "{a} and {b}");
                }
            }
        }
    }

    #[test]
    fn a_chain_needs_two_places() {
        let chain: Vec<Buffer> =
            (0..10).map(|i| Buffer { len: 64, first: i, last: i + 1 }).collect();
        assert_eq!(place(&chain).1, 128);
    }
}
