use ground::{Digest, Digester, Hash};

use super::Dtype;

/// The digest of what a file holds: of each tensor's name, type and own digest, in the order of their
/// names, all by one function. Threads can share the work, which they cannot where one digest runs
/// over all bytes; and a tensor that takes another's place or type is noticed.
#[must_use]
pub fn content_digest<'a>(
    hash: Hash,
    tensors: impl IntoIterator<Item = (&'a str, Dtype, Digest)>,
) -> Digest {
    let mut tensors: Vec<_> = tensors.into_iter().collect();
    tensors.sort_unstable_by_key(|&(name, ..)| name);
    let mut digester = Digester::of(hash);
    for (name, dtype, digest) in tensors {
        digester.update(format!("{name}\n{}\n{digest}\n", dtype.name()).as_bytes());
    }
    digester.finish()
}
