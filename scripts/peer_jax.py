#!/usr/bin/env python3
"""The benchmark's training step in JAX, for a comparison on one machine.

The same networks, target and step as `gradnet bench` and `scripts/peer_torch.py`: sampling, target, forward, loss,
backward and Adam, compiled by XLA into one program, in float32, the weights updated where they lie.

    python3 scripts/peer_jax.py [--case NAME]... [--threads 2] [--seconds 2]

prints one JSON row a case: case, implementation, jax, threads, ms_per_step.

    python3 scripts/peer_jax.py --check

takes steps from one set of weights on the same points in JAX and in PyTorch, and fails unless both come to the same
losses and weights. Needs torch as well.
"""

import math
import os
import sys

from peer_cases import CASES, milliseconds, parser, show

LAYERS = 4
MODULES = 4
RATE, DECAYS, EPSILON = 1e-3, (0.9, 0.999), 1e-8


def limit_threads(count):
    """XLA starts a thread for every processor that it may use, so this must come before JAX is imported."""
    allowed = sorted(os.sched_getaffinity(0))
    if count < len(allowed):
        os.sched_setaffinity(0, allowed[:count])


def uniform(key, shape, inputs):
    bound = 1 / math.sqrt(inputs)
    return jax.random.uniform(key, shape, minval=-bound, maxval=bound)


def cascade_init(key, dim, width, learned):
    keys = jax.random.split(key, 5)
    weights = {
        "weight": uniform(keys[0], (width, dim), dim),
        "alpha": jax.random.uniform(keys[1], (LAYERS, width)),
        "beta": jax.random.uniform(keys[2], (LAYERS, width)),
        "bias": uniform(keys[3], (LAYERS, width), width),
        "output_bias": uniform(keys[4], (dim,), width),
    }
    if learned:
        weights["learned"] = jnp.full((2, LAYERS, width), 1 / width)
    return weights


def cascade(weights, x):
    """mGradNet-C, Eq. (16)-(17)."""
    w = x @ weights["weight"].T
    alpha, beta = softplus(weights["alpha"]), softplus(weights["beta"])
    learned = softplus(weights["learned"]) if "learned" in weights else None
    output = 0.0
    for layer in range(LAYERS):
        z = beta[layer] * w + output + weights["bias"][layer]
        s = jnp.tanh(z)
        if learned is not None:
            s = learned[0, layer] * s + learned[1, layer] * (z - s)
        output = alpha[layer] * s
    return output @ weights["weight"] + weights["output_bias"]


def modules_init(key, dim, width, learned):
    keys = jax.random.split(key, 5)
    weights = {
        "weight": uniform(keys[0], (MODULES * width, dim), dim),
        "hidden_bias": uniform(keys[1], (MODULES * width,), dim),
        "output_bias": uniform(keys[2], (dim,), width),
        "alpha": jax.random.uniform(keys[3], (MODULES,)),
        "temperature": jax.random.uniform(keys[4], (MODULES,)),
    }
    if learned:
        weights["learned"] = jnp.full((2, MODULES), 0.5)
    return weights


def modules(weights, x):
    """mGradNet-M, Eq. (13)-(14), the modules' weights stacked in one matrix."""
    z = x @ weights["weight"].T + weights["hidden_bias"]
    z = z.reshape(len(x), MODULES, -1)
    u = z * softplus(weights["temperature"])[:, None]
    s = jax.nn.softmax(u, axis=-1)
    if "learned" in weights:
        a, b = softplus(weights["learned"])[..., None]
        s = a * s - b * jax.nn.softmax(-u, axis=-1)
    s = s * softplus(weights["alpha"])[:, None]
    return s.reshape(len(x), -1) @ weights["weight"] + weights["output_bias"]


def quartic():
    """The gradient of Eq. (20), d = 2."""

    def target(x):
        x1, x2 = x[:, :1], x[:, 1:]
        return jnp.concatenate([4 * x1**3 + x1 + x2 / 2, x1 / 2 + 3 * x2 - x2**2], axis=1)

    return target


def piecewise_quadratic(dim):
    """The gradient of Eq. (22) with the released matrices, without differentiating it."""
    i = jnp.arange(1, dim + 1, dtype=jnp.float32)
    alpha = (i[:, None] + i[None, :] - 2) / (2 * dim - 2)
    decay = math.log(dim) * (1 + jnp.abs(i[:, None] - i[None, :]))
    numerators = 2 + jnp.sin(4 * math.pi * alpha), 1 + 2 * alpha, 3 - 2 * alpha
    matrices = [numerator / decay for numerator in numerators]

    def target(x):
        z = x - 0.5
        products = jnp.stack([z @ matrix for matrix in matrices])
        active = (products * z).sum(axis=2).argmax(axis=0)
        return 2 * products[active, jnp.arange(len(x))]

    return target


