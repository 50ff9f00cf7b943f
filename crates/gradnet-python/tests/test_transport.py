"""A transport map between Gaussians, whose optimal map is known."""

import numpy as np
import pytest

import gradnet_rs as gn


@pytest.fixture(scope="module")
def pair():
    random = np.random.default_rng(0)
    source = random.normal(size=(2000, 2)) + [5.0, 0.0]
    target = random.normal(size=(2500, 2)) * [2.0, 0.5] + [0.0, 100.0]
    return source, target


@pytest.fixture(scope="module")
def field(pair):
    return gn.transport(*pair, steps=300)


def test_the_map_is_the_optimal_one(field):
    x = np.random.default_rng(1).normal(size=(500, 2)) + [5.0, 0.0]
    exact = (x - [5.0, 0.0]) * [2.0, 0.5] + [0.0, 100.0]
    error = np.mean(np.sum((field(x) - exact) ** 2, 1)) / (2.0**2 + 0.5**2)
    assert error < 0.03, error


def test_the_inverse_leads_back(field):
    x = np.random.default_rng(2).normal(size=(200, 2)) + [5.0, 0.0]
    np.testing.assert_allclose(field.inverse(field(x)), x, atol=1e-4)


def test_the_result_stands_beside_its_rows(field):
    assert field.summary["task"] == "transport"
    assert {"identity", "bures", "entropic map"} <= set(field.summary["baselines"])
    assert field.verify(samples=4)["passed"]


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="target must have 2 columns, but it has 3"):
        gn.transport(np.zeros((50, 2)), np.zeros((50, 3)))
    same = np.random.default_rng(3).normal(size=(300, 2))
    with pytest.raises(ValueError, match="constant|same"):
        gn.transport(np.zeros((300, 2)), same)
