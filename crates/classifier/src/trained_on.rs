//! The one rule by which a classifier tells that it was trained on a picture: `predict`, `evaluate` and
//! growing all ask it.

use std::collections::HashSet;

use ground::Digest;
use pictures::Side;

use crate::{Data, Neighbours};

/// Features whose cosine distance is below this are those of one picture: rounding alone parts them.
/// To keep them as bfloat16 costs some 2e-6, and another instruction set some 1e-5.
pub const SAME: f32 = 3e-5;

/// The pictures that a classifier was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrainedOn(HashSet<Digest>);

impl TrainedOn {
    /// Those of a classifier's record.
    #[must_use]
    pub fn of(data: &Data) -> Self {
        let trained = data.pictures.iter().filter(|used| used.side == Side::Train);
        Self(trained.map(|used| used.digest).collect())
    }

    /// Whether a file of this SHA-256 was trained on.
    #[must_use]
    pub fn has_file(&self, digest: &Digest) -> bool {
        self.0.contains(digest)
    }

    /// Whether a picture was trained on: its file was, or its features are those of a picture that was
    /// trained on, as where a file was only named or saved anew.
    #[must_use]
    pub fn has(&self, digest: Option<&Digest>, neighbours: &Neighbours) -> bool {
        let equal = neighbours.nearest.first().is_some_and(|&(_, distance)| distance < SAME);
        equal || digest.is_some_and(|digest| self.has_file(digest))
    }
}

#[cfg(test)]
mod tests {
    use ground::Digest;
    use pictures::Side;

    use super::TrainedOn;
    use crate::{Data, Neighbours, Used};

    #[test]
    fn a_picture_is_known_by_its_file_or_by_its_features() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|bytes| Digest::of(bytes));
        let used = |digest, side| Used { digest, label: 0, side };
        let data = Data { pictures: vec![used(a, Side::Train), used(b, Side::Valid)] };
        let known = TrainedOn::of(&data);
        let at = |distance: f32| Neighbours { nearest: vec![(0, distance), (1, 0.5)] };
        assert!(known.has(Some(&a), &at(0.4)) && known.has(Some(&a), &Neighbours::default()));
        assert!(!known.has(Some(&b), &at(0.4)), "held out, not trained on");
        assert!(!known.has(Some(&c), &at(1e-3)) && !known.has(None, &at(1e-3)));
        assert!(known.has(Some(&c), &at(1e-5)) && known.has(None, &at(0.0)));
    }
}
