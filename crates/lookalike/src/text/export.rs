//! What an export wrote, for a terminal.

use std::fmt::Write as _;

use ::export::{Exported, Port, Target};

use super::printable;

/// What was written, how to run it, and what differs.
#[must_use]
pub fn export(exported: &Exported) -> String {
    let Exported { target, path, files, opset, inputs, outputs, notes } = exported;
    let path = printable(&path.to_string_lossy());
    let mut text = String::from("files:\n");
    for (file, bytes) in files {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}  {}", printable(&file.to_string_lossy()), size(*bytes));
    }
    let mut ports = |what: &str, all: &[Port]| {
        let _ = writeln!(text, "{what}:");
        for Port { name, kind, shape, meaning } in all {
            let _ = writeln!(text, "  {name}  {kind} [{}]\n    {meaning}", shape.join(", "));
        }
    };
    if opset.is_some() {
        ports("input", inputs);
        ports("outputs", outputs);
    }
    if let Some(opset) = opset {
        let _ = writeln!(text, "ONNX: opset {opset}, IR version {}", ::export::proto::IR_VERSION);
    }
    for note in notes {
        let _ = writeln!(text, "note: {note}");
    }
    text + &run(*target, &path, inputs)
}

/// Three lines that run it.
fn run(target: Target, path: &str, inputs: &[Port]) -> String {
    let input = inputs.first().map_or("images", |port| port.name.as_str());
    match target {
        Target::Onnx => format!(
            "Run it in Python (docs/export.md has more languages):\n  import onnxruntime\n  session = \
             onnxruntime.InferenceSession({path:?})\n  verdict, named, probabilities = \
             session.run(None, {{\"{input}\": pixels}})[:3]"
        ),
        Target::Timm => format!(
            "Load it in Python:\n  import timm\n  model = timm.create_model(\"local-dir:\" + \
             {path:?}, pretrained=True).eval()"
        ),
        Target::Hub => {
            format!("Upload it, once you have read its README.md:\n  hf upload USER/NAME {path}")
        }
        Target::Web => format!(
            "Try it in a browser (pages from a disk may not load scripts):\n  python3 -m http.server \
             --directory {path}\n  http://localhost:8000/example.html"
        ),
        Target::Html => {
            "Open it in a browser, mail it, or put it on any host. It asks nobody for anything."
                .into()
        }
    }
}

/// Bytes as people read them: `13.6 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_read_at_a_glance() {
        assert_eq!([12, 1500, 13_600_000].map(size), ["12 B", "1.5 kB", "13.6 MB"]);
    }
}
