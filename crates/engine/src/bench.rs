//! What a benchmark of this processor and of single convolutions needs.

use kernels::isa::Isa;
use kernels::{Activation, Bf16, Convolve, Epilogue, Pack, Precision, View, threads};

pub use kernels::peak::flops as peak_flops;
pub use kernels::{Conv, Padding};

/// The instruction set that kernels are run with, by the name that `LOOKALIKE_ISA` takes.
#[must_use]
pub fn instruction_set() -> String {
    Isa::in_use().to_string()
}

/// The faster precision on this processor: bfloat16 only where it multiplies such numbers itself.
#[must_use]
pub fn fastest_precision() -> Precision {
    Isa::in_use().precision()
}

/// Has all three passes of a convolution measured: forward, backward for the input and backward for
/// the weights. Inputs but pictures are read through a norm and ReLU, and sums for the next norm are
/// made, as in training.
pub fn passes<R: Send>(
    conv: &Conv,
    precision: Precision,
    measure: impl FnMut(&mut dyn FnMut()) -> R + Send,
) -> [R; 3] {
    threads::within(|| match precision {
        Precision::Fp32 => passes_of::<f32, R>(conv, measure),
        Precision::Bf16 => passes_of::<Bf16, R>(conv, measure),
    })
}

fn passes_of<E: Convolve, R>(
    conv: &Conv,
    mut measure: impl FnMut(&mut dyn FnMut()) -> R,
) -> [R; 3] {
    let noise = |len: usize, step: usize| -> Vec<f32> {
        (0..len).map(|index| (index * step % 17) as f32 / 8.0 - 1.0).collect()
    };
    let narrow = |values: Vec<f32>| values.into_iter().map(E::narrow).collect::<Vec<E>>();
    let (x, gradient) = (narrow(noise(conv.input_len(), 3)), narrow(noise(conv.output_len(), 5)));
    let weights = noise(conv.weight_len(), 7);
    let (scale, shift) = (noise(conv.channels, 11), noise(conv.channels, 13));
    // Pictures come as they are.
    let normed = conv.channels > 3;
    let affine = normed.then_some((&scale[..], &shift[..]));
    let activation = if normed { Activation::Relu } else { Activation::Identity };
    let view = View { data: &x[..], affine, activation };
    let mut output = vec![E::default(); conv.output_len()];
    let mut input_gradient = vec![E::default(); conv.input_len()];
    let mut weight_gradient = vec![0.0; conv.weight_len()];
    let mut sums = vec![0.0; 2 * conv.filters];
    let forward = Pack::forward(conv, &weights, E::PRECISION);
    let backward = Pack::backward_data(conv, &weights, E::PRECISION);
    [
        measure(&mut || {
            let epilogue = Epilogue { sums: Some(&mut sums), ..Epilogue::default() };
            conv.forward(view, &forward, &mut output, epilogue);
        }),
        measure(&mut || conv.backward_data(&gradient, &backward, &mut input_gradient, false)),
        measure(&mut || conv.backward_weights(view, &gradient, &mut weight_gradient)),
    ]
}
