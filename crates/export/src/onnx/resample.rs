//! From pictures of any size to the network's input: crop, resampling, scaling and views, as
//! `pictures::Preprocess` and `classifier::Views` do it.
//!
//! The bilinear filter of Pillow, and ours, is a triangle as wide as the step between samples. Along one side it is a
//! matrix, so that a picture is resampled by two products. The weights are whole numbers until they
//! are divided by their sum: some runtimes compute positions in 16-bit floats, in which pixels beyond
//! the 256th have no place of their own. ONNX has an operator, `Resize`, which says the same; but
//! runtimes differ in it without a word.

use classifier::Views;
use pictures::Preprocess;

use super::builder::{Builder, int, word};
use crate::Resize;
use crate::proto::Kind;

/// The name of the input that takes pictures.
pub(crate) const IMAGES: &str = "images";
/// The name of the input that takes what the network takes.
pub(crate) const TENSOR: &str = "tensor";

/// Bits behind the point that a weight has at most, and the number that its integer stays below
/// (`fast_image_resize`, which predictions use).
const BITS: usize = 21;
const LIMIT: f32 = 32_767.5;

/// Writes down how pictures of any size become levels (0 to 255) of `size` pixels a side, channels
/// first.
pub(crate) fn levels(builder: &mut Builder<'_>, preprocess: &Preprocess, resize: Resize) -> String {
    let shape = builder.op("Shape", &[IMAGES], "crop/shape");
    let (one, three) = (builder.int(1), builder.int(3));
    let sides = builder.op("Slice", &[&shape, &one, &three], "crop/sides");
    let short = builder.op_with("ReduceMin", &[&sides], "crop/short", vec![int("keepdims", 1)]);
    match preprocess.size >= preprocess.short_side {
        true => square(builder, preprocess.size, resize, &sides, &short),
        false => centre(builder, preprocess, resize, &sides, &short),
    }
}

/// The largest centred square, cut out and resampled: pixels beside it do not count.
fn square(
    builder: &mut Builder<'_>,
    size: usize,
    resize: Resize,
    sides: &str,
    short: &str,
) -> String {
    let two = builder.int(2);
    let rest = builder.op("Sub", &[sides, short], "crop/rest");
    let corner = builder.op("Div", &[&rest, &two], "crop/corner");
    let end = builder.op("Add", &[&corner, short], "crop/end");
    let axes = builder.ints("crop/axes", &[2], vec![1, 2]);
    let cut = builder.op("Slice", &[IMAGES, &corner, &end, &axes], "crop/square");
    let first = channels_first(builder, &cut);
    match resize {
        Resize::Operator => {
            let sizes = builder.ints("resize/size", &[2], vec![size as i64; 2]);
            resized(builder, &first, &sizes)
        }
        Resize::Portable => {
            let size_name = builder.int(size as i64);
            let matrix = matrix(builder, "resample", size, short, &size_name, None);
            let pixels = builder.cast(&first, Kind::Float, "resample/pixels");
            products(builder, "resample", &pixels, &matrix, &matrix)
        }
    }
}

/// The centre of the picture whose shorter side was resized: what torchvision's `Resize` and
/// `CenterCrop` give.
fn centre(
    builder: &mut Builder<'_>,
    preprocess: &Preprocess,
    resize: Resize,
    sides: &str,
    short: &str,
) -> String {
    let size = preprocess.size;
    let (short_side, size_name) =
        (builder.int(preprocess.short_side as i64), builder.int(size as i64));
    let many = builder.op("Mul", &[sides, &short_side], "crop/many");
    let whole = builder.op("Div", &[&many, short], "crop/resized");
    let rest = builder.op("Sub", &[&whole, &size_name], "crop/rest");
    let rest = builder.cast(&rest, Kind::Float, "crop/rest/float");
    let half = builder.float("half", 0.5);
    let rest = builder.op("Mul", &[&rest, &half], "crop/rest/half");
    let rest = builder.op("Round", &[&rest], "crop/rest/even");
    let corner = builder.cast(&rest, Kind::Int64, "crop/corner");
    let first = channels_first(builder, IMAGES);
    if resize == Resize::Operator {
        let all = resized(builder, &first, &whole);
        let end = builder.op("Add", &[&corner, &size_name], "crop/end");
        let axes = builder.ints("crop/axes", &[2], vec![2, 3]);
        return builder.op("Slice", &[&all, &corner, &end, &axes], "crop/centre");
    }
    let [down, across] = [(0, "down"), (1, "across")].map(|(axis, name)| {
        let (from, to) = (builder.int(axis), builder.int(axis + 1));
        let mut of = |what: &str, value: &str| {
            builder.op("Slice", &[value, &from, &to], &format!("resample/{name}/{what}"))
        };
        let (side, whole, corner) =
            (of("side", sides), of("resized", &whole), of("corner", &corner));
        matrix(builder, &format!("resample/{name}"), size, &side, &whole, Some(&corner))
    });
    let pixels = builder.cast(&first, Kind::Float, "resample/pixels");
    products(builder, "resample", &pixels, &down, &across)
}

