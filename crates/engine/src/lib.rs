//! Runs a network: the one coarse [`Engine`] trait and the CPU engine.
//!
//! Its three central types are [`Engine`] (what recipes and classifiers see), [`Cpu`] (hand-written
//! forward and backward passes on the `kernels` crate) and [`Images`] (a batch of pictures).
//!
//! A graph is turned into a *plan* once for each batch size: a list of steps on numbered buffers,
//! forward and backward, with norms and activations folded into the steps that read them. Each
//! operation is one file in `ops`. Buffers share one arena by when they are needed. While a plan runs
//! no tensor is allocated.
//!
//! ```
//! use engine::{Cpu, Engine, Images};
//! use network::{Architecture, Backbone, Head, Parameters};
//! let graph = Architecture { backbone: Backbone::Small, head: Head::Fastai { classes: 2 } }.graph();
//! let start = Parameters::start(&graph, 42);
//! let mut engine = Cpu::new(graph);
//! engine.set_parameters(&start).unwrap();
//! let pixels = vec![0.5; 32 * 32 * 3];
//! let images = Images { pixels: &pixels, count: 1, height: 32, width: 32 };
//! assert_eq!(engine.predict(images).unwrap().logits.len(), 2);
//! ```

mod action;
mod api;
mod arena;
pub mod bench;
mod cpu;
mod gradients;
mod layout;
mod lazy;
mod matmul;
mod operation;
mod ops;
mod packing;
mod passes;
mod plan;
mod planner;
mod run;
mod state;
mod store;

pub use api::{Adam, Engine, EngineError, GroupRates, Images, Maps, Outputs, State, Step, Trained};
pub use bench::{fastest_precision, instruction_set};
pub use cpu::{Cpu, Timing};
pub use matmul::{matmul, matmul_transposed};
pub use packing::Packing;
