use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use ground::Precision;
use serve::{Listen, LogForm};

use super::parse::{bytes, precision, seconds};

/// What is typed after `serve`.
#[derive(Args, Debug)]
#[command(after_help = SERVE)]
pub(crate) struct Serve {
    /// A classifier, `*.lookalike`
    pub(crate) model: PathBuf,
    /// Where to listen: an address with a port (0: any that is free), a port, `unix:PATH`, or `systemd`
    #[arg(long, visible_alias = "port", value_name = "ADDRESS", default_value = "127.0.0.1:8000", value_parser = Listen::from_str)]
    pub(crate) listen: Listen,
    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
    /// Let a telephone in the same Wi-Fi send photographs: shows a code to scan, good for 10 minutes
    #[arg(long, conflicts_with = "no_page")]
    pub(crate) phone: bool,
    /// Answer programs only, without the page
    #[arg(long, conflicts_with = "open")]
    pub(crate) no_page: bool,
    /// Numeric precision. bf16 is faster on some processors; its probabilities differ in the third
    /// digit
    #[arg(long, default_value = "fp32", value_parser = precision())]
    pub(crate) precision: Precision,
    /// The log of requests on standard error: `text`, `json` or `off`
    #[arg(long, value_name = "FORM", default_value = "text", value_parser = LogForm::from_str)]
    pub(crate) log: LogForm,

    /// Another name by which the server may be called, such as that of a proxy before it
    #[arg(long, value_name = "NAME", help_heading = ACCESS)]
    pub(crate) allow_host: Vec<String>,
    /// A web page elsewhere that may ask, as in `https://birds.example.org`
    #[arg(long, value_name = "ORIGIN", help_heading = ACCESS)]
    pub(crate) allow_origin: Vec<String>,
    /// Ask for the token in this file (also: LOOKALIKE_TOKEN) [default: none on this machine alone,
    /// else a new one]
    #[arg(long, value_name = "FILE", help_heading = ACCESS)]
    pub(crate) token_file: Option<PathBuf>,
    /// Show training pictures, their names and the report to other machines too
    #[arg(long, help_heading = ACCESS)]
    pub(crate) show_known: bool,

    /// Refuse a picture that would wait longer than this for its answer
    #[arg(long, value_name = "SECONDS", default_value = "5", help_heading = LIMITS, value_parser = seconds)]
    pub(crate) wait: f64,
    /// Time for a slow upload
    #[arg(long, value_name = "SECONDS", default_value = "30", help_heading = LIMITS, value_parser = seconds)]
    pub(crate) timeout: f64,
    /// After Ctrl-C or SIGTERM, time to finish requests under way
    #[arg(long, value_name = "SECONDS", default_value = "20", help_heading = LIMITS, value_parser = seconds)]
    pub(crate) drain: f64,
    /// The largest request
    #[arg(long, value_name = "SIZE", default_value = "32MB", help_heading = LIMITS, value_parser = bytes)]
    pub(crate) max_body: usize,
}

const ACCESS: &str = "Who may ask";
const LIMITS: &str = "Limits";
const SERVE: &str = "\
Nothing leaves this machine. Beyond it, a client needs the token that is printed.

Example:
  lookalike serve birds.lookalike --open
  curl --data-binary @bird.jpg http://127.0.0.1:8000/v1/predict";

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serve::Listen;

    use crate::args::{Command, Typed};

    #[test]
    fn a_port_is_an_address_of_this_machine() {
        for typed in ["--port 8123", "--listen 8123", "--listen 127.0.0.1:8123"] {
            let words = format!("lookalike serve birds.lookalike {typed}");
            let typed = Typed::try_parse_from(words.split_whitespace()).unwrap();
            let Command::Serve(serve) = typed.command else { panic!("{typed:?}") };
            assert_eq!(serve.listen, Listen::Address("127.0.0.1:8123".into()));
        }
    }
}
