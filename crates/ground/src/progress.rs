//! How a room says how far it is. The rooms never print; the binary, a page or a test each draw
//! this in their own way.

/// Where news of a run goes.
pub trait Progress: Send + Sync {
    /// Starts a piece of work of `total` units (`None` where it cannot be known).
    fn begin(&self, what: &str, total: Option<u64>) -> Box<dyn Bar>;

    /// A line that the user should read and that is not an error.
    fn note(&self, line: &str);

    /// A warning: something is not as the user would expect, but work goes on.
    fn warn(&self, line: &str);
}

/// One piece of work under way. Dropping it ends it.
pub trait Bar: Send + Sync {
    /// `units` more are done.
    fn advance(&self, units: u64);

    /// What is being done just now, in a few words.
    fn say(&self, message: &str);
}

/// Says nothing: for tests and for callers that do not want to hear.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: Option<u64>) -> Box<dyn Bar> {
        Box::new(Silent)
    }
    fn note(&self, _line: &str) {}
    fn warn(&self, _line: &str) {}
}

impl Bar for Silent {
    fn advance(&self, _units: u64) {}
    fn say(&self, _message: &str) {}
}
