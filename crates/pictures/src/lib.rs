//! Files to pixels to batches
