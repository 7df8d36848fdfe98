//! The input of gradients of weights: local, and where a product takes two numbers at once, pairs of
//! pixels, one of each half of a piece.

use super::job::Job;
use super::local::{Layout, Piece};
use crate::conv::tile::Grid;
use crate::elementwise::load;
use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};
use crate::{Element, View, scratch};

/// Most bytes of input that are gathered once for all groups of columns, instead of by each.
const ALL: usize = 48 << 20;

/// What the pieces of a job are gathered from.
pub(super) struct Input<'a, E> {
    pub(super) job: &'a Job,
    pub(super) layout: &'a Layout,
    pub(super) view: &'a View<'a, E>,
    /// Numbers of the largest half, a whole number of cache lines.
    half: usize,
}

impl<'a, E: Element> Input<'a, E> {
    pub(super) fn new(
        job: &'a Job,
        layout: &'a Layout,
        view: &'a View<'a, E>,
        pieces: &[Piece],
    ) -> Self {
        let halves = pieces.iter().filter_map(|piece| piece.halves::<E>()[0]);
        let most = halves.map(|half| layout.spread(half)).max().unwrap_or(0);
        Self { job, layout, view, half: most.next_multiple_of(64) }
    }

    /// Numbers that [`Input::gather`] takes: what it makes, and where pixels are paired, both halves.
    pub(super) fn room(&self) -> usize {
        if E::GROUP == 1 { self.half } else { 4 * self.half }
    }

    /// Where a piece lies among all that were gathered.
    pub(super) fn place(&self, all: Shared<E>, index: usize) -> *const E {
        all.get().wrapping_add(index * E::GROUP * self.half).cast_const()
    }

    /// Calls `work`, with all pieces gathered where several groups of columns read them.
    pub(super) fn with_all(
        &self,
        pieces: &[Piece],
        groups: usize,
        work: impl FnOnce(Option<Shared<E>>),
    ) {
        let len = pieces.len() * E::GROUP * self.half;
        let in_place = E::GROUP == 1 && self.layout.direct;
        if groups == 1 || in_place || len * size_of::<E>() > ALL {
            return work(None);
        }
        scratch::with(len, |all: &mut [E]| {
            let all = Shared::new(all);
            parallel(pieces.len(), |index| {
                scratch::with(self.room(), |room: &mut [E]| {
                    let to = self.place(all, index).cast_mut();
                    let halves = pieces[index].halves::<E>();
                    let kernel = Gather { input: self, halves, to, room: room.as_mut_ptr() };
                    // SAFETY: lengths were checked by `Conv`; places are disjoint, and the room is
                    // this thread's own.
                    unsafe { dispatch(kernel) };
                });
            });
            work(Some(all));
        });
    }

    /// Gathers a piece; `room` takes [`Input::room`] numbers.
    ///
    /// # Safety
    /// The view suits the job (see `View::check`).
    #[inline(always)]
    pub(super) unsafe fn gather<S: Simd>(
        &self,
        halves: [Option<Piece>; 2],
        room: *mut E,
    ) -> *const E {
        if E::GROUP == 1 {
            let [Some(piece), _] = halves else { return room };
            return self.layout.gather::<S, E>(self.job, self.view, piece, room);
        }
        let pairs = room.add(2 * self.half);
        self.pair::<S>(halves, room, pairs);
        pairs
    }

    /// Gathers both halves, and puts the numbers of the second beside those of the first, zeros where
    /// there are none.
    #[inline(always)]
    unsafe fn pair<S: Simd>(&self, halves: [Option<Piece>; 2], room: *mut E, pairs: *mut E) {
        let Self { job, layout, view, half } = *self;
        let [Some(piece), other] = halves else { return };
        let first = layout.gather::<S, E>(job, view, piece, room);
        let len = layout.spread(piece);
        let (mut second, mut there) = (first, 0);
        if let Some(piece) = other {
            second = layout.gather::<S, E>(job, view, piece, room.add(half));
            there = layout.spread(piece);
        }
        let both = len.min(there) / S::LANES * S::LANES;
        for at in (0..both).step_by(S::LANES) {
            E::store_beside::<S>(pairs.add(at * E::GROUP), first.add(at), second.add(at));
        }
        for at in (both..len).step_by(S::LANES) {
            let n = S::LANES.min(len - at);
            let a = load::<S, _>(first.add(at), n);
            let b = load::<S, _>(second.wrapping_add(at), n.min(there.saturating_sub(at)));
            // `half` is a whole number of lines, so that the last pairs may spill.
            E::store_packed::<S>(pairs.add(at * E::GROUP), a, b);
        }
    }
}

/// Gathers one piece to its place among all.
struct Gather<'a, E> {
    input: &'a Input<'a, E>,
    halves: [Option<Piece>; 2],
    to: *mut E,
    room: *mut E,
}

impl<E: Element> Kernel for Gather<'_, E> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        if E::GROUP == 1 {
            self.input.gather::<S>(self.halves, self.to);
        } else {
            self.input.pair::<S>(self.halves, self.room, self.to);
        }
    }
}

impl Piece {
    /// What a group takes side by side: the whole piece, or its two halves, of which the second
    /// may be smaller or nothing.
    pub(super) fn halves<E: Element>(self) -> [Option<Self>; 2] {
        if E::GROUP == 1 {
            return [Some(self), None];
        }
        let cut = |all: usize| (all.div_ceil(2), all / 2);
        let [first, second] = match self {
            Self::Flat { first, pixels } => {
                let (a, b) = cut(pixels);
                [
                    (a, Self::Flat { first, pixels: a }),
                    (b, Self::Flat { first: first + a, pixels: b }),
                ]
            }
            Self::Rows { picture, pictures, row, rows } if pictures > 1 => {
                let (a, b) = cut(pictures);
                let part = |picture, pictures| Self::Rows { picture, pictures, row, rows };
                [(a, part(picture, a)), (b, part(picture + a, b))]
            }
            Self::Rows { picture, pictures, row, rows } => {
                let (a, b) = cut(rows);
                let part = |row, rows| Self::Rows { picture, pictures, row, rows };
                [(a, part(row, a)), (b, part(row + a, b))]
            }
        };
        [Some(first.1), (second.0 > 0).then_some(second.1)]
    }

    /// Grid pixels.
    pub(super) fn pixels(self, job: &Job) -> usize {
        match self {
            Self::Flat { pixels, .. } => pixels,
            Self::Rows { pictures, rows, .. } => pictures * rows * job.grid_width,
        }
    }

    /// The stretch of a forward job's output that a piece covers: a forward grid is the output
    /// itself, so a piece's pixels follow one another.
    pub(super) fn output(self, job: &Job) -> std::ops::Range<usize> {
        let first = match self {
            Self::Flat { first, .. } => first,
            Self::Rows { picture, row, .. } => (picture * job.grid_height + row) * job.grid_width,
        };
        first * job.out_channels..(first + self.pixels(job)) * job.out_channels
    }
}

impl Layout {
    /// The pixels of a piece of this layout.
    pub(super) fn grid(&self, job: &Job, piece: Piece) -> Grid {
        let pixel = self.step * self.pitch;
        match piece {
            Piece::Flat { pixels, .. } => {
                Grid { blocks: 1, lines: 1, width: pixels, pixel, line: 0, block: 0 }
            }
            Piece::Rows { pictures, rows, .. } => Grid {
                blocks: pictures,
                lines: rows,
                width: job.grid_width,
                pixel,
                line: pixel * self.columns,
                block: self.len(Piece::Rows { picture: 0, pictures: 1, row: 0, rows }),
            },
        }
    }
}
