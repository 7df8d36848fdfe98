use std::cmp::Ordering;
use std::path::{Component, Path};

use pictures::natural;

/// The order in which a folder's pictures are listed: the files of a folder before those in folders
/// within it, both in natural order. Training adds numbers in the order of the pictures, so that the
/// same order gives the same bits.
pub(super) fn by_name(a: &Path, b: &Path) -> Ordering {
    let (mut x, mut y) = (a.components().peekable(), b.components().peekable());
    loop {
        match (x.next(), y.next()) {
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => {
                let (file, other_file) = (x.peek().is_none(), y.peek().is_none());
                return other_file
                    .cmp(&file)
                    .then_with(|| listed(&one, &other))
                    .then_with(|| a.cmp(b));
            }
            (one, other) => return one.is_some().cmp(&other.is_some()),
        }
    }
}

fn listed(a: &Component<'_>, b: &Component<'_>) -> Ordering {
    let [one, other] = [a, b].map(|part| part.as_os_str().to_string_lossy());
    natural(&one, &other).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use pictures::Folder;

    use super::by_name;

    #[test]
    fn pictures_come_as_a_folder_lists_them() {
        let place = tempfile::tempdir().unwrap();
        let names = [
            "Wren/10.jpg",
            "Wren/2.jpg",
            "Wren/nest 1/3.jpg",
            "Wren/nest 1/b/1.jpg",
            "Wren/a.jpg",
            "wren 2/nest/1.jpg",
            "robin/x.jpg",
            "robin/X.jpg",
            "robin/10/1.jpg",
            "robin/9/1.jpg",
            "robin/é.jpg",
            "robin/e.jpg",
        ];
        for name in names {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        }
        let folder = Folder::scan(place.path()).unwrap();
        let within = |path: &Path| path.strip_prefix(place.path()).unwrap().to_owned();
        let listed: Vec<_> = folder.pictures.iter().map(|one| within(one.place.name())).collect();
        let mut sorted = listed.clone();
        sorted.reverse();
        sorted.sort_by(|a, b| by_name(a, b));
        assert_eq!(sorted, listed);
    }
}
