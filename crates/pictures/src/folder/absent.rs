use std::path::PathBuf;

use ground::Digest;

use super::{Folder, natural};

/// A picture whose file is gone, of which somebody kept what training needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// What it is called: where its file was.
    pub path: PathBuf,
    /// An index into the classes of the folder that it is added to.
    pub label: usize,
    /// The SHA-256 of the file that it had.
    pub digest: Digest,
    /// Pictures of one group stay on one side.
    pub group: Option<String>,
    /// A small JPEG of it, where one was kept.
    pub thumbnail: Option<Vec<u8>>,
}

impl Folder {
    /// Adds pictures whose files are gone; their labels are indices into `classes`, of which those that
    /// the folder lacks become its own.
    ///
    /// # Panics
    /// When a label is none of the classes.
    pub fn add_absent(&mut self, classes: &[String], absent: impl IntoIterator<Item = Absent>) {
        let mut all = self.classes.clone();
        all.extend_from_slice(classes);
        all.sort_by(|a, b| natural(a, b));
        all.dedup();
        let place = |class: &String| all.iter().position(|other| other == class);
        let places = |classes: &[String]| classes.iter().filter_map(place).collect::<Vec<usize>>();
        let (own, theirs) = (places(&self.classes), places(classes));
        self.pictures.iter_mut().for_each(|picture| picture.label = own[picture.label]);
        self.absent.iter_mut().for_each(|picture| picture.label = own[picture.label]);
        let relabelled = |picture: Absent| Absent { label: theirs[picture.label], ..picture };
        self.absent.extend(absent.into_iter().map(relabelled));
        self.classes = all;
    }
}

#[cfg(test)]
mod tests {
    use ground::Digest;

    use crate::{Absent, Folder, Labelled};

    #[test]
    fn classes_of_both_are_numbered_together() {
        let picture = |name: &str, label| Labelled {
            place: name.into(),
            label,
            side: None,
            group: None,
            fold: None,
            also: vec![],
        };
        let mut folder = Folder {
            classes: vec!["bee 2".into(), "wasp".into()],
            pictures: vec![picture("b.jpg", 0), picture("w.jpg", 1)],
            ..Folder::default()
        };
        let absent = |name: &str, label| Absent {
            path: name.into(),
            label,
            digest: Digest::of(name.as_bytes()),
            group: None,
            thumbnail: None,
        };
        let old = ["bee 10".into(), "bee 2".into()];
        folder.add_absent(&old, [absent("10.jpg", 0), absent("2.jpg", 1)]);
        assert_eq!(folder.classes, ["bee 2", "bee 10", "wasp"]);
        let labels: Vec<usize> = folder.pictures.iter().map(|picture| picture.label).collect();
        assert_eq!(labels, [0, 2]);
        let labels: Vec<usize> = folder.absent.iter().map(|picture| picture.label).collect();
        assert_eq!(labels, [1, 0]);
    }
}
