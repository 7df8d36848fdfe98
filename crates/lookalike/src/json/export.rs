use ::export::Exported;
use serde_json::{Value, json};

/// What an export wrote, as JSON.
#[must_use]
pub fn export(exported: &Exported) -> Value {
    let Exported { target, path, files, opset, inputs, outputs, notes } = exported;
    let file = |(path, bytes): &(std::path::PathBuf, u64)| json!({ "path": path, "bytes": bytes });
    json!({
        "target": target,
        "path": path,
        "files": files.iter().map(file).collect::<Vec<_>>(),
        "opset": opset,
        "inputs": inputs,
        "outputs": outputs,
        "notes": notes,
    })
}
