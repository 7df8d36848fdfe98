//! The header's JSON, by visitors that refuse what they do not know: duplicate keys, unknown keys,
//! long shapes, too many tensors. Nesting cannot go deeper than header, tensor, shape.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::dtype::Dtype;

/// The longest shape taken.
const RANK: usize = 8;

/// What the header says of one tensor, not yet checked against anything.
pub(super) struct Claim {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<u64>,
    pub(super) offsets: [u64; 2],
}

/// What the header says.
#[derive(Default)]
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tensors: BTreeMap<String, Claim>,
}

/// Reads a whole header of at most `tensors` tensors.
pub(super) fn parse(text: &str, tensors: usize) -> Result<Header, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let header = Headers { tensors }.deserialize(&mut json)?;
    json.end()?;
    Ok(header)
}

/// Whether a tensor may have this name: it is shown in messages and never used as a path.
fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// As much of hostile text as a message can bear.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(60).collect();
    let cut = if start.len() < text.len() { "…" } else { "" };
    format!("`{}{cut}`", start.escape_debug())
}

struct Headers {
    tensors: usize,
}

impl<'de> DeserializeSeed<'de> for Headers {
    type Value = Header;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Header, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Headers {
    type Value = Header;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header::default();
        let mut metadata = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                if metadata.replace(map.next_value_seed(Metadata)?).is_some() {
                    return Err(A::Error::custom("`__metadata__` stands twice"));
                }
                continue;
            }
            if !is_name(&name) {
                let rule = "1 to 128 of the characters A-Z a-z 0-9 . _ -";
                return Err(A::Error::custom(format!(
                    "a tensor is named {}, which is not {rule}",
                    shown(&name)
                )));
            }
            if header.tensors.len() == self.tensors {
                return Err(A::Error::custom(format!(
                    "there are more than {} tensors",
                    self.tensors
                )));
            }
            match header.tensors.entry(name) {
                Slot::Vacant(slot) => drop(slot.insert(map.next_value_seed(Claims)?)),
                Slot::Occupied(slot) => {
                    return Err(A::Error::custom(format!("tensor `{}` stands twice", slot.key())));
                }
            }
        }
        header.metadata = metadata.unwrap_or_default();
        Ok(header)
    }
}

struct Metadata;

impl<'de> DeserializeSeed<'de> for Metadata {
    type Value = BTreeMap<String, String>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Metadata {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut metadata = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            if let Slot::Vacant(slot) = metadata.entry(key) {
                slot.insert(value);
            } else {
                return Err(A::Error::custom("a key of `__metadata__` stands twice"));
            }
        }
        Ok(metadata)
    }
}

struct Claims;

impl<'de> DeserializeSeed<'de> for Claims {
    type Value = Claim;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Claim, D::Error> {
        // `deserialize_map`, not a derived struct: that would take `["F32", [1], [0, 4]]` too.
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Claims {
    type Value = Claim;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `dtype`, `shape` and `data_offsets`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claim, A::Error> {
        let (mut dtype, mut shape, mut offsets) = (None, None, None);
        while let Some(key) = map.next_key::<String>()? {
            let twice = match key.as_str() {
                "dtype" => dtype.replace(dtype_of(&map.next_value::<String>()?)?).is_some(),
                "shape" => shape.replace(map.next_value_seed(Shapes)?).is_some(),
                "data_offsets" => offsets.replace(map.next_value::<[u64; 2]>()?).is_some(),
                _ => {
                    return Err(A::Error::custom(format!(
                        "a tensor has an unknown key {}",
                        shown(&key)
                    )));
                }
            };
            if twice {
                return Err(A::Error::custom(format!("`{key}` of a tensor stands twice")));
            }
        }
        Ok(Claim {
            dtype: dtype.ok_or_else(|| A::Error::missing_field("dtype"))?,
            shape: shape.ok_or_else(|| A::Error::missing_field("shape"))?,
            offsets: offsets.ok_or_else(|| A::Error::missing_field("data_offsets"))?,
        })
    }
}

fn dtype_of<E: Error>(name: &str) -> Result<Dtype, E> {
    Dtype::ALL.into_iter().find(|dtype| dtype.name() == name).ok_or_else(|| {
        E::custom(format!(
            "a tensor has dtype {}; F32, F16, BF16, I64 and U8 are read",
            shown(name)
        ))
    })
}

struct Shapes;

impl<'de> DeserializeSeed<'de> for Shapes {
    type Value = Vec<u64>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<u64>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Shapes {
    type Value = Vec<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a shape")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<u64>, A::Error> {
        let mut shape = Vec::new();
        while let Some(dimension) = sequence.next_element()? {
            if shape.len() == RANK {
                return Err(A::Error::custom(format!("a tensor has more than {RANK} dimensions")));
            }
            shape.push(dimension);
        }
        Ok(shape)
    }
}
