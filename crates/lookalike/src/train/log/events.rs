//! TensorBoard's event files: messages of protobuf, each in a frame with checksums. A file is only ever
//! appended to, so a run that is cut short leaves all events but the last.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ground::files::FileError;
use prost::Message;

/// What happened, with the numbers of TensorFlow's `event.proto` and `summary.proto`. Fields that are
/// left out are ones that no file of ours has.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    /// Training steps done.
    #[prost(int64, tag = "2")]
    step: i64,
    /// In a file's first event, and in no other.
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session_log: Option<SessionLog>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionLog {
    /// 1: from this step on, what earlier files say counts no more.
    #[prost(int32, tag = "1")]
    status: i32,
}

/// An event file that is being written.
#[derive(Debug)]
pub(super) struct EventFile {
    file: File,
}

impl EventFile {
    /// Begins a file of its own beside those of earlier runs. Events from `step` on replace theirs.
    pub(super) fn create(folder: &Path, step: usize) -> Result<Self, FileError> {
        let began = now();
        let process = std::process::id();
        // TensorBoard reads files in the order of their names.
        let mut names = (0..).map(|number| {
            folder.join(format!(
                "events.out.tfevents.{:010}.lookalike.{process}.{number}",
                began as u64
            ))
        });
        let path = names.find(|path| !path.exists()).unwrap_or_else(|| folder.to_owned());
        let file = File::create_new(&path).map_err(FileError::at("create", &path))?;
        let mut begun = Self { file };
        let version = Event { file_version: Some("brain.Event:2".into()), ..Event::default() };
        let start = Event { session_log: Some(SessionLog { status: 1 }), ..at(step) };
        let written = begun.put(&Event { wall_time: began, ..version });
        written.and_then(|()| begun.put(&start)).map_err(FileError::at("write", &path))?;
        Ok(begun)
    }

    /// Whether a folder has such files.
    pub(super) fn any_in(folder: &Path) -> bool {
        let names = fs::read_dir(folder).into_iter().flatten().flatten();
        names.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().contains("tfevents"))
    }

    /// Writes numbers under their names.
    pub(super) fn scalars(&mut self, step: usize, scalars: &[(String, f64)]) -> io::Result<()> {
        let value = scalars
            .iter()
            .map(|(tag, number)| Value { tag: tag.clone(), simple_value: Some(*number as f32) });
        let summary = Some(Summary { value: value.collect() });
        self.put(&Event { summary, ..at(step) })
    }

    /// The length, its checksum, the message, its checksum.
    fn put(&mut self, event: &Event) -> io::Result<()> {
        let message = event.encode_to_vec();
        let length = (message.len() as u64).to_le_bytes();
        let mut frame = Vec::with_capacity(message.len() + 16);
        frame.extend(length);
        frame.extend(masked(&length).to_le_bytes());
        frame.extend(&message);
        frame.extend(masked(&message).to_le_bytes());
        self.file.write_all(&frame)
    }
}

fn at(step: usize) -> Event {
    Event { wall_time: now(), step: step as i64, ..Event::default() }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The checksum, turned and shifted as TensorFlow's records have it, for bytes that have checksums in
/// them.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::{EventFile, masked};

    #[test]
    fn frames_have_tensorflows_checksums() {
        // The length 24 of a file's first event, which opens every file that TensorFlow wrote.
        assert_eq!(masked(&24_u64.to_le_bytes()).to_le_bytes(), [0xa3, 0x7f, 0x4b, 0x22]);
    }

    #[test]
    fn a_folder_may_have_files_of_earlier_runs() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!EventFile::any_in(folder.path()));
        for count in 1..=3 {
            EventFile::create(folder.path(), 0).unwrap();
            assert!(EventFile::any_in(folder.path()));
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), count);
        }
    }
}
