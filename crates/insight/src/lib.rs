//! What predictions mean: metrics with intervals, confusion, top losses
