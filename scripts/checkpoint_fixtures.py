#!/usr/bin/env python3
"""Checkpoints for the tests of `gradnet import`: one released state, saved in the ways people save.

    python3 scripts/checkpoint_fixtures.py

writes them, and what the networks give, to crates/gradnet-train/tests/checkpoints/kinds. It needs PyTorch and NumPy.
The state is that of mgradnet_m_softmax.pt in the folder above; what lies beside the weights is what trainers put there.
Another version of PyTorch writes files that differ in their bytes, not in what they hold.
"""

import argparse
import json
import pickle
import struct
import sys
import types
from collections import defaultdict, deque
from pathlib import Path

import numpy
import torch

CRATES = Path(__file__).resolve().parents[1] / "crates"
CHECKPOINTS = CRATES / "gradnet-train/tests/checkpoints"
STATE = torch.load(CHECKPOINTS / "mgradnet_m_softmax.pt")
GOLDEN = json.loads((CRATES / "gradnet-train/tests/golden/networks.json").read_text())
POINTS = torch.tensor(GOLDEN["cases"]["mgradnet_m_softmax"]["x"], dtype=torch.float64)
OUT = CHECKPOINTS / "kinds"


class Module(torch.nn.Module):
    """One module of the released mGradNet-M."""

    def __init__(self, hidden, dim):
        super().__init__()
        self.W = torch.nn.Parameter(torch.zeros(hidden, dim))
        self.b = torch.nn.Parameter(torch.zeros(hidden))
        self.beta = torch.nn.Parameter(torch.zeros(1))
        self.act = torch.nn.Softmax(dim=-1)

    def forward(self, x):
        z = torch.nn.functional.softplus(self.beta) * (x @ self.W.T + self.b)
        return self.act(z) @ self.W


class Network(torch.nn.Module):
    """The released mGradNet-M, as far as its state goes."""

    def __init__(self, modules=4, hidden=5, dim=3):
        super().__init__()
        self.mmgn_modules = torch.nn.ModuleList([Module(hidden, dim) for _ in range(modules)])
        self.alpha = torch.nn.Parameter(torch.zeros(modules))
        self.bias = torch.nn.Parameter(torch.zeros(dim))

    def forward(self, x):
        y = self.bias.expand(x.shape[0], -1)
        for i, module in enumerate(self.mmgn_modules):
            y = y + torch.nn.functional.softplus(self.alpha[i]) * module(x)
        return y


def network():
    network = Network()
    network.load_state_dict(STATE)
    return network


def trained():
    """The network and an optimizer that has state; the weights are those of before its step."""
    net = network()
    adam = torch.optim.Adam(net.parameters(), 1e-3)
    net(torch.ones(2, 3)).square().sum().backward()
    adam.step()
    net.load_state_dict(STATE)
    return net, adam


def prefixed(prefix, state):
    return type(STATE)((prefix + name, value) for name, value in state.items())


def converted(dtype):
    return type(STATE)((name, value.to(dtype)) for name, value in STATE.items())


def foreign(module, name, **members):
    """A class under a name of a package that is not installed."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        part = ".".join(parts[:end])
        sys.modules.setdefault(part, types.ModuleType(part))
    made = type(name, members.pop("bases", (object,)), {"__module__": module, **members})
    setattr(sys.modules[module], name, made)
    return made


def trainer():
    """What a training loop saves: the weights among counters, histories, random states and objects of other packages."""
    net, adam = trained()
    schedule = torch.optim.lr_scheduler.MultiStepLR(adam, [3, 7])
    history = defaultdict(list)
    history["loss"] += [0.5, 0.25]
    return {
        "epoch": 7,
        "model_state_dict": net.state_dict(),
        "optimizer_state_dict": adam.state_dict(),
        "scheduler": schedule.state_dict(),
        "history": history,
        "recent": deque([1.0, 2.0], maxlen=100),
        "args": argparse.Namespace(lr=1e-3, out=Path("runs"), device=torch.device("cpu")),
        "best": numpy.float64(0.25),
        "mean": numpy.zeros(3),
        "rng_state": torch.get_rng_state(),
        "mask": torch.eye(2).to_sparse(),
        "spectrum": torch.zeros(2, dtype=torch.complex64),
        ("tuple", 1): {1, 2},
        "seed": 2**70,
    }


def lightning():
    """What Lightning saves, with hyperparameters of OmegaConf's and its own kind."""
    _, adam = trained()
    attributes = foreign("lightning.fabric.utilities.data", "AttributeDict", bases=(dict,))
    config = foreign("omegaconf.dictconfig", "DictConfig")()
    config._content = attributes(width=5, nested=defaultdict(dict))
    config._metadata = foreign("omegaconf.base", "ContainerMetadata")()
    checkpoint = "ModelCheckpoint{'monitor': 'val.loss', 'mode': 'min'}"
    return {
        "epoch": 7,
        "global_step": 800,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": prefixed("model.", STATE) | {"criterion.weight": torch.ones(3)},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 8}}}},
        "callbacks": {checkpoint: {"best_model_score": torch.tensor(0.25), "dirpath": "runs"}},
        "optimizer_states": [adam.state_dict()],
        "lr_schedulers": [],
        "hparams_name": "config",
        "hyper_parameters": attributes(config=config, lr=1e-3),
    }


def write_safetensors(state, file):
    """safetensors without its package: the header's length, the header, the bytes."""
    header, contents = {}, b""
    for name, value in state.items():
        numbers = value.contiguous().view(torch.int16).numpy().tobytes()
        ends = [len(contents), len(contents) + len(numbers)]
        header[name] = {"dtype": "BF16", "shape": list(value.shape), "data_offsets": ends}
        contents += numbers
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + contents)


def outputs(state):
    """What the network with this state gives, in 64 bits."""
    net = Network().double()
    net.load_state_dict({name: value.double() for name, value in state.items()})
    return net(POINTS).tolist()


def main():
    OUT.mkdir(exist_ok=True)
    net = network()
    averaged = type(STATE)((name, value * 0.5) for name, value in STATE.items())
    rounded, half = converted(torch.bfloat16), converted(torch.float16)
    torch.save(trainer(), OUT / "trainer.pth.tar")
    torch.save(lightning(), OUT / "lightning.ckpt")
    torch.save({"state_dict": STATE, "ema_state_dict": averaged}, OUT / "averaged.pt")
    torch.save(prefixed("module._orig_mod.", rounded), OUT / "bfloat16.pth")
    torch.save({"net": prefixed("module.", half)}, OUT / "float16.bin")
    inside = {name.replace("modules.", "modules._orig_mod."): value for name, value in rounded.items()}
    write_safetensors(prefixed("net.", inside), OUT / "bfloat16.safetensors")
    double = {"model": converted(torch.float64)}
    torch.save(double, OUT / "float64_legacy.pkl", _use_new_zipfile_serialization=False)
    torch.save(net, OUT / "whole_network.pt")
    torch.jit.save(torch.jit.script(net), str(OUT / "torchscript.pt"))
    (OUT / "pickled.pkl").write_bytes(pickle.dumps({"weights": STATE}))
    arrays = {name: value.numpy() for name, value in STATE.items()}
    (OUT / "numpy.pkl").write_bytes(pickle.dumps(arrays))
    given = {
        "float32": outputs(STATE),
        "bfloat16": outputs(rounded),
        "float16": outputs(half),
        "averaged": outputs(averaged),
    }
    (OUT / "outputs.json").write_text(json.dumps(given))


if __name__ == "__main__":
    main()
