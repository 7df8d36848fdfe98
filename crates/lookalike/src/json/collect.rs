use std::collections::BTreeMap;

use collect::{Collected, Status};
use serde_json::{Value, json};

/// What [`crate::collect`] came to, as JSON.
#[must_use]
pub fn collect(done: &Collected) -> Value {
    let counts = Status::ALL.iter().map(|status| (status.to_string(), done.count(*status)));
    let reasons = done.reasons().into_iter();
    let reasons = reasons.map(
        |(status, reason, count)| json!({ "status": status, "reason": reason, "count": count }),
    );
    json!({
        "table": done.table,
        "stopped": done.stopped,
        "counts": counts.collect::<BTreeMap<_, _>>(),
        "classes": done.classes().into_iter().collect::<BTreeMap<_, _>>(),
        "reasons": reasons.collect::<Vec<_>>(),
        "rows": done.rows,
    })
}
