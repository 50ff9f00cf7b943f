"""Arrays as the native half takes them."""

import numpy as np


def points(values, dim=None, name="x"):
    """`values` as float64 `[n, d]`, and whether it was one point `[d]`."""
    array = np.asarray(values)
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, but its type is {array.dtype}")
    one = array.ndim == 1
    if one:
        array = array[np.newaxis]
    if array.ndim != 2:
        raise ValueError(f"{name} must be an array [n, d] or one point [d], but its shape is {np.shape(values)}")
    if dim is not None and array.shape[1] != dim:
        raise ValueError(f"{name} must have {dim} columns, but it has {array.shape[1]}")
    array = np.ascontiguousarray(array, dtype=np.float64)
    bad = ~np.isfinite(array)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(f"{name}[{row}, {column}] is {array[row, column]}: remove the row, or fill in the number")
    return array, one
