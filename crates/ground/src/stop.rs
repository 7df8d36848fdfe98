use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A polite request to end, shared by whoever may ask (Ctrl-C) and whoever must look (the loops).
///
/// Work between two looks is kept short enough (one batch, one picture) that asking feels prompt.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// A request that nobody has made yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the end.
    pub fn ask(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether the end has been asked for.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
