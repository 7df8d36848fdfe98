//! Small pictures of a folder's files, made anew, so that no file is shown as it lies.

use std::path::PathBuf;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use pictures::{DecodePermit, Detail, Limits, decode_for, small_jpeg, within};

use crate::album;
use crate::app::App;
use crate::problem::{Fault, Problem};

/// Pixels of the longer side in a grid, on a screen of twice as many.
pub(crate) const THUMB: u32 = 320;
/// Pixels of the longer side on its own.
pub(crate) const LARGE: u32 = 1600;

/// A JPEG of a file, its longer side at most so long. As many are drawn at a time as there are cores, and
/// other work does not wait for them.
pub(crate) async fn jpeg(app: &App, real: PathBuf, side: u32) -> Result<Response, Problem> {
    let _turn = app.drawing.acquire().await;
    let jpeg = app.blocking(move || drawn(&real, side)).await?;
    // The address changes with the file.
    let keep = "private, max-age=31536000, immutable";
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, keep)], jpeg).into_response())
}

fn drawn(real: &std::path::Path, side: u32) -> Result<Vec<u8>, Problem> {
    let bytes = album::read(real)?;
    let detail = Detail::ShortSide(side);
    let _permit = DecodePermit::for_picture(&bytes, detail);
    let decoded = decode_for(&bytes, &Limits::default(), detail);
    let picture = decoded.map_err(|reason| album::damaged(&reason))?.picture;
    Ok(small_jpeg(&within(&picture, side)))
}

/// A picture's side by the last part of its address.
pub(crate) fn side_of(file: &str) -> Result<u32, Problem> {
    match file {
        "thumb.jpg" => Ok(THUMB),
        "large.jpg" => Ok(LARGE),
        _ => Err(Fault::NotFound.because("a picture is `thumb.jpg` or `large.jpg`")),
    }
}
