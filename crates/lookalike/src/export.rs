use ::export::{ExportRequest, Exported};

use crate::Error;

/// Exports a classifier for other programs: as ONNX, for timm or for the Hugging Face hub. What is
/// written has been read back and compared when this returns.
///
/// # Errors
/// When the classifier is refused, the target cannot hold it, or writing fails.
pub fn export(request: &ExportRequest) -> Result<Exported, Error> {
    Ok(::export::export(request)?)
}
