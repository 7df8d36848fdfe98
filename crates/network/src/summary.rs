//! A network in figures: parameters, multiply-adds, bytes.

use crate::{Graph, GraphError, NodeId, Op, Shape};

/// One row: an operation that has parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The operation's name.
    pub name: String,
    /// Its result for one picture.
    pub shape: Shape,
    /// Its trained parameters.
    pub parameters: usize,
    /// Multiply-adds for one picture.
    pub multiply_adds: u64,
}

/// A network in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Operations with parameters, in order.
    pub rows: Vec<Row>,
    /// Trained parameters of the body.
    pub body_parameters: usize,
    /// Trained parameters of the head.
    pub head_parameters: usize,
    /// Trained parameters of the body's norms.
    pub body_norm_parameters: usize,
    /// Multiply-adds of a forward pass for one picture.
    pub multiply_adds: u64,
}

/// Counts what a graph holds and does for pictures of this size.
///
/// # Errors
/// When the graph cannot take pictures of this size.
pub fn of(graph: &Graph, height: usize, width: usize) -> Result<Summary, GraphError> {
    let shapes = graph.shapes(height, width)?;
    let mut summary = Summary {
        rows: vec![],
        body_parameters: 0,
        head_parameters: 0,
        body_norm_parameters: 0,
        multiply_adds: 0,
    };
    for (index, (node, &shape)) in graph.nodes().iter().zip(&shapes).enumerate() {
        let ids = node.op.trained();
        if ids.is_empty() {
            continue;
        }
        let parameters = ids.iter().map(|&id| graph.parameter(id).len()).sum();
        let multiply_adds = match node.op {
            Op::Conv { weight, .. } | Op::Linear { weight, .. } => {
                (shape.height * shape.width * graph.parameter(weight).len()) as u64
            }
            _ => 0,
        };
        if NodeId(index) <= graph.cut() {
            summary.body_parameters += parameters;
            if matches!(node.op, Op::Norm(_)) {
                summary.body_norm_parameters += parameters;
            }
        } else {
            summary.head_parameters += parameters;
        }
        summary.multiply_adds += multiply_adds;
        summary.rows.push(Row { name: node.name.clone(), shape, parameters, multiply_adds });
    }
    Ok(summary)
}
