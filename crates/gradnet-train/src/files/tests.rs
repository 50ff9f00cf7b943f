//! What people have in their files: read to the number, or refused with its name and a remedy.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use arrow_array::types::{Float64Type, Int32Type};
use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, FixedSizeListArray, Float16Array, Float64Array,
    ListArray, RecordBatch, StringArray, UInt64Array,
};
use arrow_schema::{Field, Schema};
use burn::tensor::{bf16, f16};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

/// Writes a file of that name and reads it.
fn read(name: &str, bytes: &[u8], selection: &Selection) -> Result<Vec<f64>, FileError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, bytes).unwrap();
    read_file(&file, selection)
}

fn read_file(file: &Path, selection: &Selection) -> Result<Vec<f64>, FileError> {
    let mut reader = RowReader::open(file, selection)?;
    let mut numbers = Vec::new();
    while reader.read(3, &mut numbers)? > 0 {}
    Ok(numbers)
}

#[track_caller]
fn refused(name: &str, bytes: &[u8], said: &[&str]) {
    let error = read(name, bytes, &Selection::All).expect_err(name);
    let text = format!("{error}; {}", error.remedy());
    for part in [&[name], said].concat() {
        assert!(text.contains(part), "{name}: {part}: {text}");
    }
}

fn npy(descr: &str, by_columns: bool, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let order = if by_columns { "True" } else { "False" };
    let text = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.extend(numbers);
    bytes
}

#[test]
fn every_kind_of_number_of_numpy_is_read_exactly() {
    let f16s = [0.5, -2.0].map(f16::from_f64);
    for (descr, numbers, expected) in [
        ("|b1", vec![0, 1], [0.0, 1.0]),
        ("|i1", vec![0xff, 5], [-1.0, 5.0]),
        ("|u1", vec![0xff, 5], [255.0, 5.0]),
        ("<f2", f16s.map(f16::to_le_bytes).concat(), [0.5, -2.0]),
        (">f2", f16s.map(f16::to_be_bytes).concat(), [0.5, -2.0]),
        (
            ">f4",
            [0.1f32, -3.0].map(f32::to_be_bytes).concat(),
            [f64::from(0.1f32), -3.0],
        ),
        (
            "<f8",
            [0.1f64, 1e-50].map(f64::to_le_bytes).concat(),
            [0.1, 1e-50],
        ),
        (
            "<i8",
            [16_777_217i64, -3].map(i64::to_le_bytes).concat(),
            [16_777_217.0, -3.0],
        ),
        (
            ">u8",
            [1u64 << 53, 7].map(u64::to_be_bytes).concat(),
            [9_007_199_254_740_992.0, 7.0],
        ),
    ] {
        let bytes = npy(&format!("'{descr}'"), false, "(1, 2)", &numbers);
        assert_eq!(
            read("a.npy", &bytes, &Selection::All).unwrap(),
            expected,
            "{descr}"
        );
    }
}

#[test]
fn fortran_order_is_read_row_after_row() {
    // (1, 2), (3, 4), (5, 6), column after column.
    let numbers = [1.0f64, 3.0, 5.0, 2.0, 4.0, 6.0]
        .map(f64::to_le_bytes)
        .concat();
    let bytes = npy("'<f8'", true, "(3, 2)", &numbers);
    let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(read("a.npy", &bytes, &Selection::All).unwrap(), rows);
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive
        .start_file("x.npy", SimpleFileOptions::default())
        .unwrap();
    archive.write_all(&bytes).unwrap();
    let archive = archive.finish().unwrap().into_inner();
    assert_eq!(read("a.npz", &archive, &Selection::All).unwrap(), rows);
}

/// 1.1 million rows of 16 bytes take two blocks: the value of row r in column c is (r + 37 c) mod 251.
#[test]
fn fortran_order_is_read_across_the_borders_of_blocks() {
    const ROWS: usize = 1_100_000;
    let value = |row: usize, column: usize| ((row + 37 * column) % 251) as u8;
    let numbers: Vec<u8> = (0..16)
        .flat_map(|column| (0..ROWS).map(move |row| value(row, column)))
        .collect();
    let bytes = npy("'|u1'", true, "(1100000, 16)", &numbers);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.npy");
    std::fs::write(&file, bytes).unwrap();
    let mut reader = RowReader::open(&file, &Selection::All).unwrap();
    let (mut row, mut numbers) = (0, Vec::new());
    loop {
        numbers.clear();
        if reader.read(10_000, &mut numbers).unwrap() == 0 {
            break;
        }
        for numbers in numbers.chunks(16) {
            for column in [0, 7, 15] {
                assert_eq!(
                    numbers[column],
                    f64::from(value(row, column)),
                    "{row} {column}"
                );
            }
            row += 1;
        }
    }
    assert_eq!(row, ROWS);
}

