"""Training on arrays: they are written beside the run folder, and the program's own training does the rest."""

import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import _native
from ._arrays import points
from ._field import Field


def train(config, output=None, settings=None, overwrite=False):
    """Trains the experiment of a config file, as `gradnet train CONFIG` does, and gives its field.

    `output` is the run folder, by default a temporary one that lives as long as the field. `settings` maps dotted keys
    to values, such as `{"train.steps": 5000, "network.mgradnet_m.width": 64}`; docs/config.md lists the keys.
    """
    with_folder = _Folder(output)
    native = _native.train(os.fspath(config), with_folder.run, _assignments(settings), overwrite)
    return Field(native, with_folder.kept)


def fit(
    x,
    y,
    network="mgradnet_m",
    *,
    seed=0,
    width=32,
    steps=3000,
    batch=128,
    learning_rate=0.02,
    validation=0.1,
    test=0.1,
    sign=1,
    output=None,
    settings=None,
    overwrite=False,
):
    """A field `f = ∇F` with `f(x[i]) ≈ y[i]`.

    `x` and `y` are arrays `[n, d]`: points, and gradients there. `sign=-1` if `y` holds forces, minus the gradient of an
    energy. `network` is a name from `gradnet list networks`; monotone networks (`mgradnet_m`, `mgradnet_c`) fit gradients of
    convex functions, `gradnet_m` and `gradnet_c` any. `validation` and `test` are shares of the rows, drawn by `seed`;
    the weights that validate best are kept, `field.summary` has the test error. The learning rate falls along a cosine.

    The same arguments give the same field.
    """
    x, _ = points(x)
    y, _ = points(y, name="y")
    if x.shape != y.shape:
        raise ValueError(f"x and y must have the same shape, a gradient a point, but they have {x.shape} and {y.shape}")
    data = f"""[data.file]
path = "x.npz"
sign = {int(sign)}
"""
    how = _Run("fit", len(x), seed, network, width, steps, batch, learning_rate, validation, test)
    text = how.config(data)
    return _trained(text, {"x": {"x": x, "y": y}}, output, settings, overwrite)


def transport(
    source,
    target,
    network="mgradnet_m",
    *,
    seed=0,
    width=32,
    steps=1000,
    batch=512,
    learning_rate=0.05,
    validation=0.1,
    test=0.1,
    output=None,
    settings=None,
    overwrite=False,
):
    """The optimal transport map `f = ∇F`, F convex, from the distribution of `source` to that of `target`.

    `source` `[n, d]` and `target` `[m, d]` are samples; the numbers of rows may differ. The map is invertible:
    `field.inverse(y)` moves points back. `network` must be monotone. `validation` and `test` are shares of the rows of
    both; the weights with the smallest dual value on the validation rows are kept, `field.summary` has the test's
    numbers beside those of the identity, the Bures map and the entropic map.
    """
    source, _ = points(source, name="source")
    target, _ = points(target, source.shape[1], "target")
    data = """[transport.files]
source = "source.npy"
target = "target.npy"
"""
    rows = min(len(source), len(target))
    how = _Run("transport", rows, seed, network, width, steps, batch, learning_rate, validation, test)
    text = how.config(data) + f"[train.validation]\nevery = {max(1, int(steps) // 8)}\n"
    return _trained(text, {"source": source, "target": target}, output, settings, overwrite)


@dataclass
class _Run:
    """What `fit` and `transport` say alike; `rows` is how many the arrays have."""

    name: str
    rows: int
    seed: int
    network: str
    width: int
    steps: int
    batch: int
    learning_rate: float
    validation: float
    test: float

    def config(self, data):
        """The config with this table of data, whose last lines are the shares of the rows held out."""
        held_out = math.ceil(self.rows * self.validation) + math.ceil(self.rows * self.test)
        return f"""schema = 1
name = "{self.name}"
seed = {int(self.seed)}
{data}validation = {float(self.validation)!r}
test = {float(self.test)!r}
[network.{self.network}]
width = {int(self.width)}
[train]
steps = {int(self.steps)}
batch = {max(1, min(int(self.batch), self.rows - held_out))}
learning_rate = {float(self.learning_rate)!r}
schedule = "cosine"
"""


def _trained(text, arrays, output, settings, overwrite):
    folder = _Folder(output)
    folder.data.mkdir(parents=True, exist_ok=True)
    for name, values in arrays.items():
        if isinstance(values, dict):
            np.savez(folder.data / f"{name}.npz", **values)
        else:
            np.save(folder.data / f"{name}.npy", values)
    config = folder.data / "config.toml"
    config.write_text(text, encoding="utf-8")
    native = _native.train(config, folder.run, _assignments(settings), overwrite)
    return Field(native, folder.kept)


class _Folder:
    """A run folder, and the folder beside it with the arrays."""

    def __init__(self, output):
        self.kept = None
        if output is None:
            self.kept = tempfile.TemporaryDirectory(prefix="gradnet-")
            output = Path(self.kept.name) / "run"
        self.run = Path(output)
        self.data = self.run.with_name(self.run.name + "-data")


def _assignments(settings):
    """Settings as the command line writes them."""
    return [f"{key}={_toml(value)}" for key, value in (settings or {}).items()]


def _toml(value):
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    if isinstance(value, os.PathLike):
        return _toml(os.fspath(value))
    raise ValueError(f"a setting must be a number, a text, a list or a dictionary, but {value!r} is none")
