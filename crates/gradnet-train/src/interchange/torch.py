"""A gradient network in PyTorch, as `gradnet export RUN -o NAME.py` writes it.

    from NAME import load

    field = load()          # reads NAME.npz and NAME.json, which lie beside this file
    field(x)                # [n, d] -> [n, d]

The weights are parameters in float64: `field.float()` makes them float32, an optimizer trains them further. A monotone network
stays monotone only as long as the weights alpha, beta, a, b and temperature stay nonnegative.
"""

import json
from pathlib import Path

import numpy
import torch


class Field(torch.nn.Module):
    """f(x) = constant + sign y_scale g((x - mean) / x_scale), with g(x) = network(x) + x linear + output_bias."""

    def __init__(self, description, arrays):
        super().__init__()
        self.kind = description["kind"]
        self.function = description["function"]
        self.weights = torch.nn.ParameterDict(
            {name: torch.nn.Parameter(torch.tensor(value, dtype=torch.float64)) for name, value in arrays.items()}
        )
        scales = {"mean": 0.0, "x_scale": 1.0, "y_scale": 1.0, "constant": 0.0, "sign": 1}
        scales.update(description.get("similarity") or {})
        for name, value in scales.items():
            self.register_buffer(name, torch.tensor(value, dtype=torch.float64))

    def forward(self, x):
        inside = (x - self.mean) / self.x_scale
        network = {"cascade": self.cascade, "modules": self.modules}[self.kind]
        value = network(inside) + self.weights["output_bias"]
        if "linear" in self.weights:
            value = value + inside @ self.weights["linear"]
        return self.constant + self.sign * self.y_scale * value

    def cascade(self, x):
        weights = self.weights
        w = x @ weights["W"].T
        output = torch.zeros_like(w)
        for layer in range(len(weights["alpha"])):
            z = weights["beta"][layer] * w + output + weights["bias"][layer]
            output = weights["alpha"][layer] * self.unit(z, layer)
        return output @ weights["W"]

    def unit(self, z, layer):
        if self.function.startswith("learned"):
            a, b = self.weights["a"][layer], self.weights["b"][layer]
            return a * torch.tanh(z) + b * (z - torch.tanh(z))
        module = torch if hasattr(torch, self.function) else torch.nn.functional
        return getattr(module, self.function)(z)

    def modules(self, x):
        weights, value = self.weights, 0.0
        for m, weight in enumerate(weights["W"]):
            u = x @ weight.T
            if "bias" in weights:
                u = u + weights["bias"][m]
            u = weights["temperature"][m] * u
            s = torch.softmax(u, dim=1)
            if self.function.startswith("learned"):
                s = weights["a"][m] * s - weights["b"][m] * torch.softmax(-u, dim=1)
            value = value + weights["alpha"][m] * s @ weight
        return value


def load(name=None):
    """The field of NAME.npz and NAME.json; by default those beside this file."""
    name = Path(name) if name else Path(__file__).with_suffix("")
    description = json.loads(name.with_suffix(".json").read_text())
    with numpy.load(name.with_suffix(".npz")) as arrays:
        return Field(description, dict(arrays))
