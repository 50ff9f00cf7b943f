//! A graph, node after node.

use super::proto::{
    Attribute, DOUBLE, Dimension, FLOAT, Graph, Node, Numbers, Shape, TensorType, Type, Value,
};
use crate::interchange::plain::NamedArray;

/// Nodes and constants in the order they were asked for.
#[derive(Default)]
pub(super) struct GraphBuilder {
    nodes: Vec<Node>,
    constants: Vec<Numbers>,
}

impl GraphBuilder {
    /// A weight as it is; its name.
    pub(super) fn array(&mut self, (name, shape, values): &NamedArray) {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes());
        self.constants.push(Numbers {
            dims: shape.iter().map(|size| *size as i64).collect(),
            data_type: FLOAT,
            name: name.clone(),
            raw_data: raw_data.collect(),
        });
    }

    /// Constants of 64 bits; their name.
    pub(super) fn doubles(&mut self, name: &str, values: &[f64]) -> String {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes());
        self.constants.push(Numbers {
            dims: vec![values.len() as i64],
            data_type: DOUBLE,
            name: name.into(),
            raw_data: raw_data.collect(),
        });
        name.into()
    }

    /// Entry `index` of a weight along its first side: a constant of its own, `name_index`.
    pub(super) fn row(&mut self, name: &str, index: usize) -> String {
        let row = format!("{name}_{index}");
        if self.constants.iter().any(|constant| constant.name == row) {
            return row;
        }
        let whole = self.constants.iter().find(|constant| constant.name == name);
        let whole = whole.expect("the formula's weights are in the graph");
        let size = whole.raw_data.len() / whole.dims[0] as usize;
        self.constants.push(Numbers {
            dims: whole.dims[1..].to_vec(),
            data_type: FLOAT,
            name: row.clone(),
            raw_data: whole.raw_data[index * size..][..size].to_vec(),
        });
        row
    }

    /// A node; the name of its output.
    pub(super) fn node(&mut self, operator: &str, inputs: &[&str]) -> String {
        self.with(operator, inputs, Vec::new())
    }

    /// A node with attributes; the name of its output.
    pub(super) fn with(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attribute: Vec<Attribute>,
    ) -> String {
        let output = format!("{}_{}", operator.to_lowercase(), self.nodes.len());
        self.push(operator, inputs, attribute, output.clone());
        output
    }

    /// The last node, whose output has a name of its own.
    pub(super) fn output(&mut self, operator: &str, inputs: &[&str], name: &str) {
        self.push(operator, inputs, Vec::new(), name.into());
    }

    /// The same in 32 bits.
    pub(super) fn narrowed(&mut self, value: &str) -> String {
        self.with("Cast", &[value], vec![Attribute::of("to", FLOAT.into())])
    }

    /// The same in 64 bits.
    pub(super) fn widened(&mut self, value: &str) -> String {
        self.with("Cast", &[value], vec![Attribute::of("to", DOUBLE.into())])
    }

    fn push(&mut self, operator: &str, inputs: &[&str], attribute: Vec<Attribute>, output: String) {
        self.nodes.push(Node {
            input: inputs.iter().map(|&input| input.into()).collect(),
            output: vec![output],
            op_type: operator.into(),
            attribute,
        });
    }

    /// The graph from `x` to `f`; constants that no node reads are left out.
    pub(super) fn finish(self, dim: usize) -> Graph {
        let read = |name: &String| self.nodes.iter().any(|node| node.input.contains(name));
        let constants = self
            .constants
            .iter()
            .filter(|constant| read(&constant.name));
        Graph {
            initializer: constants.cloned().collect(),
            name: "field".into(),
            input: vec![value("x", dim)],
            output: vec![value("f", dim)],
            node: self.nodes,
        }
    }
}

/// `[n, dim]` numbers of 64 bits.
fn value(name: &str, dim: usize) -> Value {
    let rows = Dimension {
        name: Some("n".into()),
        value: None,
    };
    let columns = Dimension {
        value: Some(dim as i64),
        name: None,
    };
    let tensor = TensorType {
        elem_type: DOUBLE,
        shape: Some(Shape {
            dim: vec![rows, columns],
        }),
    };
    Value {
        name: name.into(),
        kind: Some(Type {
            tensor: Some(tensor),
        }),
    }
}
