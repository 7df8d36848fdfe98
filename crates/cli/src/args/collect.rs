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
    /// Where the pictures go, a folder a class, and the table `collected.csv`
    #[arg(long, short, value_name = "DIR", default_value = "photos")]
    pub(crate) output: PathBuf,
    /// The class of all that is collected [default: what the source says; else the list's or page's
    /// own name]
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
    /// A page or mail address, told to every server, where whoever runs it can reach you
    #[arg(long, value_name = "CONTACT")]
    pub(crate) contact: Option<String>,
    /// The least width and height of a picture, in pixels; icons are smaller
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub(crate) smallest: u32,
    /// Connections to one host at a time, at most 4
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = per_host)]
    pub(crate) per_host: usize,
    /// Try again also what an earlier run was refused or could not use
    #[arg(long)]
    pub(crate) again: bool,
    /// Connect to private addresses too: only for lists that you wrote yourself, in a network of
    /// your own
    #[arg(long)]
    pub(crate) allow_private: bool,
    /// Never use the network; archives and folders only (also: LOOKALIKE_OFFLINE=1)
    #[arg(long)]
    pub(crate) offline: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

const AFTER: &str = "\
A list has an address a line, or a class, a tab and an address; a table (.csv) the columns `url` and \
`class`; JSON lines the same keys. Given again, the command goes on where it stopped.";

fn per_host(text: &str) -> Result<usize, String> {
    super::within(text, 1, 4)
}
