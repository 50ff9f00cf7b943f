#!/usr/bin/env python3
"""ott-jax and POT on the pairs of the Wasserstein-2 benchmark, beside `gradnet train configs/transport_w2.toml`.

    python3 scripts/peer_transport.py FOLDER [--dims 2 8] [--seconds 300] [--threads 1]

FOLDER has the released potentials, 2_v1.pt and so on. Needs numpy, ott-jax, flax and pot, in an environment of their own.
Prints a JSON row for each map: dim, map, threads, seconds, steps, l2_uvp_forward (in % of the target's variance, on 4,096
points). Seconds are those of the processor, so that other work on the machine does not count. The expectile dual runs
with ott-jax's own networks and rates for the seconds given; compiling is not counted.
The entropic map of POT is Sinkhorn on 2,000 points of each side with a fiftieth of the mean cost, applied to new points.
"""

import argparse
import collections
import io
import json
import os
import pickle
import time
import zipfile

import numpy as np

SPREAD, STRONG = 0.4, 1e-2
BATCH, SAMPLE, TESTED = 512, 2000, 4096


class Arrays(pickle.Unpickler):
    """Tensors of a PyTorch file as arrays; nothing else is built."""

    def __init__(self, archive, root):
        super().__init__(io.BytesIO(archive.read(f"{root}/data.pkl")))
        self.archive, self.root = archive, root

    def find_class(self, module, name):
        if name == "OrderedDict":
            return collections.OrderedDict
        if name == "_rebuild_tensor_v2":
            return self.rebuild
        if name.endswith("Storage"):
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is no tensor")

    def persistent_load(self, key):
        return np.frombuffer(self.archive.read(f"{self.root}/data/{key[2]}"), "<f4")

    @staticmethod
    def rebuild(storage, offset, size, stride, *_):
        steps = [4 * step for step in stride]
        return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).astype(float)


def potential(folder, dim, version):
    archive = zipfile.ZipFile(os.path.join(folder, f"{dim}_v{version}.pt"))
    arrays = Arrays(archive, archive.namelist()[0].split("/")[0]).load()
    roots = [arrays[f"quadratic_layers.{i}.quadratic_decomposed"][:, 0, :] for i in range(3)]
    weights = [arrays[f"quadratic_layers.{i}.weight"] for i in range(3)]
    biases = [arrays[f"quadratic_layers.{i}.bias"] for i in range(3)]
    convex = [arrays[f"convex_layers.{i}.weight"] for i in range(2)]
    last = arrays["final_layer.weight"][0]

    def gradient(x):
        q = [x @ root for root in roots]
        z, slopes = q[0] ** 2 + x @ weights[0].T + biases[0], []
        for i in (1, 2):
            p = z @ convex[i - 1].T + q[i] ** 2 + x @ weights[i].T + biases[i]
            slopes.append(np.exp(np.minimum(p, 0)))
            z = np.where(p > 0, p, np.expm1(np.minimum(p, 0)))
        back, out = np.broadcast_to(last, z.shape), STRONG * x
        for i in (2, 1, 0):
            if i > 0:
                back = back * slopes[i - 1]
            out = out + (2 * back * q[i]) @ roots[i].T + back @ weights[i]
            if i > 0:
                back = back @ convex[i - 1]
        return out

    return gradient


class Pair:
    """P, the true map and its image."""

    def __init__(self, folder, dim):
        self.dim = dim
        random = np.random.RandomState(0)
        centres = np.stack([random.choice(3, 3, replace=False) for _ in range(dim)], 1) - 1.0
        factors = random.normal(size=(3, dim, dim))
        factors /= np.sqrt((factors**2).sum(2, keepdims=True))
        size = np.sqrt((centres**2).sum(1).mean() / dim + SPREAD**2)
        self.centres, self.factors = centres / size, SPREAD * factors / size
        self.potentials = [potential(folder, dim, version) for version in (1, 2)]
        self.mean, self.scale = 0.0, 1.0
        images = self.map(self.source(np.random.default_rng(0), 1 << 14))
        self.mean, self.scale = images.mean(0), np.sqrt(images.var(0).mean())

    def source(self, random, count):
        component = random.integers(0, 3, count)
        noise = random.standard_normal((count, self.dim))
        moved = np.einsum("nij,nj->ni", self.factors[component], noise)
        return moved + self.centres[component]

    def target(self, random, count):
        return self.map(self.source(random, count))

    def map(self, x):
        return (sum(gradient(x) for gradient in self.potentials) - self.mean) / self.scale


def entropic(pair, random, _seconds):
    import ot

    x, y = pair.source(random, SAMPLE), pair.target(random, SAMPLE)
    start = time.process_time()
    epsilon = 0.02 * ot.dist(x, y).mean()
    uniform = np.full(SAMPLE, 1 / SAMPLE)
    scaling = ot.sinkhorn(uniform, uniform, ot.dist(x, y), epsilon, numItermax=300, stopThr=1e-4, log=True)[1]
    log_weights = np.log(scaling["v"])

    def moved(points):
        scores = log_weights[None] - ot.dist(points, y) / epsilon
        weights = np.exp(scores - scores.max(1, keepdims=True))
        return weights @ y / weights.sum(1, keepdims=True)

    return moved, time.process_time() - start, None


def expectile(pair, random, seconds):
    import jax.numpy as jnp
    from ott.neural.methods.expectile_neural_dual import ExpectileNeuralDual

    dual = ExpectileNeuralDual(pair.dim)
    draw = [lambda: jnp.asarray(pair.source(random, BATCH)), lambda: jnp.asarray(pair.target(random, BATCH))]

    def step(forward):
        source, target = draw if forward else draw[::-1]
        batch = {"source": source(), "target": target()}
        if forward:
            dual.state_f, dual.state_g, *_ = dual.train_step(dual.state_f, dual.state_g, batch)
        else:
            dual.state_g, dual.state_f, *_ = dual.train_step(dual.state_g, dual.state_f, batch)

    for warm in range(4):
        step(warm % 2 == 0)
    steps, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        step(steps % 2 == 0)
        steps += 1
    spent = time.process_time() - start
    potentials = dual.to_dual_potentials()
    return lambda x: np.asarray(potentials.transport(jnp.asarray(x))), spent, steps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--dims", type=int, nargs="+", default=[2, 8])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    # XLA starts a thread for every processor that it may use: before JAX is imported.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.threads])
    for dim in options.dims:
        pair = Pair(options.folder, dim)
        x = pair.source(np.random.default_rng(1), TESTED)
        truth = pair.map(x)
        variance = truth.var(0).sum()
        for name, learn in (("identity", None), ("POT entropic", entropic), ("ott-jax expectile", expectile)):
            moved, spent, steps = (lambda x: x, 0.0, None) if learn is None else learn(pair, np.random.default_rng(2), options.seconds)
            error = 100 * ((moved(x) - truth) ** 2).sum(1).mean() / variance
            row = {"dim": dim, "map": name, "threads": options.threads, "seconds": round(spent, 1), "steps": steps}
            print(json.dumps(row | {"l2_uvp_forward": round(float(error), 4)}), flush=True)


if __name__ == "__main__":
    main()
