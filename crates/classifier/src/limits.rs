/// What a classifier may hold at most: the one table of limits, checked when one is saved and
/// again, before anything is allocated for it, when one is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fewest classes.
    pub min_classes: usize,
    /// Most classes.
    pub max_classes: usize,
    /// Characters of a class name.
    pub max_class_chars: usize,
    /// Smallest side of the network's input, in pixels.
    pub min_size: usize,
    /// Largest side of the network's input, in pixels.
    pub max_size: usize,
    /// Bytes of the whole file.
    pub max_bytes: u64,
    /// Bytes of the record: split, record and all that grows with the number of pictures.
    pub max_record_bytes: usize,
    /// Thumbnails.
    pub max_thumbnails: usize,
    /// Bytes of one thumbnail.
    pub max_thumbnail_bytes: usize,
    /// Pictures of the self-test.
    pub max_self_tests: usize,
    /// Pictures that others are compared with: 16 MiB of a ResNet-50's.
    pub max_reference: usize,
    /// Cells a side of a heat map: a network's last stage sees 32 pixels of its input as one.
    pub max_heat_side: usize,
    /// Heat maps.
    pub max_heat: usize,
}

impl Limits {
    /// The limits in force.
    pub const DEFAULT: Self = Self {
        min_classes: 2,
        max_classes: 10_000,
        max_class_chars: 256,
        min_size: 32,
        max_size: 1024,
        max_bytes: 1 << 30,
        max_record_bytes: 256 << 20,
        max_thumbnails: 100_000,
        max_thumbnail_bytes: 64 << 10,
        max_self_tests: 16,
        max_reference: 4096,
        max_heat_side: 128,
        max_heat: 1000,
    };
}