fn channels_first(builder: &mut Builder<'_>, input: &str) -> String {
    let order = super::builder::ints("perm", &[0, 3, 1, 2]);
    builder.op_with("Transpose", &[input], "crop/channels_first", vec![order])
}

/// The operator `Resize`, on bytes, with the settings in which it is closest to Pillow. All four
/// sizes are named: ONNX Runtime 1.32 refuses the operator's `axes` behind a transposition.
fn resized(builder: &mut Builder<'_>, input: &str, size: &str) -> String {
    let (zero, one) = (builder.int(0), builder.int(1));
    let channels = builder.int(3);
    let count = builder.op("Slice", &["crop/shape", &zero, &one], "resize/count");
    let all = [count.as_str(), channels.as_str(), size];
    let sizes = builder.op_with("Concat", &all, "resize/sizes", vec![int("axis", 0)]);
    let sizes = sizes.as_str();
    let settings = vec![word("mode", "linear"), int("antialias", 1), int("exclude_outside", 1)];
    let bytes = builder.op_with("Resize", &[input, "", "", sizes], "resize/bytes", settings);
    builder.cast(&bytes, Kind::Float, "resize/levels")
}

/// The triangle filter along a side: `size` rows of weights, one for each pixel of the side. The side
/// is resized to a length of which the result is a part that begins at `corner`.
fn matrix(
    builder: &mut Builder<'_>,
    name: &str,
    size: usize,
    side: &str,
    resized: &str,
    corner: Option<&str>,
) -> String {
    let of = |part: &str| format!("{name}/{part}");
    let (zero, one, two) = (builder.int(0), builder.int(1), builder.int(2));
    let start = builder.ints("range/start", &[], vec![0]);
    let step = builder.ints("range/step", &[], vec![1]);
    // Twice the middle of each pixel, in units that make all of it whole numbers.
    let scalar = builder.op("Squeeze", &[side, &zero], &of("side/scalar"));
    let pixels = builder.op("Range", &[&start, &scalar, &step], &of("pixels/index"));
    let middles = middles(builder, &of("pixels"), &pixels, &two, &one);
    let middles = builder.op("Mul", &[&middles, resized], &of("pixels/place"));
    let samples = match corner {
        None => {
            let odd = (0..size as i64).map(|i| 2 * i + 1).collect();
            builder.ints("samples/odd", &[size, 1], odd)
        }
        Some(corner) => {
            let index = builder.ints("samples/index", &[size, 1], (0..size as i64).collect());
            let index = builder.op("Add", &[&index, corner], &of("samples/index"));
            self::middles(builder, &of("samples"), &index, &two, &one)
        }
    };
    let samples = builder.op("Mul", &[&samples, side], &of("samples/place"));
    let apart = builder.op("Sub", &[&middles, &samples], &of("apart"));
    let apart = builder.op("Abs", &[&apart], &of("distance"));
    let reach = builder.op("Max", &[side, resized], &of("reach/half"));
    let reach = builder.op("Mul", &[&reach, &two], &of("reach"));
    let height = builder.op("Sub", &[&reach, &apart], &of("height"));
    let whole = builder.op("Max", &[&height, &zero], &of("whole"));
    let sum =
        builder.op_with("ReduceSum", &[&whole, &one], &of("whole/sum"), vec![int("keepdims", 1)]);
    let whole = builder.cast(&whole, Kind::Float, &of("whole/float"));
    let sum = builder.cast(&sum, Kind::Float, &of("whole/sum/float"));
    let exact = builder.op("Div", &[&whole, &sum], &of("weights/exact"));
    narrowed(builder, name, &exact)
}

