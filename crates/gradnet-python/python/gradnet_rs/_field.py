"""A trained field."""

import json
import os
import tempfile
from pathlib import Path

from ._arrays import points
from ._native import NativeField


def load(run):
    """The field of a run folder that `gradnet train`, `fit` or `transport` wrote.

    Raises `ValueError` if the folder holds no run, or is damaged.
    """
    return Field(NativeField(os.fspath(run)))


class Field:
    """A field `f`: `[n, d]` to `[n, d]`, in the units it was trained in and in 64 bits.

    `path` is its run folder, for the commands of the program: `gradnet report`, `gradnet export`.
    """

    def __init__(self, native, folder=None):
        self._native = native
        # A temporary folder lives as long as the field.
        self._folder = folder

    @property
    def dim(self):
        """Coordinates of a point."""
        return self._native.dim

    @property
    def network(self):
        """The network's name."""
        return self._native.network

    @property
    def path(self):
        """The run folder."""
        return self._native.path

    @property
    def summary(self):
        """The result of the training: `summary["metrics"]`, and `summary["baselines"]` to compare it with."""
        text = self._native.summary()
        return None if text is None else json.loads(text)

    def __call__(self, x):
        """`f(x)`."""
        x, one = points(x, self.dim)
        values = self._native.values(x)
        return values[0] if one else values

    def potential(self, x):
        """`F(x)` with `f = ∇F`, up to a constant: `[n]`.

        Raises `ValueError` if the network's potential is not known in closed form.
        """
        x, one = points(x, self.dim)
        values = self._native.potential(x)
        if values is None:
            raise ValueError(f"the potential of {self.network} is not known in closed form: train another network")
        return values[0] if one else values

    def jacobian(self, x):
        """The Jacobian `J(x)` of `f`, symmetric: `[n, d, d]`."""
        x, one = points(x, self.dim)
        values = self._native.jacobian(x)
        return values[0] if one else values

    def jvp(self, x, v):
        """`J(x) v` for a direction a point, without the matrix: `[n, d]`."""
        x, one = points(x, self.dim)
        v, _ = points(v, self.dim, "v")
        if v.shape != x.shape:
            raise ValueError(f"v must have the shape of x, {x.shape}, but its shape is {v.shape}")
        values = self._native.jvp(x, v)
        return values[0] if one else values

    def inverse(self, y):
        """The points `x` with `f(x) = y`: `[n, d]`.

        Raises `ValueError` if the field is not known to be invertible, or if the point of some row was not found.
        """
        y, one = points(y, self.dim, "y")
        found = self._native.inverse(y)
        if found is None:
            raise ValueError(
                "the field is not known to be invertible: fit a map with `transport`, whose maps are"
            )
        x, failed = found
        if failed:
            shown = ", ".join(map(str, failed[:20])) + (" .." if len(failed) > 20 else "")
            raise ValueError(f"the inverse was not found for {len(failed)} of {len(y)} rows: {shown}")
        return x[0] if one else x

    def verify(self, samples=None, seed=0):
        """Checks what the network claims of its Jacobian, as `gradnet verify` does.

        A dictionary; `["passed"]` says whether every claim holds, `["undecided"]` whether one could not be decided.
        """
        return json.loads(self._native.verify(samples, seed))

    def __repr__(self):
        return f"<gradnet_rs.Field {self.network}, d = {self.dim}>"

    def __reduce__(self):
        files = (Path(self.path) / name for name in _FILES)
        return _unpickled, ({file.name: file.read_bytes() for file in files if file.is_file()},)


# What a run folder needs for its field and its result.
_FILES = ("config.toml", "weights.bpk", "data.json", "summary.json")


def _unpickled(files):
    folder = tempfile.TemporaryDirectory(prefix="gradnet-")
    for name, contents in files.items():
        (Path(folder.name) / name).write_bytes(contents)
    return Field(NativeField(folder.name), folder)

