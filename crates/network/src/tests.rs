use std::collections::BTreeMap;

use crate::{Architecture, Backbone, Filter, Graph, Head, Names, Padding, Parameters, summary};

fn fastai(backbone: Backbone) -> crate::Graph {
    Architecture { backbone, head: Head::Fastai { classes: 3 } }.graph()
}

#[test]
fn resnet50_counts_are_fastais() {
    let summary = summary::of(&fastai(Backbone::ResNet50), 224, 224).unwrap();
    assert_eq!(summary.head_parameters, 2_107_904);
    assert_eq!(summary.body_parameters, 23_508_032);
    assert_eq!(summary.body_norm_parameters, 53_120);
}

#[test]
fn totals_are_the_published_ones() {
    // Parameter counts with 1,000 classes, as torchvision documents them and timm counts them.
    for (backbone, total) in [
        (Backbone::ResNet18, 11_689_512),
        (Backbone::ResNet34, 21_797_672),
        (Backbone::ResNet50, 25_557_032),
        (Backbone::ResNet101, 44_549_160),
        (Backbone::ResNet152, 60_192_808),
        (Backbone::EfficientNetLite0, 4_652_008),
        (Backbone::EfficientNetLite2, 6_092_072),
    ] {
        let graph = Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph();
        let summary = summary::of(&graph, 224, 224).unwrap();
        assert_eq!(summary.body_parameters + summary.head_parameters, total, "{backbone}");
    }
}

#[test]
fn resnet50_does_four_billion_multiply_adds() {
    let graph =
        Architecture { backbone: Backbone::ResNet50, head: Head::Linear { classes: 1000 } }.graph();
    let summary = summary::of(&graph, 224, 224).unwrap();
    assert!(
        (4.0..4.2).contains(&(summary.multiply_adds as f64 / 1e9)),
        "{}",
        summary.multiply_adds
    );
}

#[test]
fn groups_split_where_fastai_splits() {
    let graph = fastai(Backbone::ResNet34);
    assert_eq!(graph.groups(), 3);
    for parameter in graph.parameters() {
        let expected = match parameter.name.split('.').next().unwrap() {
            "conv1" | "bn1" | "layer1" | "layer2" => 0,
            "layer3" | "layer4" => 1,
            _ => 2,
        };
        assert_eq!(parameter.group, expected, "{}", parameter.name);
    }
}

#[test]
fn names_are_unique_and_start_values_are_finite() {
    for backbone in Backbone::ALL {
        let graph = fastai(backbone);
        let names: std::collections::HashSet<_> =
            graph.parameters().iter().map(|p| &p.name).collect();
        assert_eq!(names.len(), graph.parameters().len());
        assert_eq!(backbone.name().parse::<Backbone>().unwrap(), backbone);
    }
    for backbone in Backbone::ALL {
        assert_eq!(backbone.body().backbone(), Some(backbone));
    }
    let graph = fastai(Backbone::Small);
    assert_eq!(Parameters::start(&graph, 1).first_not_finite(&graph), None);
    assert_ne!(Parameters::start(&graph, 1), Parameters::start(&graph, 2));
}

#[test]
fn any_size_from_one_pixel_up_has_shapes() {
    for backbone in Backbone::ALL {
        for size in [1, 2, 31, 64, 97, 224] {
            let shapes = fastai(backbone).shapes(size, size + 3).unwrap();
            assert!(shapes.iter().all(|shape| !shape.is_empty()));
        }
    }
    assert!(fastai(Backbone::Small).shapes(0, 8).is_err());
}

#[test]
fn the_head_alone_has_the_last_parameters_of_the_whole() {
    for head in
        [Head::Fastai { classes: 3 }, Head::Linear { classes: 3 }, Head::Hidden { classes: 3 }]
    {
        let architecture = Architecture { backbone: Backbone::ResNet18, head };
        let (whole, alone) = (architecture.graph(), architecture.head_graph());
        let pooled = whole.features().unwrap();
        assert_eq!(alone.channels(alone.input()), whole.channels(pooled));
        let of_the_head = whole.parameters().iter().filter(|p| p.group == 2);
        assert!(of_the_head.eq(alone.parameters()));
        assert!(whole.parameters().ends_with(alone.parameters()));
        assert_eq!(alone.classes(), 3);
    }
}

#[test]
fn a_body_is_recognised_by_its_tensors_neither_more_nor_less() {
    for backbone in Backbone::ALL {
        let graph = Architecture { backbone, head: Head::Linear { classes: 7 } }.graph();
        let tensors = graph.parameters().iter().map(|p| (p.name.as_str(), &p.shape[..]));
        let mut file: BTreeMap<&str, &[usize]> = tensors.collect();
        assert_eq!(Backbone::recognise(&file), Some(backbone));
        let first = graph.parameters()[0].name.as_str();
        let shape = file.insert(first, &[1, 2, 3]).unwrap();
        assert_eq!(Backbone::recognise(&file), None, "{backbone}: another shape");
        file.remove(first);
        assert_eq!(Backbone::recognise(&file), None, "{backbone}: one too few");
        file.insert(first, shape);
        file.insert("more", &[1]);
        assert_eq!(Backbone::recognise(&file), None, "{backbone}: one too many");
    }
}

