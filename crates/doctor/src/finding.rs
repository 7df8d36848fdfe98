//! What can be found, how grave it is, and what it means.

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Certain, and it harms training or its judgement.
    Wrong,
    /// Perhaps harmless: look at it.
    Doubtful,
    /// Worth knowing; it is dealt with.
    Note,
}

impl Severity {
    /// In JSON and as a heading.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Doubtful => "doubtful",
            Self::Note => "note",
        }
    }
}

/// What is found of one or several files, or of classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Which files: indices into [`crate::Survey::files`]; none where it is about classes.
    pub files: Vec<usize>,
    /// It in one line, with its numbers.
    pub words: String,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $id:literal $severity:ident $title:literal $explanation:literal,)+) => {
        /// Kinds of findings, the gravest first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[doc = $doc])+ $kind,)+ }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// Its name in JSON.
            #[must_use]
            pub fn id(self) -> &'static str { match self { $(Self::$kind => $id,)+ } }

            /// How grave it is.
            #[must_use]
            pub fn severity(self) -> Severity { match self { $(Self::$kind => Severity::$severity,)+ } }

            /// A heading.
            #[must_use]
            pub fn title(self) -> &'static str { match self { $(Self::$kind => $title,)+ } }

            /// Why it matters, and what to do.
            #[must_use]
            pub fn explanation(self) -> &'static str { match self { $(Self::$kind => $explanation,)+ } }
        }
    };
}

kinds! {
    /// One picture in several classes.
    LabelConflict "label-conflict" Wrong "the same picture in two classes"
        "One of its labels is wrong, and nobody but you knows which. Until that is known it teaches nothing.",
    /// One picture on both sides of a given split.
    Leak "leak" Wrong "the same picture trained on and held out"
        "What was learned by heart is then taken for skill, and the scores are too good.",
    /// A file that is no whole picture.
    Unreadable "unreadable" Wrong "cannot be used"
        "Training leaves these out. Get the picture again, or save it as JPEG or PNG.",
    /// Nearly one picture in several classes.
    NearConflict "near-conflict" Doubtful "nearly the same picture in two classes"
        "Copies that were cropped, turned or saved again. If they show the same thing, one label is wrong.",
    /// Nearly one picture on both sides of a given split.
    NearLeak "near-leak" Doubtful "nearly the same picture trained on and held out"
        "What was learned by heart is then taken for skill, and the scores are too good.",
    /// Copies within a class.
    Copies "copies" Doubtful "the same picture more than once in a class"
        "It counts more than others. One of each is enough.",
    /// Near copies within a class.
    NearCopies "near-copies" Doubtful "nearly the same picture more than once in a class"
        "Copies that were cropped, turned or saved again. They may stay: pictures that belong together fall on one side of a split.",
    /// All of one colour.
    Blank "blank" Doubtful "blank"
        "There is nothing to see in it.",
    /// A picture that says that there is none.
    Placeholder "placeholder" Doubtful "perhaps a placeholder"
        "Web sites send a picture of the words \"not available\" where one is missing.",
    /// Hardly any light.
    TooDark "too-dark" Doubtful "very dark"
        "Little can be seen in it. A brighter one teaches more.",
    /// Hardly any shade.
    TooBright "too-bright" Doubtful "very bright"
        "Little can be seen in it. A darker one teaches more.",
    /// Soft at the size that a network looks at.
    Blurred "blurred" Doubtful "blurred"
        "Soft even at the size that a network looks at. If the pictures to be told apart later are sharp, leave it out.",
    /// Fewer pixels than a network looks at by far.
    TooSmall "too-small" Doubtful "very small"
        "A network looks at 224 pixels a side; from few pixels it can learn little but that they are few.",
    /// Very long or tall.
    OddShape "odd-shape" Doubtful "very long or tall"
        "A network looks at the square in the middle, which may miss the thing. Crop it.",
    /// Something beside the picture that tells its class.
    Shortcut "shortcut" Doubtful "the class can be guessed without looking"
        "A network may learn that instead of the thing, and fail where it is otherwise. Gather the pictures of all classes in the same ways and places; bring sizes together by saving all of them alike. Mean colour may belong to the thing itself: then nothing is wrong.",
    /// Class names that may mean one class.
    ClassNames "class-names" Doubtful "classes with nearly the same name"
        "If they are one class, put their pictures into one folder.",
    /// Too few pictures to learn from or to judge by.
    TinyClass "tiny-class" Doubtful "a class with few pictures"
        "With fewer than 20 pictures a class is hardly learned and not judged at all.",
    /// Many more of one class than of another.
    Imbalance "imbalance" Note "classes of very different size"
        "Rare classes are called more seldom than they should be; look at their scores, not at the accuracy alone.",
    /// A name that says another format than the content.
    WrongSuffix "wrong-suffix" Note "named as another format"
        "The content decides here, but other programs may stumble over the name.",
    /// Without colours where others have them.
    Grey "grey" Note "without colours in a class that has them"
        "A few do no harm. Where one class has many, grey becomes a sign of that class.",
    /// More than one frame.
    Animated "animated" Note "animated"
        "The first frame is used.",
    /// Four inks, 16 bits, or see-through.
    Converted "converted" Note "of an unusual kind of colours"
        "They are converted as Pillow does: four inks and 16 bits to 8-bit colours, what is see-through over white.",
    /// Turned as its EXIF block says.
    Turned "turned" Note "lying on its side, with a note which way is up"
        "The note is heeded here; programs that do not heed it see the picture on its side.",
    /// An EXIF block that cannot be read.
    DamagedExif "damaged-exif" Note "with damaged notes of the camera"
        "If the picture lies on its side, turn it and save it again.",
}
