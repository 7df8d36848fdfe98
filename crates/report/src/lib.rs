//! One self-contained HTML page and JSON, drawn from insight