#[test]
fn arrays_of_numpy_that_are_no_plain_numbers_are_named_with_a_remedy() {
    let zeros = [0; 64];
    for (descr, said) in [
        ("'<c8'", &["complex numbers", "array.real"][..]),
        ("'<c16'", &["complex numbers"]),
        (
            "[('x', '<f4'), ('y', '<f4')]",
            &["structured", "from numpy.lib.recfunctions import"],
        ),
        ("'|O'", &["Python objects", "pickle", "astype"]),
        ("'<U3'", &["text", "astype"]),
        ("'|S3'", &["text", "astype"]),
        ("'<M8[ns]'", &["times", "astype"]),
        ("'<f16'", &["extended precision", "astype"]),
        ("'|V2'", &["bfloat16", "view(ml_dtypes.bfloat16).astype"]),
    ] {
        refused("a.npy", &npy(descr, false, "(2, 2)", &zeros), said);
    }
    refused(
        "a.npy",
        &npy("'<f4'", false, "(2, 2, 2)", &zeros),
        &["[2, 2, 2]", "reshape"],
    );
    refused(
        "a.npy",
        &npy("'<f4'", false, "()", &zeros),
        &["shape", "reshape"],
    );
}

fn safetensors(header: &str, numbers: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(numbers);
    bytes
}

#[test]
fn half_precision_and_booleans_of_safetensors_are_read() {
    let half = [0.5, -2.0]
        .map(f16::from_f64)
        .map(f16::to_le_bytes)
        .concat();
    let brain = [0.5, -2.0]
        .map(bf16::from_f64)
        .map(bf16::to_le_bytes)
        .concat();
    for (dtype, numbers, expected) in [
        ("F16", half, [0.5, -2.0]),
        ("BF16", brain, [0.5, -2.0]),
        ("BOOL", vec![1, 0], [1.0, 0.0]),
    ] {
        let end = numbers.len();
        let header = format!(
            "{{\"x\":{{\"dtype\":\"{dtype}\",\"shape\":[1,2],\"data_offsets\":[0,{end}]}}}}"
        );
        let bytes = safetensors(&header, &numbers);
        assert_eq!(
            read("a.safetensors", &bytes, &Selection::All).unwrap(),
            expected
        );
    }
    let header = "{\"x\":{\"dtype\":\"F8_E4M3\",\"shape\":[1,2],\"data_offsets\":[0,2]}}";
    refused(
        "a.safetensors",
        &safetensors(header, &[0; 2]),
        &["`x`", "F8_E4M3", "F32"],
    );
}

#[test]
fn arrays_and_columns_of_one_name_are_refused_in_every_format() {
    let tensor = |at: usize| {
        format!(
            "\"x\":{{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[{at},{}]}}",
            at + 2
        )
    };
    let header = format!("{{{},{}}}", tensor(0), tensor(2));
    refused(
        "a.safetensors",
        &safetensors(&header, &[0; 4]),
        &["`x`", "twice"],
    );

    // As Python's zipfile does: the same name again, which it only warns of.
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["x.npy", "z.npy"] {
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive
            .write_all(&npy("'|u1'", false, "(1,)", &[1]))
            .unwrap();
    }
    let mut archive = archive.finish().unwrap().into_inner();
    let places: Vec<usize> = (0..archive.len() - 5)
        .filter(|place| archive[*place..].starts_with(b"z.npy"))
        .collect();
    for place in places {
        archive[place] = b'x';
    }
    refused("a.npz", &archive, &["`x`", "2 times"]);

    let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let bytes = parquet(
        vec![("a", column.clone()), ("b", column.clone()), ("a", column)],
        &[],
    );
    refused("a.parquet", &bytes, &["`a`", "2 times: 1, 3"]);
    let named = |name: &str| Selection::Named(vec![name.into()]);
    assert!(read("a.parquet", &bytes, &named("a")).is_err());
    assert_eq!(read("a.parquet", &bytes, &named("b")).unwrap(), [1.0, 2.0]);
    let text = b"a,b,a\n1,2,3\n";
    refused("a.csv", text, &["`a`", "2 times: 1, 3"]);
    assert!(read("a.csv", text, &named("a")).is_err());
    assert_eq!(read("a.csv", text, &named("b")).unwrap(), [2.0]);
}

