//! Thumbnails as `data:` addresses, so that the page needs no other file.

/// The address of a thumbnail; empty if there is none or it is neither JPEG nor PNG.
pub(crate) fn address(thumbnails: &[Vec<u8>], index: Option<usize>) -> String {
    let bytes = index.and_then(|index| thumbnails.get(index));
    bytes.map_or_else(String::new, |bytes| address_of(bytes))
}

/// The address of a small picture; empty if it is neither JPEG nor PNG.
pub(crate) fn address_of(bytes: &[u8]) -> String {
    let kind = match bytes {
        [0xff, 0xd8, ..] => "jpeg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        _ => return String::new(),
    };
    data(kind, bytes)
}

/// A picture of this kind as an address that holds it.
pub(crate) fn data(kind: &str, bytes: &[u8]) -> String {
    format!("data:image/{kind};base64,{}", base64(bytes))
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits =
            (0..3).fold(0, |bits, i| bits << 8 | usize::from(three.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let digit = DIGITS[bits >> (18 - 6 * i) & 63];
            out.push(if i <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{address, base64};

    #[test]
    fn base64_is_that_of_the_rfc() {
        let vectors =
            ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(vectors, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
        assert_eq!(base64(&[0xff, 0xfe, 0xfd, 0x00]), "//79AA==");
    }

    #[test]
    fn only_pictures_are_embedded() {
        let thumbnails = [vec![0xff, 0xd8, 0xff], b"<svg onload=alert(1)>".to_vec()];
        assert_eq!(address(&thumbnails, Some(0)), "data:image/jpeg;base64,/9j/");
        assert_eq!(address(&thumbnails, Some(1)), "");
        assert_eq!(address(&thumbnails, Some(2)), "");
        assert_eq!(address(&thumbnails, None), "");
    }
}
