//! Writing an ONNX file tensor by tensor, and reading it back before it takes its name.

use std::path::Path;

use bytes::Bytes;
use ground::files::{Disk, Whole, read_capped};
use ground::{Digest, Hash};
use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::ExportError;
use crate::onnx::{Initialiser, Onnx};
use crate::proto::{Graph, Model, Tensor};

/// What protobuf allows.
const LARGEST: usize = i32::MAX as usize;

/// Numbers of fields, as in [`crate::proto`].
const MODEL_GRAPH: u32 = 7;
const GRAPH_INITIALISER: u32 = 5;
const TENSOR_RAW_DATA: u32 = 9;

/// What a file must hold: all but the numbers of its tensors, and for each a digest of those.
#[derive(Debug)]
pub(crate) struct Meant {
    skeleton: Model,
    /// Name, shape, kind and digest.
    tensors: Vec<(String, Vec<i64>, i32, Digest)>,
    /// Bytes of the file.
    pub(crate) bytes: usize,
}

/// Writes a file that takes its name once `finish` is called on it, and says what it must hold.
pub(crate) fn write<'p>(path: &'p Path, onnx: Onnx<'_>) -> Result<(Whole<'p>, Meant), ExportError> {
    let Onnx { skeleton, initialisers } = onnx;
    let graph = skeleton.graph.clone().unwrap_or_default();
    let body: usize = graph.encoded_len() + initialisers.iter().map(initialiser_len).sum::<usize>();
    let rest = Model { graph: None, ..skeleton.clone() };
    let mut head = rest.encode_to_vec();
    length_delimited(&mut head, MODEL_GRAPH, body);
    graph.encode(&mut head).expect("a vector takes any message");
    let bytes = rest.encoded_len() + field_len(MODEL_GRAPH, body);
    if bytes > LARGEST {
        return Err(ExportError::TooLarge { bytes });
    }
    let mut file = Whole::begin(&Disk, path)?;
    file.append(&head)?;
    let mut tensors = Vec::with_capacity(initialisers.len());
    for initialiser in &initialisers {
        let numbers = initialiser.bytes();
        let head = header(initialiser);
        let mut before = vec![];
        length_delimited(&mut before, GRAPH_INITIALISER, tensor_len(initialiser));
        head.encode(&mut before).expect("a vector takes any message");
        length_delimited(&mut before, TENSOR_RAW_DATA, numbers.len());
        file.append(&before)?;
        file.append(&numbers)?;
        let digest = Digest::by(Hash::Blake3, &numbers);
        tensors.push((head.name, head.dims, head.data_type, digest));
    }
    Ok((file, Meant { skeleton, tensors, bytes }))
}

/// Reads a file back as any reader would, and compares it with what was meant.
pub(crate) fn check(path: &Path, meant: &Meant) -> Result<(), ExportError> {
    let wrong = |what: String| ExportError::NotAsMeant { path: path.to_owned(), what };
    let bytes = Bytes::from(read_capped(path, LARGEST as u64)?);
    if bytes.len() != meant.bytes {
        return Err(wrong(format!("it has {} bytes, not {}", bytes.len(), meant.bytes)));
    }
    let mut found = Model::decode(bytes).map_err(|error| wrong(error.to_string()))?;
    let graph = found.graph.get_or_insert_default();
    let tensors = std::mem::take(&mut graph.initializer);
    if found != meant.skeleton {
        return Err(wrong(difference(&found, &meant.skeleton)));
    }
    if tensors.len() != meant.tensors.len() {
        let (found, expected) = (tensors.len(), meant.tensors.len());
        return Err(wrong(format!("it has {found} tensors, not {expected}")));
    }
    for (tensor, (name, dims, kind, digest)) in tensors.iter().zip(&meant.tensors) {
        let same = tensor.name == *name && tensor.dims == *dims && tensor.data_type == *kind;
        if !same || Digest::by(Hash::Blake3, &tensor.raw_data) != *digest {
            return Err(wrong(format!("the tensor `{name}` differs")));
        }
    }
    Ok(())
}

/// Where two files differ that should not.
fn difference(found: &Model, meant: &Model) -> String {
    let nodes = |model: &Model| model.graph.as_ref().map_or(&[][..], |g: &Graph| &g.node).to_vec();
    let (found, meant) = (nodes(found), nodes(meant));
    let differs = found.iter().zip(&meant).find(|(found, meant)| found != meant);
    match differs {
        Some((_, meant)) => format!("the operation `{}` differs", meant.name),
        None if found.len() != meant.len() => {
            format!("it has {} operations, not {}", found.len(), meant.len())
        }
        None => "its description differs".into(),
    }
}

/// A tensor without its numbers.
fn header(initialiser: &Initialiser<'_>) -> Tensor {
    Tensor {
        dims: initialiser.dims.clone(),
        data_type: initialiser.kind as i32,
        name: initialiser.name.clone(),
        raw_data: Bytes::new(),
    }
}

fn tensor_len(initialiser: &Initialiser<'_>) -> usize {
    header(initialiser).encoded_len() + field_len(TENSOR_RAW_DATA, initialiser.len())
}

fn initialiser_len(initialiser: &Initialiser<'_>) -> usize {
    field_len(GRAPH_INITIALISER, tensor_len(initialiser))
}

/// Bytes of a field that holds so many.
fn field_len(number: u32, bytes: usize) -> usize {
    key_len(number) + encoded_len_varint(bytes as u64) + bytes
}

/// The beginning of a field that holds so many bytes.
fn length_delimited(to: &mut Vec<u8>, number: u32, bytes: usize) {
    encode_key(number, WireType::LengthDelimited, to);
    encode_varint(bytes as u64, to);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{check, write};
    use crate::ExportError;
    use crate::onnx::Onnx;
    use crate::onnx::example;

    /// Each byte of a small file, changed and restored.
    #[test]
    fn a_changed_byte_anywhere_is_found() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("small.onnx");
        let onnx: Onnx<'_> = example();
        let (file, meant) = write(&path, onnx).unwrap();
        check(file.temporary(), &meant).unwrap();
        assert!(!path.exists(), "it has no name yet");
        file.finish().unwrap();
        check(&path, &meant).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len(), meant.bytes);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1 << (at % 8);
            fs::write(&path, other).unwrap();
            let error = check(&path, &meant).unwrap_err();
            assert!(matches!(error, ExportError::NotAsMeant { .. }), "byte {at}: {error}");
        }
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert!(check(&path, &meant).is_err());
    }
}