fn parquet(columns: Vec<(&str, ArrayRef)>, metadata: &[(&str, &str)]) -> Vec<u8> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
    let metadata = metadata
        .iter()
        .map(|(key, value)| KeyValue::new((*key).to_owned(), (*value).to_owned()));
    let properties = WriterProperties::builder()
        .set_key_value_metadata(Some(metadata.collect()))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn every_kind_of_number_of_parquet_is_read_exactly() {
    let halves = [0.5, -2.0].map(f16::from_f64);
    let decimal = |values: Vec<i128>, precision, scale| -> ArrayRef {
        let array = Decimal128Array::from(values);
        Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
    };
    for (column, expected) in [
        (
            Arc::new(Float16Array::from_iter_values(halves)) as ArrayRef,
            [0.5, -2.0],
        ),
        (Arc::new(BooleanArray::from(vec![true, false])), [1.0, 0.0]),
        (
            Arc::new(UInt64Array::from(vec![1 << 63, 7])),
            [9_223_372_036_854_775_808.0, 7.0],
        ),
        (decimal(vec![15, -1], 4, 2), [0.15, -0.01]),
        (
            decimal(vec![123_456_789, 1], 12, 6),
            [123.456_789, 0.000_001],
        ),
        (
            decimal(vec![12_345_678_901_234_567_890_123, 5], 30, 20),
            [123.456_789_012_345_68, 5e-20],
        ),
    ] {
        let kind = column.data_type().clone();
        let bytes = parquet(vec![("a", column)], &[]);
        assert_eq!(
            read("a.parquet", &bytes, &Selection::All).unwrap(),
            expected,
            "{kind}"
        );
    }
}

fn lists(rows: [Option<Vec<f64>>; 2]) -> ArrayRef {
    let rows = rows.map(|row| row.map(|row| row.into_iter().map(Some).collect::<Vec<_>>()));
    Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows))
}

#[test]
fn lists_of_parquet_are_the_coordinates_of_points() {
    let x = lists([Some(vec![1.0, 2.0]), Some(vec![5.0, 6.0])]);
    let fixed = [[3, 4], [7, 8]].map(|row| Some(row.map(Some)));
    let y: ArrayRef = Arc::new(FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        fixed, 2,
    ));
    let bytes = parquet(vec![("x", x.clone()), ("y", y)], &[]);
    let rows: Vec<f64> = (1..=8).map(f64::from).collect();
    assert_eq!(read("a.parquet", &bytes, &Selection::All).unwrap(), rows);
    let named = Selection::Named(vec!["y".into(), "x".into()]);
    let rows = [3.0, 4.0, 1.0, 2.0, 7.0, 8.0, 5.0, 6.0];
    assert_eq!(read("a.parquet", &bytes, &named).unwrap(), rows);

    let uneven = lists([Some(vec![1.0, 2.0]), Some(vec![5.0])]);
    let said = ["row 2", "`x` has 1 numbers, the first has 2"];
    refused("a.parquet", &parquet(vec![("x", uneven)], &[]), &said);
    let missing = lists([None, Some(vec![5.0, 6.0])]);
    refused(
        "a.parquet",
        &parquet(vec![("x", missing)], &[]),
        &["row 1", "`x`", "missing"],
    );
    let gap: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
    refused(
        "a.parquet",
        &parquet(vec![("x", gap)], &[]),
        &["row 2", "`x`", "missing"],
    );
}

#[test]
fn indices_that_pandas_stores_are_left_out() {
    let numbers = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.5, 2.5])) };
    let words: ArrayRef = Arc::new(StringArray::from(vec!["u", "v"]));
    let pandas = "{\"index_columns\": [\"when\"], \"columns\": []}";
    for (name, index, metadata) in [
        ("__index_level_0__", words.clone(), &[][..]),
        ("__index_level_0__", numbers(), &[]),
        ("id", words.clone(), &[]),
        ("when", numbers(), &[("pandas", pandas)]),
        ("when", words.clone(), &[("pandas", pandas)]),
    ] {
        let bytes = parquet(vec![("a", numbers()), (name, index)], metadata);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.parquet");
        std::fs::write(&file, bytes).unwrap();
        let reader = RowReader::open(&file, &Selection::All).unwrap();
        assert_eq!(reader.names(), ["a"], "{name}");
        assert_eq!(reader.left_out(), [format!("{name} (an index)")]);
        assert_eq!(read_file(&file, &Selection::All).unwrap(), [1.5, 2.5]);
    }
    let bytes = parquet(vec![("a", numbers()), ("label", words)], &[]);
    refused(
        "a.parquet",
        &bytes,
        &["`label`", "Utf8", "name those that are: --x"],
    );
}

/// The codec is the field after the column's path in the footer: 0 is none, 4 is Brotli.
#[test]
fn parquet_compressed_by_brotli_is_named_with_a_remedy() {
    let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let mut bytes = parquet(vec![("a", column)], &[]);
    let none = [0x18, 1, b'a', 0x15, 0];
    let place = bytes.windows(5).rposition(|window| window == none).unwrap();
    bytes[place + 4] = 2 * 4;
    refused(
        "a.parquet",
        &bytes,
        &["`a`", "Brotli", "compression=\"zstd\""],
    );
}

