//! The small language in which a graph is written: an operation in, the name of its result out.

use bytes::Bytes;

use crate::proto::{Attribute, Dimension, Graph, Kind, Node, Shape, TensorType, Type, ValueInfo};

/// The numbers of a tensor. Large ones are computed when they are written, so that a file's weights
/// are never all in memory beside those that they are made of.
pub(crate) enum Numbers<'a> {
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Numbers.
    Floats(Vec<f32>),
    /// Numbers that are computed when they are written.
    Later(Box<dyn Fn() -> Vec<f32> + 'a>),
}

/// A tensor that is given.
pub(crate) struct Initialiser<'a> {
    pub(crate) name: String,
    pub(crate) dims: Vec<i64>,
    pub(crate) kind: Kind,
    numbers: Numbers<'a>,
}

impl Initialiser<'_> {
    /// Its numbers as they are written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let floats = |numbers: &[f32]| -> Vec<u8> {
            if self.kind == Kind::Half {
                return numbers
                    .iter()
                    .flat_map(|&x| half::f16::from_f32(x).to_le_bytes())
                    .collect();
            }
            numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
        };
        match &self.numbers {
            Numbers::Ints(numbers) => numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
            Numbers::Floats(numbers) => floats(numbers),
            Numbers::Later(numbers) => floats(&numbers()),
        }
    }

    /// How many bytes these are.
    pub(crate) fn len(&self) -> usize {
        self.dims.iter().product::<i64>() as usize * self.kind.size()
    }
}

/// A graph that is being written.
pub(crate) struct Builder<'a> {
    pub(crate) nodes: Vec<Node>,
    pub(crate) initialisers: Vec<Initialiser<'a>>,
    /// Whether matrices and filters are stored as 16-bit floats.
    half: bool,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(half: bool) -> Self {
        Self { nodes: vec![], initialisers: vec![], half }
    }

    /// Adds an operation with one result, which has the operation's name.
    pub(crate) fn op(&mut self, op: &str, inputs: &[&str], name: &str) -> String {
        self.op_with(op, inputs, name, vec![])
    }

    /// The same with settings.
    pub(crate) fn op_with(
        &mut self,
        op: &str,
        inputs: &[&str],
        name: &str,
        attribute: Vec<Attribute>,
    ) -> String {
        self.several(op, inputs, name, &[name], attribute);
        name.to_owned()
    }

    /// An operation with several results.
    pub(crate) fn several(
        &mut self,
        op: &str,
        inputs: &[&str],
        name: &str,
        outputs: &[&str],
        attribute: Vec<Attribute>,
    ) {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.nodes.push(Node {
            input: owned(inputs),
            output: owned(outputs),
            name: name.to_owned(),
            op_type: op.to_owned(),
            attribute,
        });
    }

    /// Adds whole numbers; the same again if they are there under this name.
    pub(crate) fn ints(&mut self, name: &str, dims: &[usize], numbers: Vec<i64>) -> String {
        self.add(name, dims, Kind::Int64, Numbers::Ints(numbers))
    }

    /// One whole number in a row.
    pub(crate) fn int(&mut self, number: i64) -> String {
        self.ints(&format!("int/{number}"), &[1], vec![number])
    }

    /// Adds numbers that stay in 32 bits.
    pub(crate) fn floats(&mut self, name: &str, dims: &[usize], numbers: Vec<f32>) -> String {
        self.add(name, dims, Kind::Float, Numbers::Floats(numbers))
    }

    /// One number in a row.
    pub(crate) fn float(&mut self, name: &str, number: f32) -> String {
        self.floats(name, &[1], vec![number])
    }

    /// Adds many numbers, which are computed when they are written. Stored in 16 bits they are
    /// widened when the file is loaded, so that all is computed in 32 bits.
    pub(crate) fn weights(
        &mut self,
        name: &str,
        dims: &[usize],
        numbers: impl Fn() -> Vec<f32> + 'a,
    ) -> String {
        let numbers = Numbers::Later(Box::new(numbers));
        if !self.half {
            return self.add(name, dims, Kind::Float, numbers);
        }
        let stored = self.add(&format!("{name}.half"), dims, Kind::Half, numbers);
        self.cast(&stored, Kind::Float, name)
    }

    /// A cast to other numbers.
    pub(crate) fn cast(&mut self, input: &str, to: Kind, name: &str) -> String {
        self.op_with("Cast", &[input], name, vec![int("to", to as i64)])
    }

    fn add(&mut self, name: &str, dims: &[usize], kind: Kind, numbers: Numbers<'a>) -> String {
        if self.initialisers.iter().all(|initialiser| initialiser.name != name) {
            let dims = dims.iter().map(|&dim| dim as i64).collect();
            self.initialisers.push(Initialiser { name: name.to_owned(), dims, kind, numbers });
        }
        name.to_owned()
    }

    /// What was written, without the given tensors.
    pub(crate) fn graph(&mut self, input: ValueInfo, output: Vec<ValueInfo>) -> Graph {
        let node = std::mem::take(&mut self.nodes);
        Graph { node, name: "lookalike".into(), initializer: vec![], input: vec![input], output }
    }
}

/// A setting that is a whole number.
pub(crate) fn int(name: &str, number: i64) -> Attribute {
    Attribute { name: name.into(), i: Some(number), kind: Some(2), ..Attribute::default() }
}

/// A setting that is several.
pub(crate) fn ints(name: &str, numbers: &[i64]) -> Attribute {
    Attribute { name: name.into(), ints: numbers.to_vec(), kind: Some(7), ..Attribute::default() }
}

/// A setting that is a word.
pub(crate) fn word(name: &str, word: &'static str) -> Attribute {
    let s = Some(Bytes::from_static(word.as_bytes()));
    Attribute { name: name.into(), s, kind: Some(3), ..Attribute::default() }
}

/// A dimension of an input or output.
#[derive(Clone, Copy)]
pub(crate) enum Dim {
    /// Known later, by this name.
    Named(&'static str),
    /// A number.
    Of(usize),
}

/// An input or output.
pub(crate) fn value(name: &str, kind: Kind, dims: &[Dim], doc: &str) -> ValueInfo {
    let dim = |dim: &Dim| match *dim {
        Dim::Named(name) => Dimension { name: Some(name.into()), value: None },
        Dim::Of(number) => Dimension { value: Some(number as i64), name: None },
    };
    let shape = Shape { dim: dims.iter().map(dim).collect() };
    let tensor = TensorType { elem_type: kind as i32, shape: Some(shape) };
    let kind = Some(Type { tensor: Some(tensor) });
    ValueInfo { name: name.into(), kind, doc_string: doc.into() }
}
