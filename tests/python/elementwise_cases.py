"""What each elementwise operation of include/ingot/ops/elementwise.def is held against: a row here, its INGOT_NUMPY there,
or NumPy's function of the same name. Oracles are evaluated in float64 for dtypes up to float32 and in long double for float64;
for integers and bool in the dtype itself.

`scale`: where the operation's formula adds terms that may cancel, the size of the largest of them; the error limit is
then in units of its last place instead of the result's.
"""

import math
from dataclasses import dataclass
from typing import Callable

import elementwise_table
import numpy as np

ROWS = {row.name: row for row in elementwise_table.rows()}


@dataclass
class Case:
    oracle: Callable
    scale: Callable | None = None


def erf(x):
    return np.vectorize(math.erf, otypes=[x.dtype])(x) if x.size else x


def sigmoid(x):
    e = np.exp(-abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def density(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * x.dtype.type(np.pi))


def cdf(x):
    half = np.vectorize(lambda v: math.erfc(-v / math.sqrt(2)) / 2, otypes=[x.dtype])
    return half(x) if x.size else x


def inner(x):
    return np.sqrt(2 / x.dtype.type(np.pi)) * (x + x.dtype.type(0.044715) * x**3)


def softplus(x):
    return np.logaddexp(0, x)


def gelu_tanh_slope(x):
    factor = np.sqrt(2 / x.dtype.type(np.pi)) * (1 + 3 * x.dtype.type(0.044715) * x * x)
    return x / 2 / np.cosh(inner(x)) ** 2 * factor


def magnitude(*operands):
    """Of operations whose terms are no larger than their operands and the gradient's."""
    size = np.maximum(1, abs(operands[-1]))
    return size * abs(operands[0]) if len(operands) > 1 else size


def shift(function, beyond):
    """NumPy leaves shifts past the dtype's bits to the processor for some dtypes: here they are what the docs say."""

    def oracle(a, b):
        bits = a.dtype.itemsize * 8
        inside = (b >= 0) & (b < bits)
        return np.where(inside, function(a, np.where(inside, b, 0)), beyond(a))

    return oracle


def integer_pow(a, b):
    if a.dtype.kind == "f":
        return np.power(a, b)
    negative = np.asarray(b < 0)
    whole = np.power(a, np.where(negative, 0, b).astype(a.dtype))
    odd = np.asarray(b) % 2 != 0
    inverse = np.where(a == 1, 1, np.where(a + 1 == 0, np.where(odd, a, 1), 0))
    return np.where(negative, inverse, whole).astype(a.dtype)


CASES = {
    "pow": Case(integer_pow),
    "erf": Case(erf),
    "bitwise_left_shift": Case(shift(np.left_shift, lambda a: a * 0)),
    "bitwise_right_shift": Case(shift(np.right_shift, lambda a: np.where(a < 0, -1, 0).astype(a.dtype))),
    "remainder": Case(np.remainder, lambda a, b: np.maximum(abs(a), abs(b))),
    "logaddexp": Case(np.logaddexp, lambda a, b: np.maximum(abs(a), abs(b)) + 1),
    "sigmoid": Case(sigmoid),
    "sigmoid_backward": Case(lambda g, x: g * sigmoid(x) * sigmoid(-x)),
    "silu": Case(lambda x: x * sigmoid(x)),
    "silu_backward": Case(lambda g, x: g * sigmoid(x) * (1 + x * sigmoid(-x)), magnitude),
    "gelu": Case(lambda x: x * cdf(x), magnitude),
    "gelu_backward": Case(lambda g, x: g * (cdf(x) + x * density(x)), magnitude),
    "gelu_tanh": Case(lambda x: x * (1 + np.tanh(inner(x))) / 2, magnitude),
    "gelu_tanh_backward": Case(
        lambda g, x: g
        * (
            (1 + np.tanh(inner(x))) / 2
            + gelu_tanh_slope(np.clip(x, -20, 20))  # 0 beyond, where cosh and x² overflow
        ),
        lambda g, x: magnitude(g, x) * np.maximum(1, abs(x)) ** 2,
    ),
    "softplus": Case(softplus, lambda x: np.maximum(1, abs(x))),
    "softplus_backward": Case(lambda g, x: g * sigmoid(x)),
    "mish": Case(lambda x: x * np.tanh(softplus(x))),
    "mish_backward": Case(
        lambda g, x: g * (np.tanh(softplus(x)) + x * sigmoid(x) * (1 - np.tanh(softplus(x)) ** 2)), magnitude
    ),
    "hardswish": Case(lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6, magnitude),
    "hardswish_backward": Case(
        lambda g, x: np.where(x > -3, np.where(x < 3, g * (2 * x + 3) / 6, g), 0 * g), magnitude
    ),
}


def in_numpy(row):
    """Its INGOT_NUMPY as a function of arrays, or NumPy's own."""
    return eval(f"lambda {', '.join(row.operands)}: {row.numpy}", {"np": np}) if row.numpy else getattr(np, row.name)


def case(name):
    return CASES.get(name) or Case(in_numpy(ROWS[name]))
