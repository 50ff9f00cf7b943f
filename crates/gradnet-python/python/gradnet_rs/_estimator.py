"""A scikit-learn estimator."""

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ._training import fit


class GradientRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Regression by a field that is a gradient: as many targets as features.

    The parameters are those of `gradnet_rs.fit`. After `fit`, `field_` is the fitted `gradnet_rs.Field`, with its
    potential, Jacobian and `verify`.
    """

    def __init__(
        self,
        network="mgradnet_m",
        *,
        width=32,
        steps=3000,
        batch=128,
        learning_rate=0.02,
        validation=0.1,
        test=0.1,
        random_state=0,
    ):
        self.network = network
        self.width = width
        self.steps = steps
        self.batch = batch
        self.learning_rate = learning_rate
        self.validation = validation
        self.test = test
        self.random_state = random_state

    def fit(self, X, y):
        """Fits a field with `f(X[i]) ≈ y[i]`; `X` and `y` are arrays `[n, d]`."""
        X, y = validate_data(self, X, y, multi_output=True, dtype=np.float64, y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        if len(X) == 1:
            raise ValueError("n_samples=1: a fit needs rows to train on, to validate and to test")
        if y.ndim != 2 or y.shape[1] != X.shape[1]:
            columns = 1 if y.ndim == 1 else y.shape[1]
            raise ValueError(
                f"a gradient has as many coordinates as its point: y must have {X.shape[1]} columns, but it has {columns}"
            )
        seed = self.random_state
        if not isinstance(seed, (int, np.integer)):
            seed = np.random.default_rng(None if seed is None else seed.randint(2**31)).integers(2**31)
        self.field_ = fit(
            X,
            y,
            self.network,
            seed=int(seed),
            width=self.width,
            steps=self.steps,
            batch=self.batch,
            learning_rate=self.learning_rate,
            validation=self.validation,
            test=self.test,
        )
        return self

    def predict(self, X):
        """`f(X)`: `[n, d]`."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return self.field_(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = False
        return tags
