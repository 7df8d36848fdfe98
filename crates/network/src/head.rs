use crate::{Graph, Head, Op};

/// The head's parameter group, after the body's two.
const GROUP: usize = 2;

/// Adds a head to a body that ends at the graph's cut.
pub(crate) fn add(graph: &mut Graph, head: Head) {
    let body = graph.cut();
    match head {
        // fastai 2.8 `create_head` with its defaults: lin_ftrs [512], ps 0.5 (halved before the
        // first linear layer), batch norm before dropout before linear, activation last.
        Head::Fastai { classes } => {
            let pool = graph.add("head.pool", Op::ConcatPool, &[body]);
            let norm = graph.norm("head.norm1", pool, GROUP, 1e-3);
            let drop = graph.add("head.dropout1", Op::Dropout { rate: 0.25 }, &[norm]);
            let linear = graph.linear("head.linear1", drop, GROUP, 512, false);
            let relu = graph.add("head.relu", Op::Relu, &[linear]);
            let norm = graph.norm("head.norm2", relu, GROUP, 1e-3);
            let drop = graph.add("head.dropout2", Op::Dropout { rate: 0.5 }, &[norm]);
            graph.linear("head.linear2", drop, GROUP, classes, false);
        }
        Head::Linear { classes } => {
            let pool = graph.add("avgpool", Op::AveragePool, &[body]);
            graph.linear("fc", pool, GROUP, classes, true);
        }
    }
}
