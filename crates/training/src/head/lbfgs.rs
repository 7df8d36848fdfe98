//! L-BFGS (Liu, Nocedal: *On the limited memory BFGS method for large scale optimization*,
//! Mathematical Programming 45, 1989), turned inside out: it says where it wants the function
//! evaluated and is told the result, so that several minimisations can share each pass over the
//! data.

use std::collections::VecDeque;

/// Steps that the curvature is estimated from.
const MEMORY: usize = 8;
/// Steps at most.
const STEPS: usize = 150;
/// Evaluations along one direction at most.
const TRIES: usize = 20;

/// One minimisation of a smooth convex function.
pub(super) struct Lbfgs {
    /// The best point so far.
    point: Vec<f32>,
    value: f64,
    gradient: Vec<f32>,
    /// Where it wants to go from there.
    direction: Vec<f32>,
    slope: f64,
    step: f64,
    tries: usize,
    steps: usize,
    /// The last steps, each with its change of the gradient and 1 / their product.
    memory: VecDeque<(Vec<f32>, Vec<f32>, f64)>,
    /// The gradient's length at which it is done.
    enough: f64,
    /// Where the function is to be evaluated next.
    wanted: Vec<f32>,
    done: bool,
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    // In four sums, so that the processor can work on several at a time.
    let mut sums = [0.0; 4];
    for (a, b) in a.chunks(4).zip(b.chunks(4)) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f64::from(*a) * f64::from(*b);
        }
    }
    sums.iter().sum()
}

fn add(to: &mut [f32], factor: f64, x: &[f32]) {
    let factor = factor as f32;
    to.iter_mut().zip(x).for_each(|(to, x)| *to += factor * x);
}

/// Whether a step's product with its change of the gradient says anything of the curvature.
fn worth(product: f64, change: &[f32]) -> bool {
    product > 1e-10 * dot(change, change)
}

impl Lbfgs {
    /// Starts at a point and ends where the gradient is `tolerance` times as long as it was there.
    pub(super) fn new(start: Vec<f32>, tolerance: f64) -> Self {
        Self {
            wanted: start.clone(),
            point: start,
            value: f64::INFINITY,
            gradient: vec![],
            direction: vec![],
            slope: 0.0,
            step: 1.0,
            tries: 0,
            steps: 0,
            memory: VecDeque::new(),
            enough: tolerance,
            done: false,
        }
    }

    /// Where the function is to be evaluated next; nowhere once it is done.
    pub(super) fn wanted(&self) -> Option<&[f32]> {
        (!self.done).then_some(&self.wanted)
    }

    /// The best point.
    pub(super) fn point(self) -> Vec<f32> {
        self.point
    }

    /// Goes on from the best point with another function, which is the old one and `bend` times
    /// half the square of the first so many numbers. What it takes for enough, and what it knows of
    /// the old one's curvature, stays.
    pub(super) fn resume(&mut self, numbers: usize, bend: f64) {
        for (moved, change, inverse) in &mut self.memory {
            add(&mut change[..numbers], bend, &moved[..numbers]);
            *inverse = 1.0 / dot(moved, change);
        }
        self.memory.retain(|(_, change, inverse)| worth(1.0 / inverse, change));
        let own = &self.point[..numbers];
        self.value += bend * 0.5 * dot(own, own);
        add(&mut self.gradient[..numbers], bend, own);
        (self.steps, self.done) = (0, false);
        self.turn();
    }

    /// Takes the function's value and gradient where they were wanted; whether that is now the best
    /// point.
    pub(super) fn take(&mut self, value: f64, gradient: Vec<f32>) -> bool {
        if self.gradient.is_empty() {
            self.enough *= dot(&gradient, &gradient).sqrt();
            (self.value, self.gradient) = (value, gradient);
            self.turn();
            return true;
        }
        self.tries += 1;
        // Armijo's rule, with room for what f32 loses.
        let bound = self.value + 1e-4 * self.step * self.slope + 1e-7 * self.value.abs();
        // What is no number is refused too.
        if value.is_nan() || value > bound {
            if self.tries == TRIES {
                self.done = true; // as good as rounding lets it be
                return false;
            }
            // Where the parabola through what is known is lowest, but neither too near nor too far.
            let parabola =
                -self.slope * self.step / (2.0 * (value - self.value - self.slope * self.step));
            let factor = if value.is_finite() { parabola * self.step } else { 0.0 };
            self.step = factor.clamp(0.1 * self.step, 0.5 * self.step);
            self.aim();
            return false;
        }
        let moved: Vec<f32> =
            self.wanted.iter().zip(&self.point).map(|(to, from)| to - from).collect();
        let change: Vec<f32> =
            gradient.iter().zip(&self.gradient).map(|(to, from)| to - from).collect();
        let product = dot(&moved, &change);
        if worth(product, &change) {
            if self.memory.len() == MEMORY {
                self.memory.pop_front();
            }
            self.memory.push_back((moved, change, 1.0 / product));
        }
        self.point.clone_from(&self.wanted);
        (self.value, self.gradient) = (value, gradient);
        self.steps += 1;
        self.turn();
        true
    }

