use std::path::PathBuf;

use clap::Args;

/// What is typed after `collect`.
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub(crate) struct Collect {
    /// Lists of addresses, saved web pages, archives (zip, tar, tar.gz), folders of pictures, or `-`
    /// for a list on standard input
    #[arg(required = true)]
    pub(crate) sources: Vec<PathBuf>,
    /// Where the pictures go, one folder per class, with the table `collected.csv`
    #[arg(long, short, value_name = "DIR", default_value = "photos")]
    pub(crate) output: PathBuf,
    /// The class of all these pictures [default: what the source says, else the name of the list or
    /// page]
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
    /// A web or mail address where the owner of a server can reach you; sent to every server
    #[arg(long, value_name = "CONTACT")]
    pub(crate) contact: Option<String>,
    /// Smallest width and height of a picture, in pixels; icons are smaller
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub(crate) smallest: u32,
    /// Connections per host at a time, at most 4
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = per_host)]
    pub(crate) per_host: usize,
    /// Also retry what an earlier run was refused or could not use
    #[arg(long)]
    pub(crate) again: bool,
    /// Also connect to private addresses: only for lists that you wrote yourself, in your own
    /// network
    #[arg(long)]
    pub(crate) allow_private: bool,
    /// Never use the internet; archives and folders only (also: LOOKALIKE_OFFLINE=1)
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

const AFTER: &str = "\
A list has one address per line, or a class, a tab and an address. A table (.csv) has the columns \
`url` and `class`; JSON lines have the same keys. The same command continues where it left off.";

fn per_host(text: &str) -> Result<usize, String> {
    super::parse::within(text, 1, 4)
}
