//! Adam (Kingma, Ba, arXiv 1412.6980) with decoupled decay (Loshchilov, Hutter, arXiv 1711.05101),
//! in fastai's form: the debiasing takes this step's momentum.

use crate::isa::{Kernel, Simd, dispatch};
use crate::threads::{Shared, parallel};

/// Constants of one step for one set of parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the gradient's average.
    pub momentum: f32,
    /// Decay of the squared gradient's average.
    pub square_momentum: f32,
    /// Added to the root.
    pub eps: f32,
    /// Decoupled weight decay; 0 for norms and biases.
    pub weight_decay: f32,
    /// Steps since the state was zero, this one included.
    pub step: i32,
}

struct Update<'a> {
    adam: Adam,
    p: &'a mut [f32],
    g: &'a [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
}

impl Kernel for Update<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Adam { rate, momentum, square_momentum, eps, weight_decay, step } = self.adam;
        let wide = f64::from;
        let rate_debiased = (wide(rate) / (1.0 - wide(momentum).powi(step))) as f32;
        let square_debias = (1.0 / (1.0 - wide(square_momentum).powi(step))) as f32;
        let keep = (1.0 - wide(rate) * wide(weight_decay)) as f32;
        for (((p, &g), m), v) in self.p.iter_mut().zip(self.g).zip(self.m).zip(self.v) {
            *m = momentum * *m + (1.0 - momentum) * g;
            *v = square_momentum * *v + (1.0 - square_momentum) * g * g;
            *p = *p * keep - rate_debiased * *m / ((*v * square_debias).sqrt() + eps);
        }
    }
}

impl Adam {
    /// Moves parameters `p` by gradients `g`, with state `m` and `v` (zero at first), in one pass.
    ///
    /// # Panics
    /// When lengths differ.
    pub fn update(self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        const CHUNK: usize = 32 * 1024;
        let len = p.len();
        assert!(g.len() == len && m.len() == len && v.len() == len);
        let (p, m, v) = (Shared::new(p), Shared::new(m), Shared::new(v));
        parallel(len.div_ceil(CHUNK), |index| {
            let start = index * CHUNK;
            let size = CHUNK.min(len - start);
            // SAFETY: chunks are disjoint.
            let (p, m, v) =
                unsafe { (p.part(start, size), m.part(start, size), v.part(start, size)) };
            // SAFETY: a kernel without pointers of its own.
            unsafe { dispatch(Update { adam: self, p, g: &g[start..start + size], m, v }) };
        });
    }
}
