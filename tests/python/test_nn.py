"""What networks are made of, against the formulas in NumPy's float64.

Limits: a sum of n terms in float32 is within n·u of the sum of magnitudes, exp, log and each step add a few u; they are
summed up generously here, since tests/unit/ops_table/ holds each kernel to its derived limit. u = 2⁻²⁴.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingot

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.integers(1, 40)
SEVERAL = settings(max_examples=60, deadline=None)
U = 2.0**-24


def normal(seed, shape, dtype=np.float32):
    return (2 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def log_softmax(x, axis=-1):
    x = x.astype(np.float64)
    x = x - x.max(axis=axis, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=axis, keepdims=True))


def assert_near(found, expected, limit):
    assert np.asarray(found).shape == expected.shape
    assert np.all(np.abs(np.asarray(found) - expected) <= limit)


@SEVERAL
@given(SEEDS, SIZES, SIZES, st.integers(-2, 1))
def test_log_softmax(seed, m, n, axis):
    x = normal(seed, (m, n))
    # |x − max| < 30: each of a few roundings is of that size at most.
    limit = (max(m, n) + 150) * U
    assert_near(ingot.log_softmax(ingot.asarray(x), axis), log_softmax(x, axis), limit)
    assert_near(ingot.softmax(ingot.asarray(x), axis), np.exp(log_softmax(x, axis)), limit)


@SEVERAL
@given(SEEDS, SIZES, SIZES, st.sampled_from([0.0, 0.1, 1.0]), st.sampled_from(["mean", "sum", "none"]),
       st.sampled_from([np.int64, np.int32, np.uint8]))
def test_cross_entropy(seed, rows, classes, smoothing, reduction, dtype):
    x = normal(seed, (rows, classes, 2))
    targets = np.random.default_rng(seed).integers(0, classes + 1, (rows, 2)).astype(dtype)
    ignored = targets == classes
    logs = log_softmax(x, axis=1)
    chosen = np.take_along_axis(logs, np.where(ignored, 0, targets).astype(np.int64)[:, None], 1)[:, 0]
    losses = np.where(ignored, 0, -(1 - smoothing) * chosen - smoothing * logs.mean(axis=1))
    count = (~ignored).sum()
    with np.errstate(invalid="ignore"):
        expected = {"none": losses, "sum": losses.sum(), "mean": losses.sum() / count}[reduction]
    found = ingot.cross_entropy(ingot.asarray(x), ingot.asarray(targets), axis=1, ignore_index=classes,
                                label_smoothing=smoothing, reduction=reduction)
    if reduction == "mean" and count == 0:
        assert np.isnan(found.item())
    else:
        assert_near(found, np.asarray(expected), (classes + 300 + 2 * rows) * U * max(count, 1) * 30)


def test_cross_entropy_refuses():
    x = ingot.zeros((2, 3))
    with pytest.raises(IndexError, match="target 3 at index 1"):
        ingot.cross_entropy(x, ingot.asarray([0, 3]))
    with pytest.raises(ValueError, match=r"\(3,\) expected|\(2,\) expected"):
        ingot.cross_entropy(x, ingot.asarray([0, 1, 2]))
    with pytest.raises(TypeError, match="integers"):
        ingot.cross_entropy(x, ingot.asarray([0.0, 1.0]))
    with pytest.raises(ValueError, match="'mean', 'sum' or 'none'"):
        ingot.cross_entropy(x, ingot.asarray([0, 1]), reduction="all")


@SEVERAL
@given(SEEDS, SIZES, SIZES, st.booleans(), st.booleans(), st.integers(1, 2))
def test_layer_norm(seed, m, n, weighted, biased, axes):
    x = normal(seed, (3, m, n))
    shape = x.shape[3 - axes :]
    weight = normal(seed + 1, shape) if weighted else None
    bias = normal(seed + 2, shape) if biased else None
    over = tuple(range(3 - axes, 3))
    wide = x.astype(np.float64)
    root = np.sqrt(wide.var(axis=over, keepdims=True) + 1e-5)
    expected = (wide - wide.mean(axis=over, keepdims=True)) / root
    size = np.abs(wide).max() / root * (1 + np.abs(expected))
    if weighted:
        expected, size = expected * weight, size * np.abs(weight)
    if biased:
        expected, size = expected + bias, size + np.abs(bias)
    found = ingot.layer_norm(ingot.asarray(x), shape, *(None if v is None else ingot.asarray(v) for v in (weight, bias)))
    assert_near(found, expected, (m * n + 30) * U * size)


@SEVERAL
@given(SEEDS, SIZES, SIZES)
def test_rms_norm_without_weight(seed, m, n):
    x = normal(seed, (m, n)).astype(np.float64)
    expected = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)
    assert_near(ingot.rms_norm(ingot.asarray(x)), expected, (n + 10) * 2.0**-53 * np.abs(expected))


@SEVERAL
@given(SEEDS, SIZES, SIZES, st.sampled_from(["float16", "float32", "float64", "int32"]), st.lists(st.integers(0, 3), max_size=2))
def test_embedding(seed, n, k, dtype, shape):
    weight = normal(seed, (n, k)).astype(dtype)
    ids = np.random.default_rng(seed).integers(0, n, shape)
    assert np.asarray(ingot.embedding(ingot.asarray(weight), ingot.asarray(ids))).tobytes() == weight[ids].tobytes()
    with pytest.raises(IndexError):
        ingot.embedding(ingot.asarray(weight), ingot.asarray([n]))


@SEVERAL
@given(SEEDS, st.integers(1, 6), st.integers(1, 8), st.integers(0, 8), st.sampled_from(["interleaved", "half_split"]),
       st.lists(st.integers(1, 3), max_size=2))
def test_rope(seed, length, half, left, layout, batch):
    size = 2 * half
    pairs = max(1, half - left)
    x = normal(seed, (*batch, length, size), np.float64)
    generator = np.random.default_rng(seed)
    positions, frequencies = generator.integers(0, 1000, length), generator.random(pairs).astype(np.float32)
    angle = positions[:, None] * frequencies.astype(np.float64)
    first, second = (np.arange(pairs) * 2, np.arange(pairs) * 2 + 1) if layout == "interleaved" else (
        np.arange(pairs), np.arange(pairs) + pairs)
    expected = x.copy()
    expected[..., first] = x[..., first] * np.cos(angle) - x[..., second] * np.sin(angle)
    expected[..., second] = x[..., first] * np.sin(angle) + x[..., second] * np.cos(angle)
    found = ingot.rope(*map(ingot.asarray, (x, positions, frequencies)), layout=layout)
    # An angle below 1000, a product of two roundings, turns x by as much of its length.
    assert_near(found, expected, 1000 * 2.0**-50 * np.abs(x).max())


@SEVERAL
@given(SEEDS, SIZES, SIZES, SIZES)
def test_linear_with_bias(seed, m, k, n):
    x, w, b = normal(seed, (m, k)), normal(seed + 1, (n, k)), normal(seed + 2, (n,))
    wide = [v.astype(np.float64) for v in (x, w, b)]
    expected = wide[0] @ wide[1].T + wide[2]
    size = np.abs(wide[0]) @ np.abs(wide[1]).T + np.abs(wide[2])
    assert_near(ingot.linear(*map(ingot.asarray, (x, w, b))), expected, (k + 3) * U * size)


@SEVERAL
@given(SEEDS, st.integers(1, 12), st.integers(1, 90), st.booleans(), st.booleans(), st.sampled_from([1, 2]))
def test_attention_with_mask(seed, length, keys, boolean, causal, group):
    rng = np.random.default_rng(seed)
    q, k, v = normal(seed, (2, 2, length, 8)), normal(seed + 1, (2, 2 // group, keys, 8)), normal(seed + 2, (2, 2 // group, keys, 8))
    shape = [(length, keys), (2, 1, 1, keys), (2, length, 1)][rng.integers(3)]
    seen = rng.random(shape) < 0.7
    mask = seen if boolean else np.where(seen, rng.standard_normal(shape), -np.inf).astype(np.float32)
    added = np.where(mask, 0, -np.inf) if boolean else mask
    scores = np.einsum("bhid,bhjd->bhij", q.astype(np.float64), np.repeat(k, group, 1)) / 8**0.5 + added
    if causal:
        scores = np.where(np.arange(keys) <= np.arange(length)[:, None] + keys - length, scores, -np.inf)
    largest = scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores - np.where(np.isfinite(largest), largest, 0))
    total = weights.sum(axis=-1, keepdims=True)
    expected = np.where(total > 0, weights / np.where(total > 0, total, 1) @ np.repeat(v, group, 1), 0)
    found = ingot.scaled_dot_product_attention(*map(ingot.asarray, (q, k, v)), ingot.asarray(mask), is_causal=causal)
    # Scores stay below 8·64/√8 + 6 in magnitude; twice their error in a weight, then the sum over keys.
    assert_near(found, expected, (2 * 10 * 190 + keys + 20) * U * np.abs(v).max())


def test_attention_refuses_masks():
    x = ingot.zeros((1, 2, 3, 4))
    with pytest.raises(ValueError, match="do not broadcast"):
        ingot.scaled_dot_product_attention(x, x, x, ingot.zeros((2, 2)))
    with pytest.raises(TypeError, match="a mask of bool or f32"):
        ingot.scaled_dot_product_attention(x, x, x, ingot.asarray([1, 2, 3]))