    /// Chooses a new direction from the best point.
    fn turn(&mut self) {
        let length = dot(&self.gradient, &self.gradient).sqrt();
        if length <= self.enough || length == 0.0 || self.steps == STEPS {
            self.done = true;
            return;
        }
        // The two-loop recursion.
        let mut direction = self.gradient.clone();
        let mut shares = vec![];
        for (moved, change, inverse) in self.memory.iter().rev() {
            let share = inverse * dot(moved, &direction);
            add(&mut direction, -share, change);
            shares.push(share);
        }
        let scale = match self.memory.back() {
            Some((_, change, inverse)) => 1.0 / (inverse * dot(change, change)),
            None => 1.0 / length,
        };
        direction.iter_mut().for_each(|x| *x *= scale as f32);
        for ((moved, change, inverse), share) in self.memory.iter().zip(shares.into_iter().rev()) {
            let back = inverse * dot(change, &direction);
            add(&mut direction, share - back, moved);
        }
        direction.iter_mut().for_each(|x| *x = -*x);
        self.slope = dot(&direction, &self.gradient);
        self.direction = direction;
        if self.slope >= 0.0 {
            self.done = true; // rounding has the last word
            return;
        }
        (self.step, self.tries) = (1.0, 0);
        self.aim();
    }

    fn aim(&mut self) {
        self.wanted.clone_from(&self.point);
        add(&mut self.wanted, self.step, &self.direction);
    }
}

#[cfg(test)]
mod tests {
    use super::Lbfgs;

    /// A long, narrow valley: its lowest point is found, and not by way of higher ones.
    #[test]
    fn the_lowest_point_of_a_valley_is_found() {
        let target = [3.0f32, -2.0, 0.5, 7.0];
        let weight = [1.0f32, 100.0, 1e3, 0.1];
        let mut search = Lbfgs::new(vec![0.0; 4], 1e-5);
        let mut evaluations = 0;
        while let Some(x) = search.wanted() {
            let off: Vec<f32> = x.iter().zip(target).map(|(x, t)| x - t).collect();
            let value = off.iter().zip(weight).map(|(o, w)| f64::from(0.5 * w * o * o)).sum();
            search.take(value, off.iter().zip(weight).map(|(o, w)| w * o).collect());
            evaluations += 1;
        }
        for (found, wanted) in search.point().iter().zip(target) {
            assert!((found - wanted).abs() < 1e-2 * wanted.abs(), "{found} is not {wanted}");
        }
        assert!(evaluations < 80, "{evaluations} evaluations");
    }

    /// After the function has changed by a square it goes on to its new lowest point, and sooner
    /// than from the start.
    #[test]
    fn it_goes_on_from_where_it_is() {
        let (target, weight) = ([3.0f32, -2.0, 0.5, 7.0], [1.0f32, 100.0, 1e3, 0.1]);
        let run = |search: &mut Lbfgs, bend: f32| {
            let mut evaluations = 0;
            while let Some(x) = search.wanted() {
                let x = x.to_vec();
                let bent = |i: usize| if i < 3 { bend } else { 0.0 };
                let value = (0..4).map(|i| {
                    let off = x[i] - target[i];
                    f64::from(0.5 * weight[i] * off * off + 0.5 * bent(i) * x[i] * x[i])
                });
                let slope = (0..4).map(|i| weight[i] * (x[i] - target[i]) + bent(i) * x[i]);
                search.take(value.sum(), slope.collect());
                evaluations += 1;
            }
            evaluations
        };
        let mut search = Lbfgs::new(vec![0.0; 4], 1e-5);
        run(&mut search, 2.0);
        search.resume(3, -1.0);
        let further = run(&mut search, 1.0);
        let anew = run(&mut Lbfgs::new(vec![0.0; 4], 1e-5), 1.0);
        assert!(further < anew, "{further} evaluations, {anew} from the start");
        for (i, found) in search.point().into_iter().enumerate() {
            let bend = if i < 3 { 1.0 } else { 0.0 };
            let lowest = weight[i] * target[i] / (weight[i] + bend);
            assert!((found - lowest).abs() < 1e-2 * lowest.abs(), "{found} is not {lowest}");
        }
    }

    #[test]
    fn where_the_slope_is_level_it_stays() {
        let mut search = Lbfgs::new(vec![1.0], 1e-4);
        search.take(2.0, vec![0.0]);
        assert!(search.wanted().is_none());
        assert_eq!(search.point(), [1.0]);
    }

    #[test]
    fn a_value_that_is_no_number_ends_it_where_it_was_good() {
        let mut search = Lbfgs::new(vec![1.0], 1e-4);
        search.take(2.0, vec![1.0]);
        while search.wanted().is_some() {
            search.take(f64::NAN, vec![f32::NAN]);
        }
        assert_eq!(search.point(), [1.0]);
    }
}
