/// Limits on a Parquet file: the one table of them, checked before anything is believed that the file
/// says. They admit what Hugging Face, Spark, Polars and Daft write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The footer, in bytes: pandas and `datasets` keep descriptions there.
    pub footer: u64,
    /// Parts of all lists in the footer together: each column of each row group is one.
    pub parts: usize,
    /// Row groups of a file.
    pub row_groups: usize,
    /// A page, unpacked, in bytes.
    pub page: u64,
    /// A column of a row group, unpacked, in bytes.
    pub column: u64,
    /// Rows of a file.
    pub rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            footer: 64 << 20,
            parts: 1_000_000,
            row_groups: 100_000,
            page: 256 << 20,
            column: 4 << 30,
            rows: 1 << 32,
        }
    }
}
