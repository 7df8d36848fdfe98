//! Outputs of one classifier in the order of another's classes.

/// Where each class of the first classifier stands among the outputs of the second; then the classes
/// that the second alone knows.
pub(crate) struct Order(Vec<Option<usize>>, Vec<usize>);

/// How far below its lowest output a classifier rates a class that it does not know.
const NEVER: f32 = 20.0;

impl Order {
    pub(crate) fn of(first: &[String], second: &[String]) -> Self {
        let places = first.iter().map(|name| second.iter().position(|other| other == name));
        let places: Vec<Option<usize>> = places.collect();
        let rest = (0..second.len()).filter(|&place| !places.contains(&Some(place))).collect();
        Self(places, rest)
    }

    /// Whether the second knows this class of the first.
    pub(crate) fn knows(&self, class: usize) -> bool {
        self.0.get(class).is_some_and(Option::is_some)
    }

    /// A row of the second in the order of the first, followed by what the first does not know.
    pub(crate) fn row(&self, logits: &[f32]) -> Vec<f32> {
        let lowest = logits.iter().copied().fold(f32::INFINITY, f32::min) - NEVER;
        let known = self.0.iter().map(|place| place.map_or(lowest, |place| logits[place]));
        known.chain(self.1.iter().map(|&place| logits[place])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn outputs_are_matched_by_the_name_of_the_class() {
        let names = |names: &[&str]| names.iter().map(|&name| name.into()).collect::<Vec<String>>();
        let order = Order::of(&names(&["ant", "bee", "fly"]), &names(&["wasp", "fly", "ant"]));
        assert_eq!([0, 1, 2, 3].map(|class| order.knows(class)), [true, false, true, false]);
        // The unknown `bee` is rated below everything; `wasp` stands last.
        assert_eq!(order.row(&[0.5, 1.0, 2.0]), [2.0, -19.5, 1.0, 0.5]);
    }
}
