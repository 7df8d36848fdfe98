/// How a picture is turned against another: one of the eight ways to lay a square on itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Turn {
    /// Not at all.
    AsIs,
    /// Left for right.
    Mirrored,
    /// Top for bottom.
    Flipped,
    /// Half a turn.
    UpsideDown,
    /// Along the line from the top left to the bottom right.
    Transposed,
    /// A quarter, clockwise.
    Right,
    /// A quarter, anticlockwise.
    Left,
    /// Along the line from the bottom left to the top right.
    Transversed,
}

impl Turn {
    /// Each of them.
    pub const ALL: [Self; 8] = [
        Self::AsIs,
        Self::Mirrored,
        Self::Flipped,
        Self::UpsideDown,
        Self::Transposed,
        Self::Right,
        Self::Left,
        Self::Transversed,
    ];

    /// To be said of a picture: "`b.jpg` is `a.jpg` …".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AsIs => "as it is",
            Self::Mirrored => "mirrored",
            Self::Flipped => "mirrored top to bottom",
            Self::UpsideDown => "turned upside down",
            Self::Transposed => "turned left and mirrored top to bottom",
            Self::Right => "turned right",
            Self::Left => "turned left",
            Self::Transversed => "turned right and mirrored top to bottom",
        }
    }

    /// The turn that undoes this one.
    #[must_use]
    pub fn undone(self) -> Self {
        match self {
            Self::Right => Self::Left,
            Self::Left => Self::Right,
            other => other,
        }
    }

    /// Whether rows become columns; and whether, before that, rows and columns are counted from
    /// their end.
    pub(super) fn parts(self) -> (bool, bool, bool) {
        match self {
            Self::AsIs => (false, false, false),
            Self::Mirrored => (false, false, true),
            Self::Flipped => (false, true, false),
            Self::UpsideDown => (false, true, true),
            Self::Transposed => (true, false, false),
            Self::Right => (true, true, false),
            Self::Left => (true, false, true),
            Self::Transversed => (true, true, true),
        }
    }

    /// A square of `side × side` values, turned.
    pub(super) fn of<T: Copy>(self, square: &[T], side: usize) -> Vec<T> {
        let (across, up, back) = self.parts();
        let end = |flip: bool, at: usize| if flip { side - 1 - at } else { at };
        (0..side * side)
            .map(|at| {
                let (y, x) = (at / side, at % side);
                let (row, column) = if across { (x, y) } else { (y, x) };
                square[end(up, row) * side + end(back, column)]
            })
            .collect()
    }
}
