//! A classifier made by hand in a browser: classes, pictures, training, trying. What counts is the folder
//! on the disk, so that the command line works on the same project.

mod listing;
mod routes;
mod session;
mod state;
mod store;
mod work;

pub(crate) use routes::{adding, table};
pub(crate) use session::Project;
