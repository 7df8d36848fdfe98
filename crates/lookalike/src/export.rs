use ::export::{ExportRequest, Exported, Target};

use crate::{Error, Page, prove_page};

/// Exports a classifier for other programs: as ONNX, for timm or for the Hugging Face hub. What is
/// written has been read back and compared when this returns.
///
/// # Errors
/// When the classifier is refused, the target cannot hold it, writing fails, or another file than an
/// exported page has the name of the page.
pub fn export(request: &ExportRequest) -> Result<Exported, Error> {
    if let (Target::Html, page) = request.place()? {
        prove_page(Some(&page), Page::Classifier)?;
    }
    Ok(::export::export(request)?)
}
