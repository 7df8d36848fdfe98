use crate::{Graph, Head, NodeId, Op};

/// The head's parameter group, after the body's two.
const GROUP: usize = 2;

/// The one layer of a linear head, by torchvision's name.
pub(crate) const CLASSIFIER: &str = "fc";

/// Adds the pool that a head begins with to a body that ends at the graph's cut.
pub(crate) fn add_pool(graph: &mut Graph, head: Head) -> NodeId {
    let body = graph.cut();
    match head {
        Head::Fastai { .. } => graph.add("head.pool", Op::ConcatPool, &[body]),
        Head::Hidden { .. } => graph.add("head.pool", Op::AveragePool, &[body]),
        Head::Linear { .. } => graph.add("avgpool", Op::AveragePool, &[body]),
    }
}

/// Adds what follows the pool.
pub(crate) fn add_layers(graph: &mut Graph, pooled: NodeId, head: Head) {
    match head {
        // fastai 2.8 `create_head` with its defaults: lin_ftrs [512], ps 0.5 (halved before the
        // first linear layer), batch norm before dropout before linear, activation last.
        Head::Fastai { classes } | Head::Hidden { classes } => {
            let norm = graph.norm("head.norm1", pooled, GROUP, 1e-3);
            let drop = graph.add("head.dropout1", Op::Dropout { rate: 0.25 }, &[norm]);
            let linear = graph.linear("head.linear1", drop, GROUP, 512, false);
            let relu = graph.add("head.relu", Op::RELU, &[linear]);
            let norm = graph.norm("head.norm2", relu, GROUP, 1e-3);
            let drop = graph.add("head.dropout2", Op::Dropout { rate: 0.5 }, &[norm]);
            graph.linear("head.linear2", drop, GROUP, classes, false);
        }
        Head::Linear { classes } => {
            graph.linear(CLASSIFIER, pooled, GROUP, classes, true);
        }
    }
}
