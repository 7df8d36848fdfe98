//! Two classifiers of one folder, before and after its labels were corrected.

use std::collections::HashMap;

use classifier::Classifier;
use ground::Digest;
use insight::{Comparison, HeldOut};

use crate::order::Order;

/// Two classifiers on the pictures that both judged without having been trained on them: by content, so
/// that a picture may have moved in between. What a picture shows is as the second one was told. `None`
/// where there is no such picture.
#[must_use]
pub fn compared(before: &Classifier, after: &Classifier) -> Option<Comparison> {
    let order = Order::of(&after.classes, &before.classes);
    let then: HashMap<Digest, &HeldOut> = before.judged().collect();
    let (mut a, mut b, mut labels, mut groups) = (vec![], vec![], vec![], vec![]);
    for (digest, now) in after.judged() {
        if let (Some(then), true) = (then.get(&digest), order.knows(now.actual)) {
            let width = after.classes.len();
            a.push(order.row(&then.logits));
            // What only the old one knows, the new one never names.
            let lowest = now.logits.iter().copied().fold(f32::INFINITY, f32::min) - 20.0;
            let mut row = now.logits.clone();
            row.resize(a.last().map_or(width, Vec::len), lowest);
            b.push(row);
            labels.push(now.actual);
            groups.push(now.group);
        }
    }
    let (old, new) = ("the classifier before", "the classifier after");
    (!labels.is_empty()).then(|| insight::compare(old, &a, new, &b, &labels, &groups))
}
