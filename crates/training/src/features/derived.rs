use std::fs;
use std::path::{Path, PathBuf};

use ground::{Digest, files};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The largest file that is read back, in bytes.
const LIMIT: u64 = 1 << 24;

/// A folder of things that are worked out once: each in a file whose name is a digest of all that
/// it depends on, so that a stale one cannot be found.
#[derive(Clone, Debug, Default)]
pub struct DerivedCache(Option<PathBuf>);

impl DerivedCache {
    /// In this folder, which need not exist yet.
    #[must_use]
    pub fn within(folder: &Path) -> Self {
        Self(Some(folder.to_owned()))
    }

    /// What was kept under this name, or else what `make` makes of it, which is then kept. It is
    /// only a cache: what cannot be read is made anew, and what cannot be written is not kept.
    pub fn get<T: Serialize + DeserializeOwned>(
        &self,
        kind: &str,
        name: &Digest,
        make: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let path = self.0.as_ref().map(|folder| folder.join(format!("{}.{kind}", short(name))));
        let read = |path: &PathBuf| {
            let (bytes, check) = read(path)?;
            (Digest::of(&bytes).to_string() == check).then_some(())?;
            serde_json::from_slice(&bytes).ok()
        };
        if let Some(found) = path.as_ref().and_then(read) {
            return Some(found);
        }
        let made = make()?;
        if let (Some(path), Ok(bytes)) = (path, serde_json::to_vec(&made)) {
            let _ = fs::create_dir_all(files::folder_of(&path));
            let check = Digest::of(&bytes).to_string();
            let _ = files::write(&path, &[check.as_bytes(), b"\n", &bytes].concat());
        }
        Some(made)
    }
}

fn short(name: &Digest) -> String {
    name.to_string()[..32].to_owned()
}

/// What stands in a file behind its check.
fn read(path: &Path) -> Option<(Vec<u8>, String)> {
    let bytes = files::read_capped(path, LIMIT).ok()?;
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let check = String::from_utf8(bytes[..end].to_vec()).ok()?;
    Some((bytes[end + 1..].to_vec(), check))
}

#[cfg(test)]
mod tests {
    use ground::Digest;

    use super::DerivedCache;

    #[test]
    fn what_is_kept_is_made_once_and_what_is_damaged_anew() {
        let place = tempfile::tempdir().unwrap();
        let kept = DerivedCache::within(&place.path().join("new"));
        let name = Digest::of(b"leaf");
        let get = |made: Option<Vec<u8>>| kept.get("test", &name, || made);
        assert_eq!(get(None), None);
        assert_eq!(get(Some(vec![1, 2])), Some(vec![1, 2]));
        assert_eq!(get(Some(vec![3])), Some(vec![1, 2]));
        assert_eq!(kept.get("test", &Digest::of(b"bark"), || Some(vec![4])), Some(vec![4]));
        for file in std::fs::read_dir(place.path().join("new")).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap().replace("1,2", "1,7");
            std::fs::write(&path, text).unwrap();
        }
        assert_eq!(get(Some(vec![5])), Some(vec![5]));
        assert_eq!(DerivedCache::default().get("test", &name, || Some(6)), Some(6), "kept nowhere");
    }
}