/// Weights as predictions have them: whole numbers below 2¹⁵ over a power of two, the largest for
/// which they fit. Their sum is then not quite one, which moves a level in a hundred.
fn narrowed(builder: &mut Builder<'_>, name: &str, weights: &str) -> String {
    let of = |part: &str| format!("{name}/weights/{part}");
    let power = |bits: usize| (1u32 << bits) as f32;
    let powers = builder.floats("powers", &[1, BITS], (1..=BITS).map(power).collect());
    let scales = builder.floats("scales", &[BITS + 1], (0..=BITS).map(power).collect());
    let (limit, half, one) =
        (builder.float("powers/limit", LIMIT), builder.float("half", 0.5), builder.int(1));
    let most = builder.op_with("ReduceMax", &[weights], &of("largest"), vec![int("keepdims", 1)]);
    let scaled = builder.op("Mul", &[&most, &powers], &of("scaled"));
    let fits = builder.op("Less", &[&scaled, &limit], &of("fits"));
    let fits = builder.cast(&fits, Kind::Int64, &of("fits/number"));
    let bits = builder.op_with("ReduceSum", &[&fits, &one], &of("bits"), vec![int("keepdims", 0)]);
    let scale = builder.op("Gather", &[&scales, &bits], &of("scale"));
    let large = builder.op("Mul", &[weights, &scale], &of("large"));
    let more = builder.op("Add", &[&large, &half], &of("large/half"));
    let whole = builder.op("Floor", &[&more], &of("whole"));
    builder.op("Div", &[&whole, &scale], &format!("{name}/weights"))
}

/// 2x + 1.
fn middles(builder: &mut Builder<'_>, name: &str, index: &str, two: &str, one: &str) -> String {
    let twice = builder.op("Mul", &[index, two], &format!("{name}/twice"));
    builder.op("Add", &[&twice, one], &format!("{name}/middle"))
}

/// Resamples levels down, then across, and rounds after each, as predictions do.
fn products(
    builder: &mut Builder<'_>,
    name: &str,
    levels: &str,
    down: &str,
    across: &str,
) -> String {
    let of = |part: &str| format!("{name}/{part}");
    let order = super::builder::ints("perm", &[1, 0]);
    let across = builder.op_with("Transpose", &[across], &of("columns"), vec![order]);
    let low = builder.op("MatMul", &[down, levels], &of("low/exact"));
    let low = rounded(builder, &low, &of("low"));
    let small = builder.op("MatMul", &[&low, &across], &of("small/exact"));
    rounded(builder, &small, &of("small"))
}

/// The nearest whole number, a half up.
fn rounded(builder: &mut Builder<'_>, input: &str, name: &str) -> String {
    let half = builder.float("half", 0.5);
    let more = builder.op("Add", &[input, &half], &format!("{name}/half"));
    builder.op("Floor", &[&more], name)
}

/// How levels become the network's numbers.
struct Scale {
    factor: String,
    shift: String,
}

impl Scale {
    fn of(builder: &mut Builder<'_>, preprocess: &Preprocess) -> Self {
        let Preprocess { mean, std, .. } = preprocess;
        let factor = std.map(|std| 1.0 / (255.0 * std));
        let shift: [f32; 3] = std::array::from_fn(|c| -mean[c] / std[c]);
        let mut add =
            |name: &str, numbers: [f32; 3]| builder.floats(name, &[1, 3, 1, 1], numbers.to_vec());
        Self { factor: add("scale/factor", factor), shift: add("scale/shift", shift) }
    }

    fn apply(&self, builder: &mut Builder<'_>, levels: &str, name: &str) -> String {
        let scaled = builder.op("Mul", &[levels, &self.factor], &format!("{name}/scaled"));
        builder.op("Add", &[&scaled, &self.shift], name)
    }

    fn levels(&self, builder: &mut Builder<'_>, input: &str) -> String {
        let unshifted = builder.op("Sub", &[input, &self.shift], "levels/unshifted");
        let levels = builder.op("Div", &[&unshifted, &self.factor], "levels/exact");
        builder.op("Round", &[&levels], "levels")
    }
}

