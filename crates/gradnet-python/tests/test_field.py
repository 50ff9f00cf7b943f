"""A fitted field against what is known of it."""

import pickle
import signal
import threading
import time

import numpy as np
import pytest

import gradnet_rs as gn

MATRIX = np.array([[2.0, 0.5], [0.5, 1.0]])
OFFSET = np.array([10.0, -3.0])


def affine(seed, rows=800):
    x = np.random.default_rng(seed).uniform(-1, 3, (rows, 2))
    return x, x @ MATRIX + OFFSET


@pytest.fixture(scope="module")
def field():
    return gn.fit(*affine(0))


def test_the_defaults_fit_an_affine_gradient_with_an_offset(field):
    x, y = affine(1)
    error = np.linalg.norm(field(x) - y) / np.linalg.norm(y)
    assert error < 1e-2, error
    constant = np.linalg.norm(y - y.mean(0)) / np.linalg.norm(y)
    assert error < constant / 10


def test_the_potential_has_the_field_as_its_gradient(field):
    x, _ = affine(2, 20)
    step = 1e-4
    for axis in range(2):
        ahead, behind = (x + sign * step * np.eye(2)[axis] for sign in (1, -1))
        slope = (field.potential(ahead) - field.potential(behind)) / (2 * step)
        np.testing.assert_allclose(slope, field(x)[:, axis], rtol=1e-5, atol=1e-5)


def test_the_jacobian_is_that_of_the_field_and_symmetric(field):
    x, _ = affine(3, 20)
    jacobian, step = field.jacobian(x), 1e-5
    assert jacobian.shape == (20, 2, 2)
    np.testing.assert_allclose(jacobian, jacobian.transpose(0, 2, 1), rtol=1e-9, atol=1e-9)
    for axis in range(2):
        ahead, behind = (x + sign * step * np.eye(2)[axis] for sign in (1, -1))
        slope = (field(ahead) - field(behind)) / (2 * step)
        np.testing.assert_allclose(slope, jacobian[:, :, axis], rtol=1e-4, atol=1e-5)
    v = np.random.default_rng(4).normal(size=x.shape)
    np.testing.assert_allclose(field.jvp(x, v), np.einsum("nij,nj->ni", jacobian, v), rtol=1e-9)


def test_what_the_network_claims_is_verified(field):
    found = field.verify(samples=8)
    assert found["passed"] and found["claim"] == "monotone"
    assert found["relative_asymmetry"] < 1e-9 < found["jacobian_norm"]


def test_one_point_gives_one_value(field):
    x, _ = affine(5, 3)
    np.testing.assert_array_equal(field(x[1]), field(x)[1])
    assert field.potential(x[1]) == field.potential(x)[1]
    np.testing.assert_array_equal(field.jacobian(x[1]), field.jacobian(x)[1])


def test_arrays_of_any_real_type_and_order_are_taken(field):
    x, _ = affine(6, 7)
    np.testing.assert_array_equal(field(np.asfortranarray(x)), field(x))
    np.testing.assert_array_equal(field(x[::2]), field(x)[::2])
    np.testing.assert_allclose(field(x.astype(np.float32)), field(x), rtol=1e-5)
    np.testing.assert_array_equal(field(np.ones((2, 2), int)), field(np.ones((2, 2))))
    assert field(np.empty((0, 2))).shape == (0, 2)


def test_a_field_comes_back_from_its_folder_and_from_a_pickle(tmp_path):
    x, y = affine(7, 200)
    fitted = gn.fit(x, y, steps=50, output=tmp_path / "run")
    np.testing.assert_array_equal(gn.load(tmp_path / "run")(x), fitted(x))
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy(x), fitted(x))
    assert copy.summary == fitted.summary and copy.path != fitted.path
    assert fitted.summary["task"] == "regression"


def test_the_same_seed_gives_the_same_field_and_another_another():
    x, y = affine(8, 200)
    first, again, other = (gn.fit(x, y, steps=50, seed=seed)(x) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda f: f(np.zeros((3, 5))), "must have 2 columns, but it has 5"),
        (lambda f: f(np.zeros((3, 2, 1))), r"its shape is \(3, 2, 1\)"),
        (lambda f: f([[0.0, np.nan]]), r"x\[0, 1\] is nan"),
        (lambda f: f([["a", "b"]]), "must hold real numbers"),
        (lambda f: f(np.zeros((1, 2), complex)), "must hold real numbers"),
        (lambda f: f.jvp(np.zeros((3, 2)), np.zeros((2, 2))), "must have the shape of x"),
        (lambda f: f.inverse(np.zeros((3, 2))), "not known to be invertible"),
        (lambda f: gn.load("no such folder"), "not a run folder: there is no such folder"),
        (lambda f: gn.fit(np.zeros((9, 2)), np.zeros((9, 3))), "must have the same shape"),
        (lambda f: gn.fit(*affine(0), network="mgradnet_x"), "mgradnet_x"),
        (lambda f: gn.fit(*affine(0), settings={"train.stepps": 5}), "did you mean `steps`"),
        (lambda f: gn.fit(*affine(0), learning_rate=-1.0), "learning_rate"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(field, call, said):
    with pytest.raises(ValueError, match=said):
        call(field)


def test_a_warning_of_the_training_is_a_warning():
    x, y = affine(9)
    with pytest.warns(UserWarning, match="negative"):
        gn.fit(x, -y, steps=5)


def test_an_interrupt_ends_a_training():
    x, y = affine(10)
    # A process that was started in the background may ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupt = threading.Timer(1.0, signal.raise_signal, [signal.SIGINT])
    interrupt.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        gn.fit(x, y, steps=10_000_000)
    assert time.monotonic() - begin < 20


def test_python_goes_on_while_a_field_is_computed(field):
    x = np.zeros((200_000, 2))
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    begin = time.monotonic()
    field(x)
    end = time.monotonic()
    stop.set()
    ticker.join()
    assert sum(begin < t < end for t in ticks) > (end - begin) / 0.02
