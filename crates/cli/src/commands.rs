//! One file a command.

pub(crate) mod apply;
pub(crate) mod bench;
pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod features;
pub(crate) mod habits;
pub(crate) mod look;
pub(crate) mod lr_find;
pub(crate) mod next;
pub(crate) mod pages;
pub(crate) mod practice;
pub(crate) mod predict;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod train;
