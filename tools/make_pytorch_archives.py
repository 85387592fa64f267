#!/usr/bin/env python3
"""Writes tests/data/pytorch: small files by torch.save of every kind, and what they hold as NumPy's arrays.

    pip install torch numpy
    python3 tools/make_pytorch_archives.py

Made with torch 2.15. Beside NAME.pt lies NAME.npz: the tensors by the names that `ingot` gives them, row-major; those of
dtypes that NumPy has not as their bytes. Archives carry a random serialization id, so new ones differ from the old.
"""

import collections
import pathlib

import numpy as np
import torch

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "pytorch"

DTYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "bfloat16",
          "float32", "float64", "complex64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz",
          "float8_e8m0fnu"]


def numbers(dtype, n):
    """Tensors with every kind of byte, the same at each run."""
    raw = torch.from_numpy(np.random.default_rng(5).integers(0, 2 if dtype == torch.bool else 256,
                                                             n * dtype.itemsize).astype(np.uint8))
    return raw.view(dtype)


def views():
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    return {
        "base": base, "transposed": base.T, "rows": base[1:3], "columns": base[:, 1:6:2], "element": base[2, 3],
        "expanded": base[:1].expand(3, 6), "diagonal": base.diagonal(), "empty": base[4:], "windows": base[0].unfold(0, 3, 1),
        "permuted": torch.arange(24, dtype=torch.int16).reshape(2, 3, 4).permute(2, 0, 1),
        "flags": torch.tensor([[True, False], [True, True]]).T,
        "halves": torch.arange(12, dtype=torch.bfloat16).reshape(3, 4).T,
    }


def model():
    torch.manual_seed(1)
    layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    layers.register_buffer("table", torch.ones(2))
    return layers


def checkpoint():
    layers = model()
    optimizer = torch.optim.AdamW(layers.parameters())
    layers(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    return {"model": layers.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "loss": 0.25, "best": True,
            "name": "caf\u00e9", "seed": 2**64 - 1, "large": 2**40, "negative": -2**40, "nothing": None, "shape": torch.Size([2, 3]),
            "parameters": list(layers.parameters()), "buffer": torch.nn.Buffer(torch.zeros(2)), 7: torch.ones(1),
            "history": [0.5, (1, {"deep": torch.arange(3)})], "device": torch.device("cpu"), "dtype": torch.float16,
            "tags": {1}, "bytes": b"\xff"}


def archives():
    tied = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    yield "dtypes", {name: numbers(getattr(torch, name), 5) for name in DTYPES}, {}
    yield "views", views(), {}
    yield "state", model().state_dict(), {}
    yield "checkpoint", checkpoint(), {}
    yield "shared", collections.OrderedDict(embedding=tied, head=tied, flat=tied.view(-1)), {}
    yield "tensor", torch.arange(3), {}
    yield "list", [torch.arange(3), [torch.ones(2)]], {}
    legacy = {"_use_new_zipfile_serialization": False}
    yield "legacy", {"views": views(), "state": model().state_dict()}, legacy
    # torch itself cannot read legacy files of dtypes without a storage class.
    classes = [name for name in DTYPES if not name.startswith(("float8", "uint")) or name == "uint8"]
    yield "legacy_dtypes", {name: numbers(getattr(torch, name), 5) for name in classes}, legacy


def tensors(value, name=""):
    if isinstance(value, torch.Tensor):
        yield name or "tensor", value.detach()
    elif isinstance(value, (dict, list, tuple)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from tensors(inner, f"{name}.{key}" if name else str(key))


def as_array(tensor):
    try:
        return tensor.contiguous().numpy()
    except TypeError:
        return tensor.contiguous().view(torch.uint8).numpy()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, value, options in archives():
        torch.save(value, OUT / f"{name}.pt", **options)
        np.savez_compressed(OUT / f"{name}.npz", **{key: as_array(t) for key, t in tensors(value)})


if __name__ == "__main__":
    main()
