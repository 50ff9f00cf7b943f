//! NumPy's arrays in a pickle.

use super::pickle::{Node, Object, Pickle};
use super::stored::{Number, Place, Stored, row_by_row};

/// The array that a call of `class` gives, if it gives one.
///
/// Up to protocol 4 it is `_reconstruct(..)` with the state (version, shape, dtype, by columns,
/// bytes); since protocol 5 `_frombuffer(bytes, dtype, shape, order)`.
pub(super) fn array(pickle: &Pickle, class: &str, object: &Object) -> Option<Stored> {
    let function = class.strip_prefix("numpy.")?.rsplit('.').next()?;
    let (shape, dtype, by_columns, bytes) = match function {
        "_reconstruct" => {
            let [_, shape, dtype, by_columns, bytes] = pickle.list(object.state?) else {
                return None;
            };
            let by_columns = matches!(pickle.node(*by_columns), Node::Bool(true));
            (shape, dtype, by_columns, bytes)
        }
        "_frombuffer" => {
            let [bytes, dtype, shape, order] = pickle.list(object.arguments) else {
                return None;
            };
            (shape, dtype, pickle.key(*order) == "F", bytes)
        }
        _ => return None,
    };
    let shape = pickle.list(*shape).iter().map(|size| pickle.size(*size));
    let mut shape: Vec<usize> = shape.collect::<Option<_>>()?;
    let stride = if by_columns {
        shape.reverse();
        let mut stride = row_by_row(&shape);
        shape.reverse();
        stride.reverse();
        stride
    } else {
        row_by_row(&shape)
    };
    let Node::Object(dtype) = pickle.node(*dtype) else {
        return None;
    };
    let kind = pickle.key(*pickle.list(dtype.arguments).first()?);
    let order = dtype.state.and_then(|state| pickle.list(state).get(1));
    Some(Stored {
        shape,
        stride,
        offset: 0,
        number: Number::named(&kind),
        big_endian: order.is_some_and(|order| pickle.key(*order) == ">"),
        place: Place::Here(pickle.bytes(*bytes)?),
    })
}
