"""Elementwise operations and reductions on 10⁷ float32 elements, beside NumPy and, where it is installed, PyTorch.

    ./dev bench numpy        or, for some operations only: build/venv/bin/python bench/numpy_bench.py add exp sum

Every round times each library once, so that a busy machine disturbs all of them alike; figures are medians over the
rounds, of the processor's time with one thread and of the wall's with more. NumPy has one thread always. All libraries
read the same memory. "new" is the plain call, which allocates its result; "out" writes into one of the library's own.
"of a copy": bytes read and written a second, as a part of what np.copyto moves in the same rounds.
"""

import statistics
import sys
import time
from dataclasses import dataclass
from typing import Callable

import ingot
import numpy as np

try:
    import torch
except ImportError:
    torch = None

# What PyTorch calls otherwise: its equal() compares whole tensors, its max() of an axis finds places too.
TORCH_NAMES = {"equal": "eq", "cumulative_sum": "cumsum", "max": "amax", "min": "amin"}

N = 10_000_000
ROUNDS = 9


@dataclass
class Row:
    name: str
    call: Callable  # of a library and its arrays; passes on out=
    arrays: tuple  # of names in ARRAYS
    writes: int = 4  # bytes for each element of the result
    has_out: bool = True


def arrays():
    random = np.random.default_rng(0)
    x = (random.standard_normal(N) * 3).astype(np.float32)
    y = (random.standard_normal(N) * 3).astype(np.float32)
    positive = random.uniform(0.1, 10, N).astype(np.float32)
    return {
        "x": x,
        "y": y,
        "positive": positive,
        "inside": random.uniform(-1, 1, N).astype(np.float32) * np.float32(0.999),
        "above": positive + 1,
        "flags": x < y,
        "false": np.full(N, False),
        "true": np.ones(N, bool),
        "matrix": x.reshape(-1, 1_000),
        "false matrix": np.full((N // 1_000, 1_000), False),
    }


def named(module, name):
    return getattr(module, TORCH_NAMES.get(name, name) if module is torch else name)


def rows():
    def plain(name, *operands, **options):
        return Row(name, lambda m, *a, **out: named(m, name)(*a, **out), operands, **options)

    def reduction(name, array, label=None, function=None, **arguments):
        function = function or name
        return Row(label or name, lambda m, a: named(m, function)(a, **arguments), (array,), 0, False)

    for name in ("add", "subtract", "multiply", "divide", "maximum", "atan2", "hypot"):
        yield plain(name, "x", "y")
    yield plain("pow", "positive", "y")
    for name in ("less", "equal", "logical_and"):
        yield plain(name, "x", "y", writes=1)
    yield Row("where", lambda m, *a: m.where(*a), ("flags", "x", "y"), has_out=False)
    yield Row("clip", lambda m, a, **out: m.clip(a, -1, 1, **out), ("x",))
    for name in ("abs", "negative", "square", "floor", "exp", "exp2", "expm1", "sin", "cos", "tan", "sinh", "cosh",
                 "tanh", "asinh", "atan"):
        yield plain(name, "x")
    for name in ("sqrt", "log", "log2", "log1p"):
        yield plain(name, "positive")
    for name in ("asin", "acos", "atanh"):
        yield plain(name, "inside")
    yield plain("acosh", "above")
    yield plain("isfinite", "x", writes=1)
    for name in ("sum", "mean", "max", "min", "argmax", "std"):
        yield reduction(name, "x")
    for name in ("sum", "mean", "max", "argmax", "std"):
        for axis in (0, 1):
            yield reduction(name, "matrix", f"{name}, axis {axis}", axis=axis)
    yield reduction("any", "false")
    yield reduction("all", "true")
    yield reduction("any", "false matrix", "any, axis 0", axis=0)
    yield reduction("any", "false matrix", "any, axis 1", axis=1)
    yield Row("cumulative_sum", lambda m, a: named(m, "cumulative_sum")(a, **({"axis": 0} if m is torch else {})), ("x",), has_out=False)


class Libraries:
    """Each with the arrays in its own type, over one memory."""

    def __init__(self, memory):
        self.memory = memory
        self.modules = {"ingot": (ingot, ingot.asarray), "numpy": (np, lambda x: x)}
        if torch:
            self.modules["torch"] = (torch, torch.from_numpy)

    def calls(self, row):
        """name of the library and "new" or "out" → the call."""
        calls = {}
        for library, (module, wrap) in self.modules.items():
            operands = [wrap(self.memory[name]) for name in row.arrays]
            try:
                row.call(module, *operands)
            except (AttributeError, TypeError):
                if library == "torch":
                    continue  # another name or another signature
                raise
            calls[library, "new"] = lambda m=module, a=operands: row.call(m, *a)
            if row.has_out and (library, row.name) != ("torch", "isfinite"):  # takes no out
                out = module.empty_like(operands[0], dtype=module.bool if row.writes == 1 else module.float32)
                calls[library, "out"] = lambda m=module, a=operands, o=out: row.call(m, *a, out=o)
        return calls


def medians(calls, clock):
    times = {key: [] for key in calls}
    others = np.zeros((2, N), np.float32)
    for _ in range(ROUNDS):
        for key, call in calls.items():
            np.copyto(others[0], others[1])  # so that none finds in the caches what the one before it read
            begin = clock()
            call()
            times[key].append(clock() - begin)
    return {key: statistics.median(values) * 1e3 for key, values in times.items()}


def measure(threads, chosen):
    ingot.set_num_threads(threads)
    if torch:
        torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    libraries = Libraries(arrays())
    target = np.empty(N, np.float32)
    peers = [name for name in libraries.modules if name != "ingot"]
    print(f"\n{threads} thread{'s' * (threads > 1)}, {N:,} elements; ms; ratio: the other's time over ours")
    heads = "".join(f" {peer:>8} {'ratio':>6}" for peer in peers)
    print(f"{'':<16} {'new':>7}{heads} {'of a copy':>10}  | {'out':>7}{heads} {'of a copy':>10}")
    ratios = {}
    for row in rows():
        if chosen and row.name.split(",")[0] not in chosen:
            continue
        calls = libraries.calls(row)
        calls["copy"] = lambda: np.copyto(target, libraries.memory["x"])
        took = medians(calls, clock)
        bytes_moved = sum(libraries.memory[name].nbytes for name in row.arrays) + N * row.writes
        line = f"{row.name:<16}"
        for kind in ("new", "out"):
            if ("ingot", kind) not in took:
                continue
            ours = took["ingot", kind]
            line += f"{'  |' if kind == 'out' else ''} {ours:7.2f}"
            for peer in peers:
                theirs = took.get((peer, kind))
                ratio = theirs / ours if theirs else 0.0
                line += f" {theirs:8.2f} {ratio:6.2f}" if theirs else f" {'-':>8} {'-':>6}"
                if theirs:
                    ratios.setdefault((peer, kind), {})[row.name] = ratio
            line += f" {bytes_moved / ours / (2 * target.nbytes / took['copy']):10.2f}"
        print(line, flush=True)
    for (peer, kind), found in ratios.items():
        slower = [f"{name} {ratio:.2f}" for name, ratio in found.items() if ratio < 1]
        print(f"{peer}, {kind}: {len(found)} operations, median {statistics.median(found.values()):.2f}, "
              f"slower: {', '.join(slower) or 'none'}")


if __name__ == "__main__":
    print(f"Ingot {ingot.__version__}, NumPy {np.__version__}, PyTorch {torch.__version__ if torch else 'absent'}")
    for threads in (1, 2):
        measure(threads, sys.argv[1:])
