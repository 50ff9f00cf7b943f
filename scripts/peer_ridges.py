#!/usr/bin/env python3
"""The released convex and weakly convex ridge regularizers (Goujon et al.): the reference's Lipschitz estimate beside a certified bound.

    python3 scripts/peer_ridges.py FILE.pth [FILE.pth ..]

For each checkpoint of convex_ridge_regularizers or weakly_convex_ridge_regularizer, a line of JSON:

- `estimate`: the number in the file, or where the reference computes it anew the largest value of `sum_c |w_c^|^2` on its grid;
- `bound`: of the composed kernels, `max over 1024 x 1024 frequencies of sum_c s_c |w_c^|^2` times what makes the grid's maximum a bound
  (docs/inverse-problems.md), with the largest slope `s_c` of each spline, or 1 where the reference scales the splines apart;
- `layers`: 200 power iterations in 64 bits of `W^T diag(s) W` for the layers as they are, padded with zeros in between, on 128 x 128 pixels:
  a lower bound of the same norm.

Needs torch.
"""

import json
import math
import sys

import torch
from torch.nn.functional import conv2d, conv_transpose2d

LAYERS = "conv_layer.conv_layers"
GRID, POINTS = 254, 1024
PIXELS, ITERATIONS = 128, 200


def layers(state):
    """The kernels of each layer, [out, in, k, k], without their means where they are parametrized."""
    found = []
    while True:
        name = f"{LAYERS}.{len(found)}"
        centred = state.get(f"{name}.parametrizations.weight.original")
        plain = state.get(f"{name}.weight")
        if centred is None and plain is None:
            return found
        weight = plain.double() if centred is None else centred.double()
        found.append(weight if centred is None else weight - weight.mean((1, 2, 3), keepdim=True))


def forward(x, weights):
    for weight in weights:
        x = conv2d(x, weight, padding=weight.shape[-1] // 2)
    return x


def transposed(x, weights):
    for weight in reversed(weights):
        x = conv_transpose2d(x, weight, padding=weight.shape[-1] // 2)
    return x


def composed(weights):
    """One kernel for each filter, [filters, side, side]: the answer to a single bright pixel."""
    reach = sum(weight.shape[-1] // 2 for weight in weights)
    pixel = torch.zeros(1, 1, 2 * reach + 1, 2 * reach + 1, dtype=torch.float64)
    pixel[0, 0, reach, reach] = 1
    return forward(pixel, weights)[0]


def grid_maximum(kernels, slopes, points):
    squares = torch.fft.fft2(kernels, s=(points, points)).abs() ** 2
    return (slopes[:, None, None] * squares).sum(0).max().item()


def certified(kernels, slopes):
    missed = (1 + math.cos(math.pi * (kernels.shape[-1] - 1) / POINTS)) / 2
    return grid_maximum(kernels, slopes, POINTS) / missed**2


def power(weights, slopes):
    torch.manual_seed(0)
    x = torch.randn(1, 1, PIXELS, PIXELS, dtype=torch.float64)
    for _ in range(ITERATIONS):
        x = transposed(slopes[:, None, None] * forward(x / x.norm(), weights), weights)
    return x.norm().item()


def steepest(state, filters):
    """The largest slope of each nondecreasing spline on [-0.1, 0.1], flat outside."""
    coefficients = state["activation.coefficients_vect"].double().view(filters, -1)
    rises = coefficients.diff(dim=1).clamp(min=0)
    rises[:, 0] = rises[:, -1] = 0
    return rises.amax(1) * (coefficients.shape[1] - 1) / 0.2


for path in sys.argv[1:]:
    state = torch.load(path, map_location="cpu", weights_only=False)["state_dict"]
    weights = layers(state)
    kernels = composed(weights)
    filters, side = kernels.shape[0], kernels.shape[-1]
    if "activation.coefficients_vect" in state:
        slopes, estimate = steepest(state, filters), state["L"].item()
    else:
        slopes = torch.ones(filters, dtype=torch.float64)
        estimate = grid_maximum(kernels, slopes, GRID + side)
    numbers = {"estimate": estimate, "bound": certified(kernels, slopes), "layers": power(weights, slopes)}
    print(json.dumps({"file": path.rsplit("/", 1)[-1], "filters": filters, **numbers}), flush=True)
