//! A convolution as a product of matrices that are never built: its input is copied piece by piece
//! into a padded buffer that fits the cache, and each tap of the filter is an offset into it.

mod backward_weights;
mod forward;
mod input;
mod job;
mod local;
mod pack;
mod prefetch;
mod tiles;

pub(super) use backward_weights::run as backward_weights;
pub(super) use forward::run;
pub(super) use job::Job;
pub(super) use pack::pack;
