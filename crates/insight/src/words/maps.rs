//! Heat maps and the map of pictures, explained.

use crate::insight::Insight;
use crate::record::{Body, Protocol, Whose};
use crate::words::Sentence;

impl Insight {
    /// Which classifier the heat maps come from. Empty without heat maps.
    #[must_use]
    pub fn reasons_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(reasons) = self.reasons else { return words };
        let out_of_fold = matches!(self.protocol, Protocol::OutOfFold { .. });
        words.text(match (reasons.whose, self.protocol) {
            (Whose::Judge, Protocol::OutOfFold { repeats: 2.., .. }) => {
                "Each map comes from the classifier that evaluated the picture in the first round \
                 of cross-validation, which was not trained on it."
            }
            (Whose::Judge, _) => {
                "Each map comes from the classifier that evaluated the picture, which was not \
                 trained on it."
            }
            (Whose::Saved, _) if out_of_fold => {
                "The maps come from the saved classifier. It has been trained on these pictures \
                 since they were evaluated, and may no longer make the same mistakes."
            }
            (Whose::Saved, _) => {
                "The maps come from the saved classifier, which was not trained on these pictures."
            }
        })
    }

    /// Which features the map of pictures shows. Empty without a map.
    #[must_use]
    pub fn map_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(map) = self.map else { return words };
        words.text(match map.body {
            Body::Pretrained => {
                "The features are those of the pretrained network, which has seen neither these \
                 pictures nor their labels."
            }
            Body::Taught => {
                "The features are those of the trained network, for pictures that it was not \
                 trained on."
            }
        })
    }
}