#[test]
fn same_padding_is_tensorflows() {
    // size, kernel, stride: zeros before and after, as TensorFlow's formula has them
    for (size, kernel, stride, expected) in [
        (224, 3, 2, [0, 1]),
        (112, 5, 2, [1, 2]),
        (113, 3, 2, [1, 1]),
        (7, 3, 1, [1, 1]),
        (7, 5, 1, [2, 2]),
        (1, 3, 2, [1, 1]),
        (4, 1, 2, [0, 0]),
    ] {
        let around = Padding::Same.around(size, kernel, stride);
        assert_eq!(around, expected, "{size} {kernel} {stride}");
        let mut graph = Graph::new(4);
        let padding = Padding::Same;
        let filter = Filter { channels: 8, kernel, stride, padding, groups: 4 };
        graph.conv("conv", graph.input(), 0, filter);
        assert_eq!(graph.parameters()[0].shape, [8, 1, kernel, kernel]);
        assert_eq!(graph.shapes(size, size).unwrap()[1].width, size.div_ceil(stride));
    }
}

/// The tensors of a network whose layers somebody else names.
fn published_by(backbone: Backbone, by: &str) -> Vec<String> {
    let published = backbone.published().iter().find(|published| published.by == by).unwrap();
    let graph = Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph();
    let classifier = ["weight", "bias"].map(|suffix| format!("{}.{suffix}", published.classifier));
    (published.body)(&graph).into_iter().chain(classifier).collect()
}

#[test]
fn efficientnet_is_found_under_its_publishers_names() {
    let (lite0, lite2) = (Backbone::EfficientNetLite0, Backbone::EfficientNetLite2);
    let package = "efficientnet_lite_pytorch";
    for (backbone, by, some) in [
        (lite0, "timm", ["blocks.0.0.conv_pw.weight", "blocks.5.3.conv_pwl.weight", "bn2.bias"]),
        (lite2, "timm", ["blocks.0.0.conv_pw.weight", "blocks.5.4.conv_pwl.weight", "bn2.bias"]),
        (
            lite0,
            package,
            ["_blocks.0._project_conv.weight", "_blocks.14._project_conv.weight", "_bn1.bias"],
        ),
        (
            lite2,
            package,
            ["_blocks.0._project_conv.weight", "_blocks.20._project_conv.weight", "_bn1.bias"],
        ),
    ] {
        let whole = Architecture { backbone, head: Head::Linear { classes: 1000 } }.graph();
        let body = Architecture { backbone, head: Head::Fastai { classes: 2 } }.graph();
        let names = published_by(backbone, by);
        assert!(some.iter().all(|name| names.contains(&name.to_string())), "{by}");
        let shapes = whole.parameters().iter().map(|p| &p.shape[..]);
        let file: BTreeMap<&str, &[usize]> = names.iter().map(String::as_str).zip(shapes).collect();
        assert_eq!(file.len(), whole.parameters().len(), "{by}");
        assert_eq!(Backbone::recognise(&file), Some(backbone), "{by}");
        let holds = |name: &str| file.contains_key(name);
        assert_eq!(Names::used(&whole, holds).parameters, names);
        let used = Names::used(&body, holds);
        assert_eq!(used.parameters[..body.body_parameters().len()], names[..names.len() - 2]);
        assert!(used.carries(&names[names.len() - 1]) && !used.carries("conv1.weight"));
        // Ours are used where the file is ours.
        let ours = |name: &str| body.parameters().iter().any(|p| p.name == name);
        assert!(Names::used(&body, ours).parameters.iter().all(|name| ours(name)));
    }
}

#[test]
fn efficientnet_halves_sizes_as_tensorflow_does() {
    let graph = fastai(Backbone::EfficientNetLite0);
    for (size, cells) in [(224, 7), (225, 8), (96, 3), (33, 2)] {
        let map = graph.shapes(size, size).unwrap()[graph.cut().0];
        assert_eq!((map.height, map.width, map.channels), (cells, cells, 1280));
    }
    let billions = |graph: &Graph, size: usize| {
        summary::of(graph, size, size).unwrap().multiply_adds as f64 / 1e9
    };
    assert!((0.38..0.42).contains(&billions(&graph, 224)));
    assert!((0.85..0.90).contains(&billions(&fastai(Backbone::EfficientNetLite2), 260)));
}
