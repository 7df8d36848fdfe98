//! From the network's numbers to the answer: calibrated probabilities, novelty with the nearest known
//! pictures, the verdict and the classes that it names; as `insight::Calibration` and
//! `classifier::Neighbours` do it.

use classifier::Reference;
use insight::{Calibration, Scaling};

use super::builder::{Builder, int};
use crate::proto::Kind;

/// The verdict on a picture that is not recognised.
pub const NOT_RECOGNISED: i64 = -1;
/// The verdict where several classes are named.
pub const AMBIGUOUS: i64 = -2;

/// A length that no row of features falls short of but one of zeros.
const SHORTEST: f32 = 1e-30;

/// What was found by comparing a picture with known ones.
pub(crate) struct Novelty {
    /// How many known pictures are named.
    pub(crate) neighbours: usize,
    /// The mean distance, a column.
    column: String,
    /// Whether the picture is one of the known ones, a column.
    known: String,
}

/// Writes the calibrated probabilities of logits.
pub(crate) fn probabilities(
    builder: &mut Builder<'_>,
    calibration: &Calibration,
    logits: &str,
) -> String {
    let narrow = |numbers: &[f64]| numbers.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let scaled = match &calibration.scaling {
        Scaling::Temperature(temperature) => {
            let factor = builder.float("calibration/factor", (1.0 / temperature) as f32);
            builder.op("Mul", &[logits, &factor], "calibrated")
        }
        Scaling::Vector { factors, shifts } => {
            let dims = [1, factors.len()];
            let factors = builder.floats("calibration/factors", &dims, narrow(factors));
            let shifts = builder.floats("calibration/shifts", &dims, narrow(shifts));
            let scaled = builder.op("Mul", &[logits, &factors], "calibration/scaled");
            builder.op("Add", &[&scaled, &shifts], "calibrated")
        }
    };
    builder.op_with("Softmax", &[&scaled], "probabilities", vec![int("axis", 1)])
}

/// Writes the comparison of features with those of known pictures: the outputs `nearest`, `distances` and
/// `novelty`. The features are the last `width` numbers of a row.
pub(crate) fn novelty<'a>(
    builder: &mut Builder<'a>,
    reference: &'a Reference,
    features: &str,
    columns: usize,
    neighbours: usize,
    half: bool,
) -> Novelty {
    let (count, width) = (reference.pictures.len(), reference.width);
    let rows = match columns - width {
        0 => features.to_owned(),
        before => {
            let (from, to) = (builder.int(before as i64), builder.int(columns as i64));
            let axis = builder.int(1);
            builder.op("Slice", &[features, &from, &to, &axis], "novelty/averages")
        }
    };
    let (one, keep) = (builder.int(1), || vec![int("keepdims", 1)]);
    let squares = builder.op("Mul", &[&rows, &rows], "novelty/squares");
    let sum = builder.op_with("ReduceSum", &[&squares, &one], "novelty/square", keep());
    let length = builder.op("Sqrt", &[&sum], "novelty/length");
    let shortest = builder.float("novelty/shortest", SHORTEST);
    let length = builder.op("Max", &[&length, &shortest], "novelty/divisor");
    let directions = builder.op("Div", &[&rows, &length], "novelty/direction");
    let known = builder.weights("reference", &[count, width], || directions_of(reference));
    let cosines =
        builder.op_with("Gemm", &[&directions, &known], "novelty/cosines", vec![int("transB", 1)]);
    let neighbours = neighbours.min(count);
    let most = builder.int(neighbours as i64);
    let found = ["novelty/nearest_cosines", "nearest"];
    builder.several("TopK", &[&cosines, &most], "novelty/top", &found, vec![int("axis", 1)]);
    let unit = builder.float("one", 1.0);
    let apart = builder.op("Sub", &[&unit, found[0]], "novelty/apart");
    let (low, high) =
        (builder.floats("zero", &[], vec![0.0]), builder.floats("two", &[], vec![2.0]));
    let distances = builder.op("Clip", &[&apart, &low, &high], "distances");
    // By a pool: a sum along rows is added in an order that depends on where in memory a row begins,
    // and a picture's answer must not depend on the pictures beside it.
    let (zero, axis) = (builder.int(0), one);
    let map = builder.ints("novelty/map/shape", &[4], vec![-1, 1, 1, neighbours as i64]);
    let map = builder.op("Reshape", &[&distances, &map], "novelty/map");
    let mean = builder.op("GlobalAveragePool", &[&map], "novelty/mean");
    flat(builder, &mean, "novelty");
    let shape = builder.ints("column", &[2], vec![-1, 1]);
    let column = builder.op("Reshape", &[&mean, &shape], "novelty/column");
    let closest = builder.op("Slice", &[&distances, &zero, &axis, &axis], "novelty/closest");
    let same = builder.float("novelty/same", known_below(half));
    let known = builder.op("Less", &[&closest, &same], "novelty/known");
    Novelty { neighbours, column, known }
}

/// The distance below which a picture is one of the known ones. Weights in 16 bits move features
/// further than rounding does.
pub(crate) fn known_below(half: bool) -> f32 {
    if half { 10.0 * classifier::SAME } else { classifier::SAME }
}

/// The rows of a reference at length 1; one without a direction is all zeros.
fn directions_of(reference: &Reference) -> Vec<f32> {
    let rows = reference.rows.chunks_exact(reference.width.max(1));
    let direction = |row: &[f32]| {
        let square: f64 = row.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let length = square.sqrt();
        let inverse = if length > f64::from(SHORTEST) { length.recip() } else { 0.0 };
        row.iter().map(|&x| (f64::from(x) * inverse) as f32).collect::<Vec<f32>>()
    };
    rows.flat_map(direction).collect()
}

