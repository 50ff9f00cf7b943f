//! Arrow's arrays as numbers.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_schema::DataType;

/// Whether a column of this kind has numbers, or lists of them, in its rows.
pub(super) fn is_number(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            !item.data_type().is_nested() && is_number(item.data_type())
        }
        DataType::Boolean
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => true,
        kind => kind.is_integer() || kind.is_floating(),
    }
}

/// A column's numbers one after another, and how many each row has; a number that is missing is NaN.
pub(super) fn numbers(column: &dyn Array) -> Option<(Vec<f64>, Vec<usize>)> {
    let rows = column.len();
    let lists = |values: &dyn Array, place: &dyn Fn(usize) -> (usize, usize)| {
        let values = plain(values)?;
        let (mut all, mut lengths) = (Vec::new(), Vec::new());
        for row in 0..rows {
            let (start, end) = place(row);
            all.extend(values.get(start..end)?);
            lengths.push(end - start);
        }
        Some((all, lengths))
    };
    match column.data_type() {
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            let offsets = list.value_offsets();
            lists(list.values(), &|row| {
                (offsets[row] as usize, offsets[row + 1] as usize)
            })
        }
        DataType::LargeList(_) => {
            let list = column.as_list::<i64>();
            let offsets = list.value_offsets();
            lists(list.values(), &|row| {
                (offsets[row] as usize, offsets[row + 1] as usize)
            })
        }
        DataType::FixedSizeList(_, length) => {
            let length = usize::try_from(*length).ok()?;
            let list = column.as_fixed_size_list();
            lists(list.values(), &|row| (row * length, (row + 1) * length))
        }
        _ => Some((plain(column)?, vec![1; rows])),
    }
}

/// The numbers of a column that has one a row.
fn plain(column: &dyn Array) -> Option<Vec<f64>> {
    macro_rules! of {
        ($($kind:ident => $type:ty),*) => {
            match column.data_type() {
                $(DataType::$kind => column.as_primitive::<$type>().iter()
                    .map(|value| value.map_or(f64::NAN, |value| value as f64)).collect(),)*
                DataType::Boolean => column.as_boolean().iter()
                    .map(|value| value.map_or(f64::NAN, |value| f64::from(u8::from(value))))
                    .collect(),
                DataType::Float16 => column.as_primitive::<Float16Type>().iter()
                    .map(|value| value.map_or(f64::NAN, |value| value.to_f64())).collect(),
                DataType::Decimal32(..) => decimals(column.as_primitive::<Decimal32Type>()),
                DataType::Decimal64(..) => decimals(column.as_primitive::<Decimal64Type>()),
                DataType::Decimal128(..) => decimals(column.as_primitive::<Decimal128Type>()),
                DataType::Decimal256(..) => decimals(column.as_primitive::<Decimal256Type>()),
                _ => return None,
            }
        };
    }
    Some(of!(
        Float32 => Float32Type, Float64 => Float64Type,
        Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
        UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type
    ))
}

/// By way of their text, which alone rounds rightly to the nearest 64-bit float.
fn decimals<T: DecimalType>(column: &PrimitiveArray<T>) -> Vec<f64> {
    (0..column.len())
        .map(|row| match column.is_null(row) {
            true => f64::NAN,
            false => column.value_as_string(row).parse().unwrap_or(f64::NAN),
        })
        .collect()
}
