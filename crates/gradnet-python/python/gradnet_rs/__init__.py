"""Neural networks that are gradients, on NumPy arrays.

    import gradnet_rs as gn

    field = gn.fit(x, y)              # a field f = ∇F that maps points x to gradients y
    field(x), field.potential(x)      # f(x) and F(x)
    moved = gn.transport(source, target)(source)

Everything is computed in Rust on the processor, without Python's lock. Points are arrays `[n, d]`; one point `[d]` is
taken too, and gives one value. What cannot be used is refused with a `ValueError` that says what to do.
"""

from ._field import Field, load
from ._training import fit, train, transport

__all__ = ["Field", "GradientRegressor", "fit", "load", "train", "transport"]


def __getattr__(name):
    # Only this needs scikit-learn.
    if name == "GradientRegressor":
        from ._estimator import GradientRegressor

        return GradientRegressor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
