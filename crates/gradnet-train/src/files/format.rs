//! Formats by the ends of files' names.

use std::io;
use std::path::Path;

use super::FileError;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Text, one row per line, the names of the columns on the first.
    Csv,
    /// One NumPy array.
    Npy,
    /// Several named NumPy arrays.
    Npz,
    /// Columns of Apache Parquet.
    Parquet,
    /// Named tensors of safetensors.
    Safetensors,
}

impl Format {
    /// The format that the name of a file to read says.
    ///
    /// # Errors
    /// If the name ends in none that is known, or is a folder's.
    pub fn of(file: &Path) -> Result<Self, FileError> {
        Self::known(file).ok_or_else(|| match file.exists() {
            _ if file.is_dir() => FileError::folder(file),
            true => FileError::unknown(file, elsewhere),
            false => FileError::read(file, &io::ErrorKind::NotFound.into()),
        })
    }

    /// The format that the name of a file to write says.
    ///
    /// # Errors
    /// If the name ends in none that is known, or is a folder's.
    pub fn of_output(file: &Path) -> Result<Self, FileError> {
        Self::known(file).ok_or_else(|| match file.is_dir() {
            true => FileError::folder(file),
            false => FileError::unknown(file, |_| NAMES.into()),
        })
    }

    fn known(file: &Path) -> Option<Self> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_ascii_lowercase();
        let end = Path::new(&name).extension().unwrap_or_default();
        let end = end.to_string_lossy();
        Some(match &*end {
            "csv" | "tsv" => Self::Csv,
            "gz" if name.ends_with(".csv.gz") || name.ends_with(".tsv.gz") => Self::Csv,
            "npy" => Self::Npy,
            "npz" => Self::Npz,
            "parquet" | "pq" => Self::Parquet,
            "safetensors" => Self::Safetensors,
            _ => return None,
        })
    }

    /// Whether the format names arrays, not single columns.
    pub fn has_arrays(self) -> bool {
        matches!(self, Self::Npz | Self::Safetensors)
    }
}

/// The ends of names that are known.
const NAMES: &str = "name it .csv, .tsv, .npy, .npz, .parquet or .safetensors";

/// What to do with a file of another format.
fn elsewhere(end: &str) -> String {
    let command = match end {
        "xlsx" | "xls" | "xlsm" | "ods" => {
            "pandas.read_excel(name).to_csv(\"pairs.csv\", index=False)"
        }
        "h5" | "hdf5" | "hdf" => {
            "f = h5py.File(name); numpy.savez(\"pairs.npz\", x=f[\"x\"], y=f[\"y\"])"
        }
        "mat" => "m = scipy.io.loadmat(name); numpy.savez(\"pairs.npz\", x=m[\"x\"], y=m[\"y\"])",
        "feather" | "arrow" | "ipc" => "pandas.read_feather(name).to_parquet(\"pairs.parquet\")",
        "pkl" | "pickle" => "pandas.read_pickle(name).to_parquet(\"pairs.parquet\")",
        "json" => "pandas.read_json(name).to_csv(\"pairs.csv\", index=False)",
        "jsonl" | "ndjson" => {
            "pandas.read_json(name, lines=True).to_csv(\"pairs.csv\", index=False)"
        }
        "pt" | "pth" => {
            "d = torch.load(name); numpy.savez(\"pairs.npz\", x=d[\"x\"].numpy(), y=d[\"y\"].numpy())"
        }
        "gz" => return "unpack it: gunzip".into(),
        "zst" => return "unpack it: zstd -d".into(),
        "bz2" => return "unpack it: bunzip2".into(),
        "xz" => return "unpack it: unxz".into(),
        "zip" => return "unpack it: unzip".into(),
        _ => return format!("{NAMES}, as its contents are"),
    };
    format!("convert it, for instance in Python: {command}")
}
