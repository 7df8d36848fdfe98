use std::cmp::Ordering;

/// The order in which people list names: `img2` before `img10`, `bee` beside `Bee`. Names that
/// differ only in case or leading zeros come in the order of their bytes, so that the order is
/// total.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut x, mut y) = (a, b);
    while let (Some(p), Some(q)) = (x.chars().next(), y.chars().next()) {
        let order;
        if p.is_ascii_digit() && q.is_ascii_digit() {
            let (m, n) = (digits(x), digits(y));
            (x, y) = (&x[m..], &y[n..]);
            let number = |text: &str, length: usize, rest: &str| {
                text[text.len() - rest.len() - length..text.len() - rest.len()]
                    .trim_start_matches('0')
                    .to_owned()
            };
            let (m, n) = (number(a, m, x), number(b, n, y));
            // Of any length, so compared as text: the longer number is the larger.
            order = m.len().cmp(&n.len()).then_with(|| m.cmp(&n));
        } else {
            (x, y) = (&x[p.len_utf8()..], &y[q.len_utf8()..]);
            order = p.to_lowercase().cmp(q.to_lowercase());
        }
        if order.is_ne() {
            return order;
        }
    }
    x.len().cmp(&y.len()).then_with(|| a.cmp(b))
}

/// How many digits a text begins with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// A name that is sorted so.
#[derive(PartialEq, Eq)]
pub(super) struct Natural(pub(super) String);

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        natural(&self.0, &other.0)
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn names_come_as_people_list_them() {
        let mut names =
            vec!["img10", "Img2", "img2", "IMG1", "a", "img", "img02", "é", "b9z", "b9a", "b10"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(
            names,
            ["a", "b9a", "b9z", "b10", "img", "IMG1", "Img2", "img02", "img2", "img10", "é"]
        );
        let long = "9".repeat(50);
        assert!(natural(&format!("x{long}"), &format!("x1{long}")).is_lt());
    }

    proptest::proptest! {
        #[test]
        fn the_order_is_total(names in proptest::collection::vec("[aA0-2é]{0,5}", 3)) {
            let (a, b, c) = (&names[0], &names[1], &names[2]);
            proptest::prop_assert_eq!(natural(a, b), natural(b, a).reverse());
            proptest::prop_assert_eq!(natural(a, b).is_eq(), a == b);
            if natural(a, b).is_le() && natural(b, c).is_le() {
                proptest::prop_assert!(natural(a, c).is_le());
            }
        }
    }
}
