#!/usr/bin/env python3
"""GradNet-C on the nonconvex toy in PyTorch, as the released notebook trains it: how far initial values decide its error.

Trains networks of 100 parameters, the bias inside beta as released, by the notebook's protocol (100,000 fixed points, 200 epochs of batches
of 1,000, Adam at 0.005, the weights that validated best, the 100 x 100 grid): five from the notebook's own seeds, drawn in its order, so that
initial values, points and the order of the batches are its own; and others from seeds that follow.

    python3 scripts/released_toy.py [--others 40] [--out results/released_toy.json]

writes the errors (10 log10 of the root of the mean squared norm) and the distances of each mean from the notebook's.
"""

import argparse
import json
import math
import statistics
from pathlib import Path

import torch

WIDTH, LAYERS, DIM = 7, 4, 2
POINTS, BATCH, EPOCHS, RATE = 100_000, 1_000, 200, 0.005
NOTEBOOK_SEEDS = [42 * trial for trial in range(5)]
NOTEBOOK = {"rmse_db_mean": -42.167 / 2, "rmse_db_std": 3.976 / 2, "networks": 5}


def field(x):
    """The gradient of target (21)."""
    a, b = math.pi * x[..., :1], math.pi * x[..., 1:]
    first = math.pi / 2 * (2 * a).cos() * b.cos() + x[..., 1:] / 2
    second = -math.pi / 4 * (2 * a).sin() * b.sin() + x[..., :1] / 2 - x[..., 1:]
    return torch.cat([first, second], -1)


def drawn(seed):
    """Initial values, training and validation points of one trial, in the notebook's order; then the state of the generator."""
    torch.manual_seed(seed)
    around_zero = lambda shape, inputs: (2 * torch.rand(shape) - 1) / math.sqrt(inputs)
    weight = around_zero((WIDTH, DIM), DIM)
    biases = [around_zero((WIDTH,), WIDTH) for _ in range(LAYERS + 1)]
    biases[0] = around_zero((WIDTH,), DIM)
    output_bias = around_zero((DIM,), WIDTH)
    beta = torch.stack([torch.rand(WIDTH) - 0.5 for _ in range(LAYERS)])
    alpha = torch.stack([torch.rand(WIDTH) - 0.5 for _ in range(LAYERS)])
    points, validation = torch.rand(POINTS, DIM), torch.rand(BATCH * 10, DIM)
    return [weight, torch.stack(biases[:LAYERS]), output_bias, beta, alpha], points, validation, torch.get_rng_state()


def shuffled(state):
    """The order of one epoch as `DataLoader` draws it (a seed for its workers, then one for the sampler), and the state after it."""
    torch.set_rng_state(state)
    seeds = [torch.empty((), dtype=torch.int64).random_().item() for _ in range(2)]
    return torch.randperm(POINTS, generator=torch.Generator().manual_seed(seeds[1])), torch.get_rng_state()


def forward(parameters, x):
    weight, bias, output_bias, beta, alpha = parameters
    projected = x @ weight.transpose(1, 2)
    out = 0
    for layer in range(LAYERS):
        z = beta[:, layer, None] * (projected + bias[:, layer, None]) + out
        out = alpha[:, layer, None] * torch.tanh(z)
    return out @ weight + output_bias[:, None]


def mean_squared_norms(parameters, x):
    with torch.no_grad():
        return (forward(parameters, x) - field(x)).square().sum(2).mean(1)


def train(seeds):
    """The error of one network a seed, all trained side by side."""
    trials = [drawn(seed) for seed in seeds]
    parameters = [torch.nn.Parameter(torch.stack(values)) for values in zip(*(trial[0] for trial in trials))]
    points = torch.stack([trial[1] for trial in trials])
    validation = torch.stack([trial[2] for trial in trials])
    states = [trial[3] for trial in trials]
    axis = torch.linspace(0, 1, 100)
    grid = torch.cartesian_prod(axis, axis).expand(len(seeds), -1, -1)
    adam = torch.optim.Adam(parameters, lr=RATE)
    best, kept = torch.full((len(seeds),), torch.inf), torch.zeros(len(seeds))
    for _ in range(EPOCHS):
        orders, states = zip(*(shuffled(state) for state in states))
        epoch = torch.stack([x[order] for x, order in zip(points, orders)])
        for x in epoch.split(BATCH, 1):
            loss = (forward(parameters, x) - field(x)).square().mean((1, 2)).sum()
            adam.zero_grad()
            loss.backward()
            adam.step()
        errors = mean_squared_norms(parameters, validation)
        better = errors < best
        best = torch.where(better, errors, best)
        kept = torch.where(better, mean_squared_norms(parameters, grid), kept)
    return [round(5 * math.log10(error), 3) for error in kept.tolist()]


def summary(errors):
    mean, spread = statistics.mean(errors), statistics.stdev(errors)
    standard_error = math.hypot(spread / math.sqrt(len(errors)), NOTEBOOK["rmse_db_std"] / math.sqrt(NOTEBOOK["networks"]))
    distance = mean - NOTEBOOK["rmse_db_mean"]
    return {
        "networks": len(errors),
        "rmse_db_mean": round(mean, 2),
        "rmse_db_std": round(spread, 2),
        "from_notebook_db": round(distance, 2),
        "from_notebook_standard_errors": round(distance / standard_error, 2),
        "rmse_db": errors,
    }


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--others", type=int, default=40, help="networks from seeds other than the notebook's")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--out", type=Path, default=Path("results/released_toy.json"))
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    result = {"torch": torch.__version__, "notebook": NOTEBOOK, "notebook_seeds": summary(train(NOTEBOOK_SEEDS))}
    print("the notebook's seeds", result["notebook_seeds"], flush=True)
    result["other_seeds"] = summary(train(range(1000, 1000 + chosen.others)))
    print("other seeds", result["other_seeds"])
    chosen.out.write_text(json.dumps(result, indent=2) + "\n")