/// Writes the verdict and the classes that it names: the outputs `verdict` and `named`.
pub(crate) fn verdict(
    builder: &mut Builder<'_>,
    calibration: &Calibration,
    probabilities: &str,
    novelty: Option<&Novelty>,
) {
    let classes = calibration.thresholds.len();
    let (zero, one, two) = (builder.int(0), builder.int(1), builder.int(2));
    // Which classes are probable enough, and how many.
    let thresholds = calibration.thresholds.iter().map(|&threshold| below(threshold)).collect();
    let thresholds = builder.floats("verdict/thresholds", &[1, classes], thresholds);
    let member = builder.op("GreaterOrEqual", &[probabilities, &thresholds], "verdict/member");
    let members = builder.cast(&member, Kind::Int64, "verdict/members");
    let keep = || vec![int("keepdims", 1)];
    let count = builder.op_with("ReduceSum", &[&members, &one], "verdict/count", keep());
    let single = builder.op("Equal", &[&count, &one], "verdict/single");
    let none = builder.op("Equal", &[&count, &zero], "verdict/none");
    let settings = vec![int("axis", 1), int("keepdims", 1)];
    let only = builder.op_with("ArgMax", &[&members], "verdict/only", settings);
    // The two most probable, for pictures where no class is probable enough.
    let top = ["verdict/top/probabilities", "verdict/top/classes"];
    builder.several("TopK", &[probabilities, &two], "verdict/top", &top, vec![int("axis", 1)]);
    let highest = builder.op("Slice", &[top[0], &zero, &one, &one], "verdict/highest");
    let first = builder.op("Slice", &[top[1], &zero, &one, &one], "verdict/first");
    let second = builder.op("Slice", &[top[1], &one, &two, &one], "verdict/second");
    let coverage = builder.float("verdict/coverage", below(calibration.coverage));
    let sure = builder.op("GreaterOrEqual", &[&highest, &coverage], "verdict/sure");
    let alone = builder.op("And", &[&none, &sure], "verdict/alone");
    let ambiguous = builder.int(AMBIGUOUS);
    let of_one = builder.op("Where", &[&single, &only, &ambiguous], "verdict/of_one");
    let column = builder.op("Where", &[&alone, &first, &of_one], "verdict/of_none");
    // As a row of marks, one a class.
    let numbers = builder.ints("verdict/classes", &[1, classes], (0..classes as i64).collect());
    let is_first = builder.op("Equal", &[&first, &numbers], "verdict/is_first");
    let is_second = builder.op("Equal", &[&second, &numbers], "verdict/is_second");
    let unsure = builder.op("Not", &[&sure], "verdict/unsure");
    let also = builder.op("And", &[&is_second, &unsure], "verdict/also");
    let likeliest = builder.op("Or", &[&is_first, &also], "verdict/likeliest");
    let instead = builder.op("And", &[&likeliest, &none], "verdict/instead");
    let far = novelty.and_then(|novelty| far(builder, calibration, novelty));
    let Some(far) = far else {
        flat(builder, &column, "verdict");
        builder.op("Or", &[&member, &instead], "named");
        return;
    };
    let strange = builder.int(NOT_RECOGNISED);
    let column = builder.op("Where", &[&far, &strange, &column], "verdict/column");
    flat(builder, &column, "verdict");
    let named = builder.op("Or", &[&member, &instead], "verdict/named");
    let near = builder.op("Not", &[&far], "verdict/near");
    builder.op("And", &[&named, &near], "named");
}

/// Whether a picture lies beyond the limit, and is none of the known ones.
fn far(builder: &mut Builder<'_>, calibration: &Calibration, novelty: &Novelty) -> Option<String> {
    let limit = builder.float("verdict/limit", below(calibration.novelty?));
    let beyond = builder.op("Greater", &[&novelty.column, &limit], "verdict/beyond");
    let new = builder.op("Not", &[&novelty.known], "verdict/new");
    Some(builder.op("And", &[&beyond, &new], "verdict/far"))
}

/// A column as one number a picture.
fn flat(builder: &mut Builder<'_>, column: &str, name: &str) -> String {
    let rest = builder.int(-1);
    builder.op("Reshape", &[column, &rest], name)
}

/// The largest 32-bit number that is not above this one, so that what reaches a threshold in 64 bits
/// still does.
fn below(number: f64) -> f32 {
    let narrow = number as f32;
    if f64::from(narrow) > number { narrow.next_down() } else { narrow }
}

#[cfg(test)]
mod tests {
    use classifier::{Known, Reference};

    use super::{below, directions_of};

    #[test]
    fn thresholds_are_rounded_down() {
        for number in [0.1, 0.9, 0.25, 1.0, 0.0, 0.333_333_333_3] {
            let narrow = below(number);
            assert!(f64::from(narrow) <= number && f64::from(narrow.next_up()) > number);
        }
    }

    #[test]
    fn known_pictures_have_length_one_or_no_direction() {
        let known = Known { picture: String::new(), label: 0, thumbnail: None };
        let rows = vec![3.0, 4.0, 0.0, 0.0];
        let reference = Reference { pictures: vec![known; 2], width: 2, rows };
        assert_eq!(directions_of(&reference), [0.6, 0.8, 0.0, 0.0]);
    }
}
