//! What a host asks robots not to fetch: robots.txt as RFC 9309 has it.

/// The rules of one host for this program.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Robots {
    /// Whether a path that matches is allowed, and the pattern.
    rules: Vec<(bool, Vec<u8>)>,
}

/// Rules beyond this many bytes are not read, as the RFC allows.
pub(crate) const MOST: usize = 500 << 10;

/// The name of this program in robots.txt.
const NAME: &str = "lookalike";

impl Robots {
    /// Everything is allowed, as where there is no file.
    pub(crate) fn open() -> Self {
        Self::default()
    }

    /// Nothing is allowed, as where the file cannot be had because the server has trouble.
    pub(crate) fn closed() -> Self {
        Self { rules: vec![(false, b"/".to_vec())] }
    }

    /// The rules of all groups for our name, else of all for everybody.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let text = String::from_utf8_lossy(&text[..text.len().min(MOST)]);
        let (mut ours, mut everybodys) = (Self::default(), Self::default());
        let mut named = false;
        let (mut for_us, mut for_all, mut heading) = (false, false, false);
        for line in text.split(['\n', '\r']) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim().to_ascii_lowercase().as_str() {
                "user-agent" => {
                    if !heading {
                        (for_us, for_all, heading) = (false, false, true);
                    }
                    // A version after the name means the same robot.
                    let name = value.split(['/', ' ']).next().unwrap_or_default();
                    for_us |= name.eq_ignore_ascii_case(NAME);
                    for_all |= value == "*";
                    named |= for_us;
                }
                kind @ ("allow" | "disallow") => {
                    heading = false;
                    if value.is_empty() {
                        continue;
                    }
                    let rule = (kind == "allow", plain(value.as_bytes()));
                    if for_us {
                        ours.rules.push(rule.clone());
                    }
                    if for_all {
                        everybodys.rules.push(rule);
                    }
                }
                _ => {}
            }
        }
        if named { ours } else { everybodys }
    }

    /// Whether the path, with its query, may be fetched: the longest matching rule says so, and of
    /// two as long the kinder one.
    pub(crate) fn allows(&self, path: &str) -> bool {
        let path = plain(path.as_bytes());
        let matching = self.rules.iter().filter(|(_, pattern)| matches(pattern, &path));
        matching.max_by_key(|(allow, pattern)| (pattern.len(), *allow)).is_none_or(|rule| rule.0)
    }
}

/// A path in the one form that is compared: what need not be escaped is not, what must be is.
fn plain(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        at += 1;
        let escaped = path
            .get(at..at + 2)
            .filter(|_| byte == b'%')
            .and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match escaped {
            Some(value) => {
                at += 2;
                if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
                    out.push(value);
                } else {
                    out.extend(format!("%{value:02X}").bytes());
                }
            }
            None if byte.is_ascii_graphic() => out.push(byte),
            None => out.extend(format!("%{byte:02X}").bytes()),
        }
    }
    out
}

/// Whether a path begins as the pattern says; `*` stands for anything and a final `$` for the end.
/// Takes at most the product of both lengths in steps.
fn matches(pattern: &[u8], path: &[u8]) -> bool {
    let (pattern, anchored) = match pattern.strip_suffix(b"$") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and up to where in the path it has eaten.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if p == pattern.len() && (!anchored || t == path.len()) {
            return true;
        }
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if path.get(t) == Some(byte) => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, eaten)) if eaten < path.len() => {
                    star = Some((at, eaten + 1));
                    (p, t) = (at + 1, eaten + 1);
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Robots};

    #[test]
    fn the_longest_rule_decides_and_the_kinder_of_two() {
        let robots = Robots::parse(
            b"User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /*.gif$\nAllow: /same\nDisallow: /same\n",
        );
        for (path, allowed) in [
            ("/", true),
            ("/a", false),
            ("/a/c", false),
            ("/a/b/c", true),
            ("/x.gif", false),
            ("/x.gif?y", true),
            ("/same", true),
            ("/%61/c", false),
        ] {
            assert_eq!(robots.allows(path), allowed, "{path}");
        }
    }

    #[test]
    fn a_group_with_our_name_goes_before_the_one_for_everybody() {
        let text = b"User-agent: other\nUser-agent: Lookalike/2.0\nDisallow: /b # why not\n\r\n\
            User-agent: *\nDisallow: /\n\nuser-agent: lookalike\ndisallow: /c";
        let robots = Robots::parse(text);
        assert!(robots.allows("/a") && !robots.allows("/b") && !robots.allows("/c"));
        assert!(!Robots::parse(b"User-agent: *\nDisallow: /").allows("/a"));
        assert!(Robots::parse(b"User-agent: other\nDisallow: /").allows("/a"));
        assert!(Robots::parse(b"User-agent: *\nDisallow:\n").allows("/a"));
        // Named, with no rules: nothing is forbidden.
        assert!(
            Robots::parse(b"User-agent: lookalike\nAllow:\nUser-agent: *\nDisallow: /")
                .allows("/a")
        );
    }

    #[test]
    fn what_is_no_robots_file_forbids_nothing_and_costs_little() {
        for text in
            [&b"<html>not found</html>"[..], b"", b"\xff\xfe\0", b":::\n\n:", b"Disallow: /"]
        {
            assert!(Robots::parse(text).allows("/a"));
        }
        let stars = format!("User-agent: *\nDisallow: /{}x\n", "*a".repeat(MOST / 4));
        assert!(Robots::parse(stars.as_bytes()).allows(&format!("/{}", "a".repeat(4000))));
        assert!(!Robots::closed().allows("/") && Robots::open().allows("/"));
    }
}
