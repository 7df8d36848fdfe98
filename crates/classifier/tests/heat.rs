//! Where a network looks, on one that is made by hand so that it is known where it must.
#![allow(clippy::unwrap_used)] // in helpers of tests too

use classifier::heat_maps;
use engine::{Cpu, Engine};
use network::{Graph, Op, Parameters};
use pictures::Preprocess;

const SIZE: usize = 32;

/// Cells a side of the map.
const SIDE: usize = 8;

/// Red speaks for class 0, blue for class 1, by one channel each of a map of 8 × 8 cells; each
/// colour speaks against the other's class by half as much.
fn engine() -> Cpu {
    let mut graph = Graph::new(3);
    let conv = graph.conv("conv", graph.input(), 0, [2, 4, 4, 0]);
    graph.add("relu", Op::RELU, &[conv]);
    graph.cut_here();
    let cut = graph.cut();
    let pool = graph.add("pool", Op::AveragePool, &[cut]);
    graph.linear("fc", pool, 2, 2, true);
    let mut parameters = Parameters::start(&graph, 0);
    let names: Vec<String> = graph.parameters().iter().map(|p| p.name.clone()).collect();
    for (at, name) in names.iter().enumerate() {
        let tensor = parameters.tensor_mut(at);
        match name.as_str() {
            "conv.weight" => {
                let of = |red: f32, blue: f32| [[red; 16], [0.0; 16], [blue; 16]].concat();
                tensor.data = [of(1.0, -1.0), of(-1.0, 1.0)].concat();
            }
            "fc.weight" => tensor.data = vec![1.0, -0.5, -0.5, 1.0],
            _ => tensor.data.fill(0.0),
        }
    }
    let mut engine = Cpu::new(graph);
    engine.set_parameters(&parameters).unwrap();
    engine
}

fn preprocess() -> Preprocess {
    Preprocess { short_side: SIZE, size: SIZE, mean: [0.5; 3], std: [0.25; 3] }
}

const RED: [u8; 3] = [220, 40, 40];
const BLUE: [u8; 3] = [40, 40, 220];

/// Red left of the column, blue from there on.
fn square(until: usize) -> Vec<u8> {
    (0..SIZE * SIZE).flat_map(|i| if i % SIZE < until { RED } else { BLUE }).collect()
}

#[test]
fn the_map_lies_over_the_half_that_decides() {
    let half = square(SIZE / 2);
    for mirrored in [false, true] {
        for (class, left) in [(0, true), (1, false)] {
            let maps =
                heat_maps(&mut engine(), &preprocess(), &[&half], &[class], mirrored).unwrap();
            assert_eq!((maps.height, maps.width, maps.values.len()), (SIDE, SIDE, SIDE * SIDE));
            for (i, value) in maps.values.iter().enumerate() {
                let decides = (i % SIDE < SIDE / 2) == left;
                assert_eq!(*value > 0.0, decides, "class {class}, mirrored {mirrored}, {i}");
                assert_eq!(*value < 0.0, !decides, "class {class}, mirrored {mirrored}, {i}");
            }
        }
    }
}

/// The hand-made network sees nothing but colours, cell by cell: the mirror image's map turned back
/// is the map itself, in a picture that is not symmetric.
#[test]
fn the_mirror_images_map_is_turned_back() {
    let quarter = square(SIZE / 4);
    let of =
        |mirrored| heat_maps(&mut engine(), &preprocess(), &[&quarter], &[0], mirrored).unwrap();
    let (plain, both) = (of(false), of(true));
    assert!(plain.values.iter().zip(&both.values).all(|(a, b)| (a - b).abs() < 1e-5 * a.abs()));
    assert!(plain.values[0] > 0.0 && plain.values[SIDE - 1] < 0.0);
}

#[test]
fn many_squares_come_in_their_order() {
    // More than pass through the body at once.
    let squares: Vec<Vec<u8>> = (0..20).map(|i| square(4 * (i % 8))).collect();
    let views: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
    let classes: Vec<usize> = (0..20).map(|i| i % 2).collect();
    let together = heat_maps(&mut engine(), &preprocess(), &views, &classes, true).unwrap();
    assert_eq!(together.each().len(), 20);
    for ((view, class), map) in views.iter().zip(&classes).zip(together.each()) {
        let alone = heat_maps(&mut engine(), &preprocess(), &[view], &[*class], true).unwrap();
        assert_eq!(alone.values, map);
    }
    assert!(heat_maps(&mut engine(), &preprocess(), &[], &[], true).unwrap().values.is_empty());
    assert!(heat_maps(&mut engine(), &preprocess(), &views[..1], &[2], true).is_err());
}

#[test]
fn several_classes_are_asked_about_in_one_look() {
    let squares: Vec<Vec<u8>> = (0..20).map(|i| square(4 + i)).collect();
    let squares: Vec<&[u8]> = squares.iter().map(Vec::as_slice).collect();
    for mirrored in [false, true] {
        let ask = |classes: &[usize]| {
            heat_maps(&mut engine(), &preprocess(), &squares, classes, mirrored).unwrap().values
        };
        let both = ask(&[1, 0].repeat(20));
        let (blue, red) = (ask(&[1; 20]), ask(&[0; 20]));
        let cells = SIDE * SIDE;
        for (square, maps) in both.chunks_exact(2 * cells).enumerate() {
            assert_eq!(maps[..cells], blue[square * cells..][..cells], "{square}");
            assert_eq!(maps[cells..], red[square * cells..][..cells], "{square}");
        }
    }
}
