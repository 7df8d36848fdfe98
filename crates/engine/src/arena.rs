//! One block of memory for all tensors of a step: buffers that are never needed at the same time
//! share a place.

use std::ops::Range;

use kernels::{Element, Memory, Precision, cast, cast_mut};

/// The index of a buffer in its plan.
pub(crate) type BufferId = usize;

/// When a buffer is in use, in steps, and how many numbers of which kind it holds.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    pub(crate) len: usize,
    pub(crate) precision: Precision,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

impl Buffer {
    /// One that no step touches yet.
    pub(crate) fn new(len: usize, precision: Precision) -> Self {
        Self { len, precision, first: usize::MAX, last: 0 }
    }

    /// Memory that it takes, in floats.
    fn floats(&self) -> usize {
        match self.precision {
            Precision::Fp32 => self.len,
            Precision::Bf16 => self.len.div_ceil(2),
        }
    }
}

/// Where a buffer lies in memory for floats, and how many numbers of which kind it holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) floats: Range<usize>,
    pub(crate) len: usize,
    pub(crate) precision: Precision,
}

impl Place {
    /// The buffer's numbers.
    pub(crate) fn of<'a, E: Element>(&self, memory: &'a [f32]) -> &'a [E] {
        self.numbers(&memory[self.floats.clone()])
    }

    /// The numbers of memory that is the buffer's own.
    fn numbers<'a, E: Element>(&self, own: &'a [f32]) -> &'a [E] {
        assert_eq!(self.precision, E::PRECISION, "a buffer of other numbers");
        &cast(own)[..self.len]
    }
}

/// Floats in a cache line; buffers start on one.
const LINE: usize = 16;

/// Gives each buffer a place so that no two share memory while both are in use. Larger ones first,
/// each at the lowest place that is free for its whole life. Returns the places and the total, in
/// floats.
pub(crate) fn place(buffers: &[Buffer]) -> (Vec<Place>, usize) {
    let mut order: Vec<BufferId> = (0..buffers.len()).collect();
    order.sort_by_key(|&id| std::cmp::Reverse(buffers[id].floats()));
    let mut places: Vec<Option<Range<usize>>> = vec![None; buffers.len()];
    let mut total = 0;
    for id in order {
        let buffer = &buffers[id];
        let len = buffer.floats();
        let mut taken: Vec<Range<usize>> = (0..buffers.len())
            .filter(|&other| {
                buffers[other].first <= buffer.last && buffer.first <= buffers[other].last
            })
            .filter_map(|other| places[other].clone())
            .collect();
        taken.sort_by_key(|range| range.start);
        let mut start = 0;
        for range in taken {
            if start + len <= range.start {
                break;
            }
            start = start.max(range.end.next_multiple_of(LINE));
        }
        total = total.max(start + len);
        places[id] = Some(start..start + len);
    }
    let place = |(floats, buffer): (Range<usize>, &Buffer)| {
        let (len, precision) = (buffer.len, buffer.precision);
        Place { floats, len, precision }
    };
    (places.into_iter().flatten().zip(buffers).map(place).collect(), total)
}

/// The memory itself; it only grows.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    memory: Memory,
}

impl Arena {
    /// Memory of at least `len` floats that starts on a cache line.
    pub(crate) fn take(&mut self, len: usize) -> &mut [f32] {
        if self.memory.room::<f32>() < len {
            // The old content is of no use: given back before the new is asked for.
            self.memory = Memory::default();
            self.memory = Memory::new::<f32>(len);
        }
        &mut self.memory.as_mut_slice()[..len]
    }
}

/// The buffers of a plan while one of them is written: the rest can be read.
pub(crate) struct Split<'a> {
    before: &'a [f32],
    after: &'a [f32],
    end: usize,
    places: &'a [Place],
}

/// Lends one buffer for writing and all others for reading.
pub(crate) fn split<'a, E: Element>(
    memory: &'a mut [f32],
    places: &'a [Place],
    write: BufferId,
) -> (&'a mut [E], Split<'a>) {
    let Place { floats: Range { start, end }, len, precision } = places[write].clone();
    assert_eq!(precision, E::PRECISION, "a buffer of other numbers");
    let (head, after) = memory.split_at_mut(end);
    let (before, own) = head.split_at_mut(start);
    (&mut cast_mut(own)[..len], Split { before, after, end, places })
}

impl<'a> Split<'a> {
    /// A buffer to read; it must not be the one lent for writing.
    pub(crate) fn read<E: Element>(&self, id: BufferId) -> &'a [E] {
        let place = &self.places[id];
        let Range { start, end } = place.floats;
        place.numbers(if end <= self.before.len() {
            &self.before[start..end]
        } else {
            &self.after[start - self.end..end - self.end]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, Precision, place};
    use ground::random::{Draws, Purpose};

    #[test]
    fn buffers_alive_together_never_overlap() {
        let mut draws = Draws::new(1, Purpose::Synthetic, &[]);
        for _ in 0..200 {
            let buffers: Vec<Buffer> = (0..20)
                .map(|_| {
                    let first = draws.below(20);
                    let precision =
                        if draws.below(2) == 0 { Precision::Fp32 } else { Precision::Bf16 };
                    let last = first + draws.below(10);
                    Buffer { len: 1 + draws.below(100), precision, first, last }
                })
                .collect();
            let (places, total) = place(&buffers);
            for (a, x) in buffers.iter().enumerate() {
                let own = &places[a].floats;
                assert!(own.len() == x.floats() && own.end <= total);
                for (b, y) in buffers.iter().enumerate().skip(a + 1) {
                    let together = x.first <= y.last && y.first <= x.last;
                    let other = &places[b].floats;
                    let apart = own.end <= other.start || other.end <= own.start;
                    assert!(!together || apart, "{a} and {b}");
                }
            }
        }
    }

    #[test]
    fn a_chain_needs_two_places() {
        let chain: Vec<Buffer> = (0..10)
            .map(|i| Buffer { first: i, last: i + 1, ..Buffer::new(64, Precision::Fp32) })
            .collect();
        assert_eq!(place(&chain).1, 128);
    }
}
