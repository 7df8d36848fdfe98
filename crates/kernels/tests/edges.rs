//! No pass reads or writes beside its tensors: each lies against a page that must not be touched.
//! (AddressSanitizer does not see what instructions in assembly do.)
#![cfg(target_os = "linux")]
#![expect(clippy::undocumented_unsafe_blocks, reason = "a test that makes pages of its own")]

use std::ptr::null_mut;

use kernels::{
    Activation, Added, Bf16, Conv, Convolve, Depthwise, Element, Epilogue, Finish, Pack, Padding,
    View,
};

/// A tensor with forbidden pages before and behind it, against one of which it lies.
struct Guarded<E> {
    map: *mut libc::c_void,
    bytes: usize,
    at: *mut E,
    len: usize,
}

impl<E: Element> Guarded<E> {
    fn new(len: usize, at_the_end: bool) -> Self {
        const PAGE: usize = 4096;
        let (size, room) = (len * size_of::<E>(), (len * size_of::<E>()).next_multiple_of(PAGE));
        let bytes = room + 2 * PAGE;
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let map = libc::mmap(null_mut(), bytes, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(map, libc::MAP_FAILED);
            let inner = map.byte_add(PAGE);
            assert_eq!(libc::mprotect(inner, room, libc::PROT_READ | libc::PROT_WRITE), 0);
            let at = inner.byte_add(if at_the_end { room - size } else { 0 }).cast::<E>();
            let numbers = std::slice::from_raw_parts_mut(at, len);
            numbers.iter_mut().enumerate().for_each(|(i, x)| *x = E::narrow((i % 7) as f32 - 3.0));
            Self { map, bytes, at, len }
        }
    }

    fn get(&self) -> &[E] {
        unsafe { std::slice::from_raw_parts(self.at, self.len) }
    }

    fn get_mut(&mut self) -> &mut [E] {
        unsafe { std::slice::from_raw_parts_mut(self.at, self.len) }
    }
}

impl<E> Drop for Guarded<E> {
    fn drop(&mut self) {
        assert_eq!(unsafe { libc::munmap(self.map, self.bytes) }, 0);
    }
}

fn all_passes<E: Convolve>(conv: &Conv, at_the_end: bool) {
    let tensor = |len| Guarded::<E>::new(len, at_the_end);
    let row = |len| Guarded::<f32>::new(len, at_the_end);
    let (x, residual, g) =
        (tensor(conv.input_len()), tensor(conv.output_len()), tensor(conv.output_len()));
    let (mut out, mut dx) = (tensor(conv.output_len()), tensor(conv.input_len()));
    let (w, mut dw) = (row(conv.weight_len()), row(conv.weight_len()));
    let (scale, shift, bias) = (row(conv.channels), row(conv.channels), row(conv.filters));
    let mut sums = vec![0.0; 2 * conv.filters];
    let normed = View {
        data: x.get(),
        affine: Some((scale.get(), shift.get())),
        activation: Activation::Relu,
    };
    let forward = Pack::forward(conv, w.get(), E::PRECISION);
    let added = Added::Residual(residual.get());
    let epilogue =
        Epilogue { bias: Some(bias.get()), added, activation: Activation::Relu, sums: None };
    conv.forward(View::plain(x.get()), &forward, out.get_mut(), epilogue);
    let epilogue = Epilogue { sums: Some(&mut sums), ..Epilogue::default() };
    conv.forward(normed, &forward, out.get_mut(), epilogue);
    let backward = Pack::backward_data(conv, w.get(), E::PRECISION);
    conv.backward_data(g.get(), &backward, dx.get_mut(), false);
    conv.backward_data(g.get(), &backward, dx.get_mut(), true);
    conv.backward_weights(View::plain(x.get()), g.get(), dw.get_mut());
    conv.backward_weights(normed, g.get(), dw.get_mut());
}

#[test]
fn no_pass_touches_what_lies_beside_its_tensors() {
    for (count, side, channels, filters, kernel, stride) in [
        (1, 17, 3, 64, 7, 2),
        (2, 14, 64, 64, 3, 1),
        (3, 7, 40, 33, 3, 1),
        (3, 7, 64, 48, 1, 1),
        (1, 9, 33, 17, 1, 1),
        (1, 1, 64, 32, 1, 1),
        (2, 15, 32, 31, 3, 2),
        (1, 14, 256, 32, 1, 2),
        (1, 5, 1, 1, 3, 1),
    ] {
        let padding = Padding::each(kernel / 2);
        let (height, width) = (side, side);
        let conv = Conv { count, height, width, channels, filters, kernel, stride, padding };
        for at_the_end in [false, true] {
            all_passes::<f32>(&conv, at_the_end);
            all_passes::<Bf16>(&conv, at_the_end);
        }
    }
}

fn all_depthwise_passes<E: Convolve>(conv: &Depthwise, at_the_end: bool) {
    let tensor = |len| Guarded::<E>::new(len, at_the_end);
    let row = |len| Guarded::<f32>::new(len, at_the_end);
    let (x, g) = (tensor(conv.input_len()), tensor(conv.output_len()));
    let (mut out, mut dx) = (tensor(conv.output_len()), tensor(conv.input_len()));
    let (w, mut dw) = (row(conv.weight_len()), row(conv.weight_len()));
    let (scale, shift) = (row(conv.channels), row(conv.channels));
    let affine = Some((scale.get(), shift.get()));
    let mut sums = vec![0.0; 2 * conv.channels];
    let view = View { data: x.get(), affine, activation: Activation::Relu6 };
    let finish = Finish { affine, activation: Activation::Relu6, sums: Some(&mut sums) };
    conv.forward(view, w.get(), out.get_mut(), finish);
    conv.backward_data(g.get(), w.get(), dx.get_mut(), true);
    conv.backward_weights(view, g.get(), dw.get_mut());
}

#[test]
fn no_depthwise_pass_touches_what_lies_beside_its_tensors() {
    for (height, channels, kernel, stride, padding) in
        [(9, 32, 3, 1, 1), (8, 17, 5, 2, 2), (7, 1, 3, 2, 0), (6, 40, 5, 1, 2), (5, 3, 7, 3, 3)]
    {
        let (count, width) = (2, height + 1);
        let padding = Padding([[padding, padding + 1], [padding, padding]]);
        let conv = Depthwise { count, height, width, channels, kernel, stride, padding };
        for at_the_end in [false, true] {
            all_depthwise_passes::<f32>(&conv, at_the_end);
            all_depthwise_passes::<Bf16>(&conv, at_the_end);
        }
    }
}
