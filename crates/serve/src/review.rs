//! A folder of pictures that somebody looks through in a browser: what is wrong with it, what is decided
//! of it, and the plan in which every decision stands at once.

mod draft;
mod findings;
mod list;
mod near;
mod routes;
mod session;
mod work;

pub(crate) use routes::table;
pub(crate) use session::Review;
