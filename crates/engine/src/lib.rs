//! Runs a network: the one coarse [`Engine`] trait and the CPU engine.
//!
//! Its three central types are [`Engine`] (what recipes and classifiers see), [`Cpu`] (hand-written
//! forward and backward passes on the `kernels` crate) and [`Images`] (a batch of pictures).

mod api;

pub use api::{Adam, Engine, EngineError, GroupRates, Images, Outputs, Step, Trained};