def parts(case):
    """Initial weights, network and target of a case."""
    kind, dim, width, _, learned = CASES[case]
    init, network = {"c": (cascade_init, cascade), "m": (modules_init, modules)}[kind]
    target = quartic() if dim == 2 else piecewise_quadratic(dim)
    return init(jax.random.key(0), dim, width, learned), network, target


def adam_state(weights):
    """Both moments, and the steps taken."""
    moments = [jax.tree.map(jnp.zeros_like, weights) for _ in range(2)]
    return *moments, jnp.zeros(())


def adam_step(network, target, weights, state, x):
    """Weights, state and loss after one step on the points `x`."""

    def loss_of(weights):
        return jnp.mean((network(weights, x) - target(x)) ** 2)

    loss, slopes = jax.value_and_grad(loss_of)(weights)
    first, second, taken = state
    taken = taken + 1
    first = jax.tree.map(lambda m, g: DECAYS[0] * m + (1 - DECAYS[0]) * g, first, slopes)
    second = jax.tree.map(lambda v, g: DECAYS[1] * v + (1 - DECAYS[1]) * g * g, second, slopes)
    unbiased = [1 - decay**taken for decay in DECAYS]
    weights = jax.tree.map(
        lambda w, m, v: w - RATE * (m / unbiased[0]) / (jnp.sqrt(v / unbiased[1]) + EPSILON),
        weights,
        first,
        second,
    )
    return weights, (first, second, taken), loss


def step_of(case):
    """A training step, and a wait for the steps asked for."""
    _, dim, _, batch, _ = CASES[case]
    weights, network, target = parts(case)

    def compiled(carried):
        weights, state, key, _ = carried
        key, draw = jax.random.split(key)
        x = jax.random.uniform(draw, (batch, dim))
        weights, state, loss = adam_step(network, target, weights, state, x)
        return weights, state, key, loss

    compiled = jax.jit(compiled, donate_argnums=0)
    carried = weights, adam_state(weights), jax.random.key(1), jnp.zeros(())

    def step():
        nonlocal carried
        carried = compiled(carried)

    return step, lambda: jax.block_until_ready(carried)


def check(case, steps=5, bound=1e-4):
    """The largest relative difference to PyTorch of losses and weights over a few steps from the same weights."""
    import numpy
    import torch
    from peer_torch import parts as torch_parts

    _, dim, _, batch, _ = CASES[case]
    _, network, target = parts(case)
    theirs, their_target, optimizer = torch_parts(case)
    weights = {name: jnp.array(value.detach().numpy()) for name, value in theirs.named_parameters()}
    state = adam_state(weights)
    one = jax.jit(lambda *carried: adam_step(network, target, *carried))
    points = numpy.random.default_rng(0).random((steps, batch, dim), dtype=numpy.float32)
    worst = 0.0
    for x in points:
        weights, state, loss = one(weights, state, x)
        tensor = torch.from_numpy(x)
        their_loss = torch.nn.functional.mse_loss(theirs(tensor), their_target(tensor))
        optimizer.zero_grad(set_to_none=True)
        their_loss.backward()
        optimizer.step()
        worst = max(worst, abs(float(loss) - their_loss.item()) / their_loss.item())
    for name, value in theirs.named_parameters():
        value = value.detach().numpy()
        difference = numpy.linalg.norm(numpy.asarray(weights[name]) - value)
        worst = max(worst, float(difference / numpy.linalg.norm(value)))
    print(f"{case}: JAX and PyTorch differ by {worst:.1e} after {steps} steps", file=sys.stderr)
    return worst < bound


def main():
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--check", action="store_true", help="compare losses and weights with PyTorch's instead")
    arguments = options.parse_args()
    limit_threads(arguments.threads)
    global jax, jnp, softplus
    import jax
    import jax.numpy as jnp
    from jax.nn import softplus

    jax.config.update("jax_platforms", "cpu")
    # The generator that costs a processor least.
    jax.config.update("jax_default_prng_impl", "unsafe_rbg")
    cases = arguments.case or CASES
    if arguments.check:
        if not all([check(case) for case in cases]):
            sys.exit("the peers do not compute the same")
        return
    for case in cases:
        step, wait = step_of(case)
        ms_per_step = milliseconds(step, arguments.seconds, wait)
        show(case, "jax", "jax", jax.__version__, arguments.threads, ms_per_step)


if __name__ == "__main__":
    main()
