//! The named arrays of a released network, each taken once: what is missing, misshapen or left over is refused by name.

use std::collections::BTreeMap;

use super::released::ReleasedError;

/// Arrays of a state, taken one after another.
pub(super) struct Arrays<'a> {
    left: BTreeMap<&'a str, (&'a [usize], &'a [f64])>,
    known: Vec<String>,
}

impl<'a> Arrays<'a> {
    pub(super) fn new(
        arrays: &'a BTreeMap<String, (Vec<usize>, Vec<f64>)>,
    ) -> Result<Self, ReleasedError> {
        let mut left = BTreeMap::new();
        for (name, (shape, values)) in arrays {
            // A number beyond 32 bits would become infinite on the way into the network.
            if let Some(value) = values.iter().find(|value| !(**value as f32).is_finite()) {
                return Err(ReleasedError::NotFinite {
                    name: name.clone(),
                    value: *value,
                });
            }
            left.insert(name.as_str(), (shape.as_slice(), values.as_slice()));
        }
        Ok(Self {
            left,
            known: arrays.keys().cloned().collect(),
        })
    }

    fn get(&self, name: &str) -> Result<(&'a [usize], &'a [f64]), ReleasedError> {
        self.left
            .get(name)
            .copied()
            .ok_or_else(|| ReleasedError::Missing {
                name: name.into(),
                known: self.known.clone(),
            })
    }

    /// Rows and columns of a matrix that has both.
    pub(super) fn matrix_shape(&self, name: &str) -> Result<(usize, usize), ReleasedError> {
        let (shape, values) = self.get(name)?;
        match *shape {
            [rows, columns]
                if rows > 0 && columns > 0 && rows.checked_mul(columns) == Some(values.len()) =>
            {
                Ok((rows, columns))
            }
            _ => Err(ReleasedError::Shape {
                name: name.into(),
                shape: shape.to_vec(),
                requirement: "it must be a matrix, [hidden units, coordinates]".into(),
            }),
        }
    }

    /// Filters and side of the kernels of a convolution with so many channels before it, `[filters, channels, side,
    /// side]`.
    pub(super) fn convolution_shape(
        &self,
        name: &str,
        channels: usize,
    ) -> Result<(usize, usize), ReleasedError> {
        match *self.get(name)?.0 {
            [out, before, side, other]
                if out > 0 && before == channels && side == other && side % 2 == 1 && side < 64 =>
            {
                Ok((out, side))
            }
            _ => Err(self.misshapen(
                name,
                &format!(
                    "it must be [filters, {channels}, k, k] with an odd k: each layer takes what the one before it gives"
                ),
            )),
        }
    }

    /// The numbers of an array.
    pub(super) fn len(&self, name: &str) -> Result<usize, ReleasedError> {
        Ok(self.get(name)?.1.len())
    }

    /// The error of an array of another shape than is required.
    pub(super) fn misshapen(&self, name: &str, requirement: &str) -> ReleasedError {
        let shape = self.left.get(name).map(|(shape, _)| shape.to_vec());
        ReleasedError::Shape {
            name: name.into(),
            shape: shape.unwrap_or_default(),
            requirement: requirement.into(),
        }
    }

    /// How many numbers follow `prefix` in names, counted from 0 without a gap.
    pub(super) fn count(&self, prefix: &str) -> usize {
        let there = |index: usize| {
            let (one, many) = (format!("{prefix}{index}"), format!("{prefix}{index}."));
            self.left
                .keys()
                .any(|name| *name == one || name.starts_with(&many))
        };
        (0..).take_while(|index| there(*index)).count()
    }

    pub(super) fn has(&self, prefix: &str) -> bool {
        self.left.keys().any(|name| name.starts_with(prefix))
    }

    /// Takes an array of so many numbers.
    pub(super) fn take(&mut self, name: &str, count: usize) -> Result<Vec<f64>, ReleasedError> {
        let (shape, values) = self.get(name)?;
        if values.len() != count {
            return Err(ReleasedError::Shape {
                name: name.into(),
                shape: shape.to_vec(),
                requirement: format!("the network needs {count} numbers there"),
            });
        }
        self.left.remove(name);
        Ok(values.to_vec())
    }

    /// Refuses arrays that nothing asked for.
    pub(super) fn finish(self) -> Result<(), ReleasedError> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => Err(ReleasedError::Unknown {
                name: (*name).into(),
            }),
        }
    }
}
