//! What the maps show, and of whom.

use crate::insight::Insight;
use crate::record::{Body, Protocol, Whose};
use crate::words::Sentence;

impl Insight {
    /// Whose reasons the heat maps show: "The maps show …". Empty without heat maps.
    #[must_use]
    pub fn reasons_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(reasons) = self.reasons else { return words };
        let out_of_fold = matches!(self.protocol, Protocol::OutOfFold { .. });
        words.text(match (reasons.whose, self.protocol) {
            (Whose::Judge, Protocol::OutOfFold { repeats: 2.., .. }) => {
                "The maps show the reasons of the classifier that judged the picture in the first \
                 round, which had not learned from it."
            }
            (Whose::Judge, _) => {
                "The maps show the reasons of the very classifier that judged the picture, which had \
                 not learned from it."
            }
            (Whose::Saved, _) if out_of_fold => {
                "The maps show the reasons of the saved classifier, which has learned from these \
                 pictures since they were judged: it may see by now what its judges missed."
            }
            (Whose::Saved, _) => {
                "The maps show the reasons of the saved classifier, which has not learned from these \
                 pictures."
            }
        })
    }

    /// Whose features the map is of, and how far its axes can be trusted. Empty without a map.
    #[must_use]
    pub fn map_sentence(&self) -> Sentence {
        let words = Sentence::default();
        let Some(map) = self.map else { return words };
        let whose = match map.body {
            Body::Pretrained => {
                "Nobody told the network the classes here: these are its features as they were before it \
                 learned from any of these pictures."
            }
            Body::Taught => {
                "These are the features of the network that was taught, on pictures that it did \
                 not learn from."
            }
        };
        words.text(whose)
    }
}
