use crate::features::Table;

/// Rows of features with their labels: what a head is fitted on.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// The features of all pictures, a row each.
    pub features: &'a Table,
    /// The rows that are meant.
    pub rows: &'a [usize],
    /// The class of each row of the table, below `classes`.
    pub labels: &'a [usize],
    /// How many classes there are.
    pub classes: usize,
}

impl<'a> Samples<'a> {
    /// These rows of the table.
    #[must_use]
    pub fn new(
        features: &'a Table,
        rows: &'a [usize],
        labels: &'a [usize],
        classes: usize,
    ) -> Self {
        Self { features, rows, labels, classes }
    }

    /// Other rows of the same table.
    #[must_use]
    pub fn with_rows(self, rows: &'a [usize]) -> Self {
        Self { rows, ..self }
    }

    /// Numbers in a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.features.width()
    }
}

/// How many folds there are.
pub(super) fn folds(fold_of: &[usize]) -> usize {
    fold_of.iter().max().map_or(0, |most| most + 1)
}
