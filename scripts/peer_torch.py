#!/usr/bin/env python3
"""The benchmark's training step in PyTorch, for a comparison on one machine.

The same networks, target and step as `gradnet bench`, written for this comparison: mGradNet-C and mGradNet-M (Chaudhari,
Pranav, Moura, "Gradient Networks", IEEE TSP 2025, Eq. (13)-(17)) with Adam, eager and, where it works, compiled.

    python3 scripts/peer_torch.py [--case NAME]... [--threads 2] [--compile] [--seconds 2]

prints one JSON row a case: case, implementation, threads, ms_per_step. `scripts/compare_speed.sh` runs it in turn with
`gradnet bench` and makes the table.
"""

import math

import torch
from peer_cases import CASES, milliseconds, parser, show
from torch import nn
from torch.nn.functional import softplus


def uniform(shape, inputs):
    bound = 1 / math.sqrt(inputs)
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))


class Cascade(nn.Module):
    """mGradNet-C, Eq. (16)-(17), four layers."""

    layers = 4

    def __init__(self, dim, width, learned):
        super().__init__()
        self.weight = uniform((width, dim), dim)
        self.alpha = nn.Parameter(torch.rand(self.layers, width))
        self.beta = nn.Parameter(torch.rand(self.layers, width))
        self.bias = uniform((self.layers, width), width)
        self.output_bias = uniform((dim,), width)
        self.learned = None
        if learned:
            self.learned = nn.Parameter(torch.full((2, self.layers, width), 1 / width))

    def forward(self, x):
        w = x @ self.weight.T
        alpha, beta = softplus(self.alpha), softplus(self.beta)
        learned = None if self.learned is None else softplus(self.learned)
        output = 0.0
        for layer in range(self.layers):
            z = beta[layer] * w + output + self.bias[layer]
            s = torch.tanh(z)
            if learned is not None:
                s = learned[0, layer] * s + learned[1, layer] * (z - s)
            output = alpha[layer] * s
        return output @ self.weight + self.output_bias


class Modules(nn.Module):
    """mGradNet-M, Eq. (13)-(14), four softmax modules, their weights stacked in one matrix."""

    modules_count = 4

    def __init__(self, dim, width, learned):
        super().__init__()
        count = self.modules_count
        self.weight = uniform((count * width, dim), dim)
        self.hidden_bias = uniform((count * width,), dim)
        self.output_bias = uniform((dim,), width)
        self.alpha = nn.Parameter(torch.rand(count))
        self.temperature = nn.Parameter(torch.rand(count))
        self.learned = nn.Parameter(torch.full((2, count), 0.5)) if learned else None

    def forward(self, x):
        z = (x @ self.weight.T + self.hidden_bias).unflatten(1, (self.modules_count, -1))
        u = z * softplus(self.temperature)[:, None]
        s = torch.softmax(u, dim=-1)
        if self.learned is not None:
            a, b = softplus(self.learned)[..., None]
            s = a * s - b * torch.softmax(-u, dim=-1)
        s = s * softplus(self.alpha)[:, None]
        return s.flatten(1) @ self.weight + self.output_bias


class Quartic:
    """The gradient of Eq. (20), d = 2."""

    def __call__(self, x):
        x1, x2 = x[:, :1], x[:, 1:]
        return torch.cat([4 * x1**3 + x1 + x2 / 2, x1 / 2 + 3 * x2 - x2**2], dim=1)


class PiecewiseQuadratic:
    """The gradient of Eq. (22) with the released matrices, without differentiating it."""

    def __init__(self, dim):
        i = torch.arange(1, dim + 1, dtype=torch.float32)
        alpha = (i[:, None] + i[None, :] - 2) / (2 * dim - 2)
        decay = math.log(dim) * (1 + (i[:, None] - i[None, :]).abs())
        numerators = 2 + torch.sin(4 * math.pi * alpha), 1 + 2 * alpha, 3 - 2 * alpha
        self.matrices = [numerator / decay for numerator in numerators]

    def __call__(self, x):
        z = x - 0.5
        products = torch.stack([z @ matrix for matrix in self.matrices])
        active = (products * z).sum(dim=2).argmax(dim=0)
        return 2 * products[active, torch.arange(len(x))]


def parts(case):
    """Network, target and optimizer of a case."""
    kind, dim, width, _, learned = CASES[case]
    network = {"c": Cascade, "m": Modules}[kind](dim, width, learned)
    target = Quartic() if dim == 2 else PiecewiseQuadratic(dim)
    return network, target, torch.optim.Adam(network.parameters(), lr=1e-3)


def step_of(case, compiled):
    """A training step."""
    _, dim, _, batch, _ = CASES[case]
    network, target, optimizer = parts(case)
    forward = torch.compile(network) if compiled else network

    def step():
        x = torch.rand(batch, dim)
        loss = nn.functional.mse_loss(forward(x), target(x))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def main():
    options = parser(__doc__.splitlines()[0])
    options.add_argument("--compile", action="store_true", help="torch.compile the network")
    arguments = options.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    implementation = "torch_compiled" if arguments.compile else "torch_eager"
    for case in arguments.case or CASES:
        ms_per_step = milliseconds(step_of(case, arguments.compile), arguments.seconds)
        show(case, implementation, "torch", torch.__version__, arguments.threads, ms_per_step)


if __name__ == "__main__":
    main()
