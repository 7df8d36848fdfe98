//! Names of tensors in files of weights: ours, and those of others who publish weights.

use std::collections::BTreeMap;

use crate::head::CLASSIFIER;
use crate::{Backbone, Graph};

/// The names under which somebody publishes weights for a backbone.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// Who: `torchvision`.
    pub by: &'static str,
    /// The name of the layer that ends in classes, without `.weight` and `.bias`.
    pub classifier: &'static str,
    /// Their name of each parameter of the body, in our order, from ours.
    pub body: fn(ours: &Graph) -> Vec<String>,
}

/// Our names as they are.
pub(crate) fn same(ours: &Graph) -> Vec<String> {
    ours.body_parameters().iter().map(|parameter| parameter.name.clone()).collect()
}

/// Under which names one file holds a network.
#[derive(Clone, Debug)]
pub struct Names {
    /// That of each parameter, in the graph's order.
    pub parameters: Vec<String>,
    /// The layer that ends in classes.
    classifier: &'static str,
}

impl Names {
    /// Those that a file uses: of the publishers' and ours, the ones of which it holds most.
    #[must_use]
    pub fn used(graph: &Graph, holds: impl Fn(&str) -> bool) -> Self {
        let ours = graph.parameters().iter().map(|parameter| parameter.name.clone()).collect();
        let ours = Self { parameters: ours, classifier: CLASSIFIER };
        let published = graph.backbone().map_or(&[][..], Backbone::published);
        let held = |names: &Self| {
            let classifier = usize::from(holds(&format!("{}.weight", names.classifier)));
            classifier + names.parameters.iter().filter(|name| holds(name)).count()
        };
        let theirs = published.iter().map(|publisher| Self::of(publisher, graph));
        theirs.fold(ours, |best, names| if held(&names) > held(&best) { names } else { best })
    }

    fn of(publisher: &Published, graph: &Graph) -> Self {
        let head = graph.parameters()[graph.body_parameters().len()..].iter().map(|parameter| {
            let suffix = parameter.name.strip_prefix(CLASSIFIER).filter(|s| s.starts_with('.'));
            suffix
                .map_or_else(|| parameter.name.clone(), |s| format!("{}{s}", publisher.classifier))
        });
        let parameters = (publisher.body)(graph).into_iter().chain(head).collect();
        Self { parameters, classifier: publisher.classifier }
    }

    /// Whether published files carry this tensor along though a network may not need it: the layer
    /// that ends in classes, and how many batches a norm has seen.
    #[must_use]
    pub fn carries(&self, name: &str) -> bool {
        if let Some(norm) = name.strip_suffix(".num_batches_tracked") {
            let mean = format!("{norm}.running_mean");
            return self.parameters.contains(&mean);
        }
        matches!(name.strip_prefix(self.classifier), Some(".weight" | ".bias"))
    }
}

impl Backbone {
    /// The backbone whose body a file holds, neither more nor less, under our names or a
    /// publisher's. The file is given by its tensors' names and shapes.
    #[must_use]
    pub fn recognise(file: &BTreeMap<&str, &[usize]>) -> Option<Self> {
        Self::ALL.into_iter().find(|backbone| {
            let body = backbone.body();
            let names = Names::used(&body, |name| file.contains_key(name));
            let mut pairs = names.parameters.iter().zip(body.parameters());
            let others = file.keys().filter(|name| !names.carries(name)).count();
            others == body.parameters().len()
                && pairs.all(|(name, p)| file.get(name.as_str()).is_some_and(|s| *s == p.shape))
        })
    }
}
