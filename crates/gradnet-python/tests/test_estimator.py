"""The estimator against scikit-learn's own checks."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from gradnet_rs import GradientRegressor  # noqa: E402

#: Most checks have one column of y, and a gradient has as many as its point.
ONE_COLUMN = "a gradient has as many coordinates as its point"

#: Checks that fail even where y is repeated for every column.
BEYOND = {
    "check_dtype_object": "objects in y are refused in the words of this package",
    "check_regressors_train": "a field whose columns are all the same is a gradient only of sums, and y is none",
    "check_regressor_data_not_an_array": "X and y are no arrays here, so that y is not repeated",
    "check_regressor_multioutput": "y has other columns than X, and a gradient has as many as its point",
}


class Repeated(GradientRegressor):
    """One column of y for each column of X, so that the checks have something to fit."""

    def fit(self, X, y):
        if isinstance(y, np.ndarray) and isinstance(X, np.ndarray) and X.ndim == 2 and y.size == len(X):
            y = np.repeat(y.reshape(-1, 1), X.shape[1], axis=1)
        return super().fit(X, y)

    def predict(self, X):
        return super().predict(X)[:, 0]


def test_scikit_learn_finds_only_that_y_has_one_column():
    found = check_estimator(GradientRegressor(steps=5), on_fail=None, on_skip=None)
    failed = {check["check_name"]: str(check["exception"]) for check in found if check["status"] == "failed"}
    assert 0 < len(failed) < len(found)
    expected = {name: ONE_COLUMN for name in failed}
    others = {
        name: said
        for name, said in failed.items()
        if ONE_COLUMN not in said and name != "check_positive_only_tag_during_fit"
    }
    assert not others
    check_estimator(GradientRegressor(steps=5), expected_failed_checks=expected, on_skip=None)


def test_with_y_repeated_scikit_learn_finds_nothing_else_wrong():
    check_estimator(Repeated(steps=50), expected_failed_checks=BEYOND, on_skip=None)


def test_it_works_in_a_search():
    x = np.random.default_rng(0).normal(size=(300, 2))
    y = x @ [[2.0, 0.5], [0.5, 1.0]] + [1.0, -4.0]
    search = GridSearchCV(GradientRegressor(steps=200), {"width": [4, 16]}, cv=2).fit(x, y)
    assert search.best_score_ > 0.95
    assert search.best_estimator_.field_.verify(samples=2)["passed"]


def test_another_number_of_columns_is_refused():
    x = np.zeros((9, 3)) + np.arange(9)[:, None]
    with pytest.raises(ValueError, match="y must have 3 columns, but it has 2"):
        GradientRegressor().fit(x, np.ones((9, 2)))
    with pytest.raises(ValueError, match="n_samples=1"):
        GradientRegressor().fit(x[:1], x[:1])
