//! Kinds of findings, their severity and their meaning.

/// How severe a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Certain, and harmful to training or evaluation.
    Wrong,
    /// Perhaps harmless: look at it.
    Doubtful,
    /// Worth knowing; handled automatically.
    Note,
}

impl Severity {
    /// Its name in JSON and in headings.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Doubtful => "doubtful",
            Self::Note => "note",
        }
    }
}

/// A problem with one or several files, or with classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its kind.
    pub kind: Kind,
    /// Indices into [`crate::Survey::files`]; empty if it concerns classes.
    pub files: Vec<usize>,
    /// One line, with its numbers.
    pub words: String,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $id:literal $severity:ident $title:literal $explanation:literal,)+) => {
        /// Kinds of findings, most severe first.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[doc = $doc])+ $kind,)+ }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// Its name in JSON.
            #[must_use]
            pub fn id(self) -> &'static str { match self { $(Self::$kind => $id,)+ } }

            /// Its severity.
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
        "One of the labels is wrong, and only you know which. Until then the picture is of no use.",
    /// One picture on both sides of a given split.
    Leak "leak" Wrong "the same picture trained on and held out"
        "The classifier has already seen these pictures, so its scores look better than they are.",
    /// A file that is not a complete picture.
    Unreadable "unreadable" Wrong "cannot be used"
        "Training skips these files. Get the picture again, or save it as JPEG or PNG.",
    /// A name in a table that no file has.
    Missing "missing" Wrong "not there"
        "Check how the name is spelled, with its suffix. Paths in a table are relative to the folder that the table lies in.",
    /// A class name that no classifier can have.
    NoClassName "class-name" Wrong "a name that no class can have"
        "Training refuses it: rename the folder, or the label in the table.",
    /// A class that nothing shows.
    EmptyClass "empty-class" Wrong "a class without a picture"
        "Training refuses it: add pictures of the class, or remove its folder.",
    /// Near duplicates on both sides of a given split.
    NearLeak "near-leak" Wrong "near duplicates trained on and held out"
        "The classifier has already seen these pictures, so its scores look better than they are.",
    /// Near duplicates in several classes.
    NearConflict "near-conflict" Doubtful "near duplicates in two classes"
        "They were cropped, rotated or re-saved. If they show the same thing, one label is wrong.",
    /// Copies within a class.
    Copies "copies" Doubtful "the same picture more than once in a class"
        "It counts more than others. One of each is enough.",
    /// Near duplicates within a class.
    NearCopies "near-copies" Doubtful "near duplicates in a class"
        "They were cropped, rotated or re-saved. They may stay: training keeps them on the same side of every split.",
    /// All of one colour.
    Blank "blank" Doubtful "blank"
        "There is nothing to see.",
    /// A picture that stands for a missing one.
    Placeholder "placeholder" Doubtful "perhaps a placeholder"
        "Web sites send a picture that says \"not available\" where one is missing.",
    /// Hardly any light.
    TooDark "too-dark" Doubtful "very dark"
        "Little can be seen. A brighter picture is more useful.",
    /// Hardly any shade.
    TooBright "too-bright" Doubtful "very bright"
        "Little can be seen. A darker picture is more useful.",
    /// Blurred at the resolution of a network.
    Blurred "blurred" Doubtful "blurred"
        "Blurred even at the resolution of a network. If the pictures to classify later are sharp, leave it out.",
    /// Far fewer pixels than a network takes.
    TooSmall "too-small" Doubtful "very small"
        "A network takes 224 × 224 pixels. A much smaller picture has too little detail.",
    /// Very long or tall.
    OddShape "odd-shape" Doubtful "very long or tall"
        "A network takes the central square, which may miss the subject. Crop the picture.",
    /// Something other than the content that predicts the class.
    Shortcut "shortcut" Doubtful "possible shortcut"
        "A network may learn this instead of the subject, and fail on other pictures. Collect the pictures of all classes in the same ways and places, and save them at the same size. Mean colour may be a property of the subject itself; then nothing is wrong.",
    /// Class names that may mean one class.
    ClassNames "class-names" Doubtful "classes with nearly the same name"
        "If they are one class, put their pictures into one folder.",
    /// Too few pictures to train on or to evaluate.
    TinyClass "tiny-class" Doubtful "a class with few pictures"
        "A class with fewer than 20 pictures can hardly be learned, and its scores mean little.",
    /// Many more of one class than of another.
    Imbalance "imbalance" Note "classes of very different size"
        "Rare classes are predicted too seldom. Look at their scores, not only at the accuracy.",
    /// Pictures on plain grounds that resemble one another too much to be told apart by the search.
    LookAlike "look-alike" Note "alike to the search for copies"
        "Probably because of their plain ground. They are not treated as copies. If they do show the same things, group them with `--group-by`.",
    /// A property of most of a class and no fault of single pictures.
    Common "common" Note "common to most of a class"
        "What most pictures of a class share is a property of the set, as blur of enlarged pictures is. No picture is singled out for it.",
    /// A file name of another format than the content.
    WrongSuffix "wrong-suffix" Note "file name of another format"
        "Lookalike goes by the content, but other programs may fail.",
    /// Without colours where others have them.
    Grey "grey" Note "grey in a class of coloured pictures"
        "A few do no harm. If one class has many, a network may learn that grey means this class.",
    /// More than one frame.
    Animated "animated" Note "animated"
        "The first frame is used.",
    /// CMYK, 16 bits, or transparent.
    Converted "converted" Note "CMYK, 16-bit or transparent"
        "Handled automatically, as Pillow does: CMYK and 16 bits become 8-bit RGB, and transparent areas white.",
    /// Rotated by its EXIF orientation.
    Turned "turned" Note "rotated by EXIF"
        "Handled automatically. Programs that ignore EXIF show the picture on its side.",
    /// An EXIF block that cannot be read.
    DamagedExif "damaged-exif" Note "damaged EXIF"
        "If the picture appears on its side, rotate it and save it again.",
}