/// The network's input from the levels of pictures at its size: scaled, in all views.
pub(crate) fn views_of_levels(
    builder: &mut Builder<'_>,
    preprocess: &Preprocess,
    views: Views,
    levels: &str,
) -> String {
    let scale = Scale::of(builder, preprocess);
    let looks = match views.zoomed {
        false => levels.to_owned(),
        true => {
            let zoomed = zoomed(builder, preprocess.size, levels);
            builder.op_with("Concat", &[levels, &zoomed], "views/looks", vec![int("axis", 0)])
        }
    };
    let input = scale.apply(builder, &looks, "input");
    mirrored(builder, views, input)
}

/// The same from what a network takes: scaled numbers, which are levels again where a view needs
/// them.
pub(crate) fn views_of_tensor(
    builder: &mut Builder<'_>,
    preprocess: &Preprocess,
    views: Views,
) -> String {
    if !views.zoomed {
        return mirrored(builder, views, TENSOR.to_owned());
    }
    let scale = Scale::of(builder, preprocess);
    let levels = scale.levels(builder, TENSOR);
    let zoomed = zoomed(builder, preprocess.size, &levels);
    let zoomed = scale.apply(builder, &zoomed, "views/zoomed");
    let looks = builder.op_with("Concat", &[TENSOR, &zoomed], "views/looks", vec![int("axis", 0)]);
    mirrored(builder, views, looks)
}

fn mirrored(builder: &mut Builder<'_>, views: Views, looks: String) -> String {
    if !views.mirrored {
        return looks;
    }
    let (last, axis) = (builder.int(-1), builder.int(3));
    let before_first = builder.int(i64::from(i32::MIN));
    let mirror = builder.op("Slice", &[&looks, &last, &before_first, &axis, &last], "views/mirror");
    builder.op_with("Concat", &[&looks, &mirror], "views/all", vec![int("axis", 0)])
}

/// The middle of each picture, seven eighths a side, at the same size.
fn zoomed(builder: &mut Builder<'_>, size: usize, levels: &str) -> String {
    let numbers = zoom(size);
    let matrix = builder.floats("zoom/weights", &[size, size], numbers);
    products(builder, "zoom", levels, &matrix, &matrix)
}

/// The weights by which a side of `size` pixels is resampled to its middle seven eighths.
fn zoom(size: usize) -> Vec<f32> {
    let (side, resized) = (size as i64, size as i64 * 8 / 7);
    let corner = ((resized - side) as f64 / 2.0).round_ties_even() as i64;
    let row = |i: i64| {
        let height = move |j: i64| {
            let apart = (2 * j + 1) * resized - (2 * (i + corner) + 1) * side;
            (2 * side.max(resized) - apart.abs()).max(0)
        };
        let sum: i64 = (0..side).map(height).sum();
        (0..side).map(move |j| height(j) as f64 / sum as f64)
    };
    let exact: Vec<f64> = (0..side).flat_map(row).collect();
    let largest = exact.iter().copied().fold(0.0, f64::max);
    let power = |bits: usize| f64::from(1u32 << bits);
    let fits = (1..=BITS).filter(|&bits| largest * power(bits) < f64::from(LIMIT));
    let scale = power(fits.count());
    exact.into_iter().map(|weight| ((weight * scale).round() / scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    use pictures::{Preprocess, Rgb};

    use super::zoom;

    #[test]
    fn the_zoom_by_matrices_is_the_one_of_predictions() {
        let size = 56;
        let level = |at: usize| (at * 7919 % 251) as u8;
        let data: Vec<u8> = (0..size * size * 3).map(level).collect();
        let weights = zoom(size);
        let product = |line: &dyn Fn(usize) -> f32, row: usize| -> f32 {
            let sum: f32 = (0..size).map(|j| weights[row * size + j] * line(j)).sum();
            (sum + 0.5).floor()
        };
        let low: Vec<f32> = (0..size * size * 3)
            .map(|at| {
                let (y, x, c) = (at / (3 * size), at / 3 % size, at % 3);
                product(&|j| f32::from(data[(j * size + x) * 3 + c]), y)
            })
            .collect();
        let preprocess =
            Preprocess { short_side: size * 8 / 7, size, mean: [0.0; 3], std: [1.0; 3] };
        let picture = Rgb { width: size as u32, height: size as u32, data: data.clone() };
        let expected = preprocess.pixels(&picture);
        for (at, &expected) in expected.iter().enumerate() {
            let (y, x, c) = (at / (3 * size), at / 3 % size, at % 3);
            let found = product(&|j| low[(y * size + j) * 3 + c], x);
            assert_eq!(found, f32::from(expected), "{at}");
        }
    }
}
