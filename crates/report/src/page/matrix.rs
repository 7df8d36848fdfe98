//! The confusion matrix as a table.

use insight::Insight;

use crate::names::percent;

/// Classes up to which a cell has room for its share and a column for a level heading.
const ROOMY: usize = 6;
const LEVEL: usize = 4;

pub(super) struct Matrix {
    pub(super) classes: Vec<usize>,
    pub(super) rows: Vec<Row>,
    /// How many pictures were predicted as each class.
    pub(super) called: Vec<usize>,
    pub(super) total: usize,
    /// Whether cells show their share, and whether column headings are horizontal.
    pub(super) roomy: bool,
    pub(super) level: bool,
}

pub(super) struct Row {
    pub(super) class: usize,
    pub(super) cells: Vec<Cell>,
    pub(super) sum: usize,
}

pub(super) struct Cell {
    pub(super) predicted: usize,
    pub(super) count: usize,
    pub(super) share: String,
    /// The share beside the largest shown, 0 to 1, as fastai shades it.
    pub(super) shade: String,
    pub(super) dark: bool,
    pub(super) right: bool,
    /// The pair whose pictures it links to.
    pub(super) pair: Option<usize>,
}

/// All classes, or the `most` with the most mistakes in row and column, in class order.
pub(super) fn most_confused_classes(insight: &Insight, most: usize) -> Vec<usize> {
    let mut mistakes = vec![0; insight.classes.len()];
    for pair in &insight.most_confused {
        mistakes[pair.actual] += pair.count;
        mistakes[pair.predicted] += pair.count;
    }
    let mut classes: Vec<usize> = (0..mistakes.len()).collect();
    if classes.len() > most {
        classes.sort_by_key(|&class| std::cmp::Reverse(mistakes[class]));
        classes.truncate(most);
        classes.sort_unstable();
    }
    classes
}

impl Matrix {
    /// The matrix of `classes`; cells of the first `pairs` pairs link to their pictures.
    pub(super) fn of(insight: &Insight, classes: &[usize], pairs: usize) -> Self {
        let confusion = &insight.confusion;
        let shares =
            classes.iter().flat_map(|&a| classes.iter().map(move |&p| confusion.share(a, p)));
        let largest = shares.fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        let linked = &insight.most_confused[..insight.most_confused.len().min(pairs)];
        let cell = |actual: usize, predicted: usize| {
            let share = confusion.share(actual, predicted);
            Cell {
                predicted,
                count: confusion.counts[actual][predicted],
                share: percent(share),
                shade: format!("{:.3}", share / largest),
                dark: share > largest / 2.0,
                right: actual == predicted,
                pair: linked.iter().position(|p| (p.actual, p.predicted) == (actual, predicted)),
            }
        };
        let row = |&class: &usize| Row {
            class,
            cells: classes.iter().map(|&predicted| cell(class, predicted)).collect(),
            sum: confusion.row_sum(class),
        };
        Self {
            rows: classes.iter().map(row).collect(),
            called: classes.iter().map(|&class| confusion.column_sum(class)).collect(),
            total: insight.judged.len(),
            roomy: classes.len() <= ROOMY,
            level: classes.len() <= LEVEL,
            classes: classes.to_vec(),
        }
    }
}