#[test]
fn numbers_of_rows_in_an_array_are_left_out() {
    let rows = |first: fn(usize) -> f32| -> Vec<u8> {
        let numbers = (0..9).flat_map(|row| [first(row), 0.5, 0.25]);
        numbers.flat_map(f32::to_le_bytes).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.npy");
    let open = |wanted| {
        let reading = Reading {
            wanted,
            ..Reading::default()
        };
        RowReader::open_with(&file, &Selection::All, reading).unwrap()
    };
    std::fs::write(
        &file,
        npy("'<f4'", false, "(9, 3)", &rows(|row| row as f32 + 1.0)),
    )
    .unwrap();
    let mut reader = open(Wanted::Even);
    assert_eq!((reader.width(), reader.left_out().len()), (2, 1));
    let mut numbers = Vec::new();
    assert_eq!(reader.read(100, &mut numbers).unwrap(), 9);
    assert_eq!(numbers, [0.5, 0.25].repeat(9));
    let reader = open(Wanted::Exactly(3));
    assert_eq!(
        (reader.width(), reader.notes().len()),
        (3, 1),
        "{:?}",
        reader.notes()
    );
    std::fs::write(
        &file,
        npy("'<f4'", false, "(9, 3)", &rows(|row| row as f32 * 0.5)),
    )
    .unwrap();
    assert_eq!(open(Wanted::Even).width(), 3);
}

#[test]
fn files_that_are_something_else_are_named_with_a_remedy() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    for name in ["a.csv", "a.npy", "a.npz", "a.parquet", "a.safetensors"] {
        refused(name, pointer, &["Git LFS pointer", "git lfs pull"]);
    }
    for (name, bytes, said) in [
        (
            "a.parquet",
            &b"PARE\x00\x00\x00\x00\x08\x00\x00\x00PARE"[..],
            ["encrypted", "without"],
        ),
        ("a.csv", b"PAR1....", ["Parquet", ".parquet"]),
        ("a.csv", b"PK\x03\x04....", ["zip", "Excel"]),
        ("a.csv", b"\x93NUMPY\x01\x00", ["NumPy", ".npy"]),
        ("a.csv", b"\x80\x04\x95....", ["pickle", "savez"]),
        ("a.npy", b"\x80\x04\x95....", ["pickle", "savez"]),
        ("a.npz", b"\x93NUMPY\x01\x00", ["NumPy", ".npy"]),
        ("a.csv", b"\x89HDF\r\n\x1a\n...", ["HDF5", "h5py"]),
        ("a.csv", b"<!DOCTYPE html><html>", ["web page", "download"]),
        ("a.csv", b"[[0.1, 0.2], [0.3, 0.4]]", ["JSON", "read_json"]),
        ("a.npy", b"\x1f\x8b\x08\x00", ["gzip", "gunzip"]),
        ("a.csv", b"\x28\xb5\x2f\xfd....", ["zstd", "zstd -d"]),
        (
            "a.csv",
            b"\xff\xfe\x00\x00x\x00\x00\x00",
            ["UTF-32", "UTF-8"],
        ),
        ("a.csv", b"x\xe9,y\n1,2\n", ["UTF-8", "save"]),
        ("a.npy", b"", ["empty", "write"]),
        ("a.xlsx", b"PK\x03\x04....", ["xlsx", "read_excel"]),
        ("a.h5", b"\x89HDF\r\n\x1a\n...", ["h5", "savez"]),
        ("a.npy.gz", b"\x1f\x8b\x08\x00", [".gz", "gunzip"]),
    ] {
        refused(name, bytes, &said);
    }
}

#[test]
fn text_compressed_by_gzip_is_read() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(b"a,b\n0.5,1.5\n2.5,3.5\n").unwrap();
    let bytes = packer.finish().unwrap();
    for name in ["a.csv.gz", "a.CSV", "a.tsv.gz"] {
        assert_eq!(
            read(name, &bytes, &Selection::All).unwrap(),
            [0.5, 1.5, 2.5, 3.5]
        );
    }
    refused("a.csv.gz", &bytes[..bytes.len() - 12], &["line", "cut off"]);
}

#[test]
fn names_with_separators_and_quotes_come_back_from_text() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["größe", "a,b", "say \"c\"", "d\te", "r r"].map(str::to_owned);
    for end in ["csv", "tsv"] {
        let file = folder.path().join(format!("a.{end}"));
        let part = Part {
            name: "x".into(),
            shape: vec![5],
            columns: names.to_vec(),
        };
        let mut writer = RowWriter::create(&file, vec![part]).unwrap();
        writer.write(&[vec![1.0, 2.0, 3.0, 4.0, 5.0]]).unwrap();
        writer.finish().unwrap();
        let reader = RowReader::open(&file, &Selection::All).unwrap();
        assert_eq!(reader.names(), names);
        let second = Selection::Named(vec!["a,b".into()]);
        assert_eq!(read_file(&file, &second).unwrap(), [2.0]);
    }
}
