//! What a server says beside the picture.

use fetch::{HeaderMap, all};

/// The directive by which a server keeps robots from using its picture, if it gave one. A value may
/// begin with the name of the robot that it is for.
pub(super) fn kept_from_robots(headers: &HeaderMap) -> Option<&'static str> {
    const DIRECTIVES: [&str; 4] = ["noai", "noimageai", "noindex", "none"];
    const VALUED: [&str; 4] =
        ["max-image-preview", "max-snippet", "max-video-preview", "unavailable_after"];
    all(headers, "x-robots-tag").find_map(|value| {
        let mut for_us = true;
        value.to_ascii_lowercase().split(',').find_map(|part| {
            let mut directive = part.trim();
            if let Some((name, rest)) = directive.split_once(':') {
                // Some directives have a value of their own; what else stands there is a robot.
                if VALUED.contains(&name.trim()) {
                    return None;
                }
                for_us = matches!(name.trim(), "lookalike" | "*");
                directive = rest.trim();
            }
            DIRECTIVES.into_iter().find(|known| for_us && *known == directive)
        })
    })
}

/// What the server says of the picture's licence.
pub(super) fn licence(headers: &HeaderMap) -> String {
    let mut found = Vec::new();
    for value in all(headers, "link") {
        for link in value.split(",").filter(|link| link.contains('<')) {
            let Some((target, parameters)) = link.split_once('>') else { continue };
            let rel = parameters.split(';').filter_map(|p| p.trim().split_once('=')).any(
                |(key, value)| {
                    let names = value.trim().trim_matches('"').to_ascii_lowercase();
                    key.trim().eq_ignore_ascii_case("rel")
                        && names.split_whitespace().any(|name| name == "license")
                },
            );
            if rel {
                found.push(format!("Link: {}", target.trim().trim_start_matches('<')));
            }
        }
    }
    for name in ["license", "x-license", "x-copyright"] {
        found.extend(all(headers, name).map(|value| format!("{name}: {}", value.trim())));
    }
    found.join("; ").chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::{kept_from_robots, licence};
    use fetch::HeaderMap;

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in of {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_server_may_keep_its_pictures_from_robots() {
        for (value, kept) in [
            ("noai", Some("noai")),
            ("max-image-preview:large, NoImageAI", Some("noimageai")),
            ("noindex, nofollow", Some("noindex")),
            ("none", Some("none")),
            ("lookalike: noai", Some("noai")),
            ("otherbot: noindex, noai", None),
            ("unavailable_after: 25 Jun 2010 15:00:00 PST, noai", Some("noai")),
            ("all", None),
        ] {
            assert_eq!(kept_from_robots(&headers(&[("x-robots-tag", value)])), kept, "{value}");
        }
        let two = headers(&[("x-robots-tag", "otherbot: noindex"), ("x-robots-tag", "noimageai")]);
        assert_eq!(kept_from_robots(&two), Some("noimageai"));
    }

    #[test]
    fn licences_are_written_down() {
        let given = headers(&[
            (
                "link",
                "<https://a.example/s.css>; rel=style, <https://by.example/4.0/>; rel=\"license\"",
            ),
            ("x-license", "CC BY 4.0"),
        ]);
        assert_eq!(licence(&given), "Link: https://by.example/4.0/; x-license: CC BY 4.0");
        assert_eq!(licence(&headers(&[("link", "<x>; rel=next")])), "");
    }
}
