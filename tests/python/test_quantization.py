"""Affine quantization against its formulas in NumPy: codes to the bit, errors within the bound that is documented."""

import os
import pickle
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ingot

quick = settings(max_examples=200, deadline=None)
np.seterr(all="ignore")

RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int4": (-8, 7), "int2": (-2, 1)}
SCALES = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}


def numpy_dtype(name):
    return np.dtype(getattr(ml_dtypes, name)) if name in ("bfloat16", "int4", "int2") else np.dtype(name)


@st.composite
def cases(draw):
    """An array and a scheme whose groups divide it."""
    dtype = draw(st.sampled_from(sorted(RANGES)))
    symmetric = draw(st.booleans()) and dtype != "uint8"
    shape = list(draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=9)))
    axis = draw(st.none() | st.integers(-len(shape), len(shape) - 1))
    group = draw(st.none() | st.just(-1) | st.integers(1, 40))
    if group is not None and group > 0:
        shape[-1 if axis is None else axis] = group * draw(st.integers(1, 3))
    values = draw(st.sampled_from(["float16", "bfloat16", "float32", "float64"]))
    # Magnitudes of every size that the dtype has; float16's and bfloat16's by rounding.
    exponents = st.integers(-9, 4) if values == "float16" else st.integers(-46, 38)
    numbers = st.builds(lambda m, e: m * 10.0**e, st.floats(-3, 3, width=32), draw(st.just(exponents)))
    elements = draw(st.sampled_from([numbers, st.floats(-8, 8, width=32), st.sampled_from([0.0, -0.0, 1.5, -1.5])]))
    array = draw(hnp.arrays(np.float64, tuple(shape), elements=elements, fill=st.nothing()))
    array = array.astype(numpy_dtype(values))
    if draw(st.booleans()):
        array = array[..., ::-1] if draw(st.booleans()) else np.asfortranarray(array)
    scheme = ingot.AffineScheme(dtype, symmetric=symmetric, axis=axis, group_size=group,
                                narrow_range=draw(st.booleans()), scale_dtype=draw(st.sampled_from(sorted(SCALES))))
    return array, scheme


def blocks(shape, scheme):
    """How many elements along each axis share a scale."""
    if scheme.group_size is None:
        return [1 if scheme.axis is not None and i == scheme.axis % len(shape) else n for i, n in enumerate(shape)]
    axis = (-1 if scheme.axis is None else scheme.axis) % len(shape)
    size = shape[axis] if scheme.group_size == -1 else scheme.group_size
    return [size if i == axis else 1 for i in range(len(shape))]


def oracle(array, scheme):
    """(codes, scales, zero points) as int64, float64, int64; None where a scale is beyond its dtype."""
    low, high = RANGES[scheme.dtype.name]
    low += scheme.narrow_range
    steps = np.float32(high - low)
    x = array.astype(np.float32)
    size = blocks(x.shape, scheme)
    split = x.reshape([k for n, b in zip(x.shape, size) for k in (n // b, b)])
    inner = tuple(range(1, split.ndim, 2))
    least = np.minimum(split.min(inner), np.float32(0))
    most = np.maximum(split.max(inner), np.float32(0))
    span = np.maximum(-least, most) if scheme.symmetric else most - least
    scale = span / (steps / 2 if scheme.symmetric else steps)
    scale = np.where(np.isinf(span), (most / 2 - least / 2) / (steps / 2), scale).astype(np.float32)
    kind = SCALES[scheme.scale_dtype.name]
    stored = scale.astype(kind)
    tiny = np.nextafter(kind(0), kind(1))
    stored = np.where(stored == 0, np.where(span == 0, kind(1), tiny), stored).astype(np.float32)
    if np.any(np.isinf(stored)):
        return None
    zero = 0 * stored if scheme.symmetric else np.clip(low - np.rint(least / stored), low, high)
    wide_scale, wide_zero = stored, zero
    for axis, b in enumerate(size):
        wide_scale, wide_zero = np.repeat(wide_scale, b, axis), np.repeat(wide_zero, b, axis)
    codes = np.clip(np.rint(x / wide_scale) + wide_zero, low, high)
    return codes.astype(np.int64), stored.astype(np.float64), zero.astype(np.int64), wide_scale, wide_zero


def unpacked(codes):
    return np.asarray(ingot.unpack(codes) if codes.dtype.bits < 8 else codes)


@quick
@given(cases())
def test_affine(case):
    array, scheme = case
    x = ingot.asarray(array)
    before = np.array(array)
    expected = oracle(array, scheme)
    if expected is None:
        with pytest.raises(ValueError, match="beyond"):
            ingot.quantize(x, scheme)
        return
    codes, scales, zeros, scale, zero = expected
    q = ingot.quantize(x, scheme)
    assert np.array_equal(np.asarray(x), before)
    assert q.shape == array.shape and q.dtype == ingot.float32 and q.encoding.scheme.startswith("AFFINE_")
    parts = ingot.affine_parts(q)
    assert parts.codes.dtype == scheme.dtype and parts.scale.dtype == scheme.scale_dtype
    np.testing.assert_array_equal(np.asarray(parts.scale).astype(np.float64), scales)
    np.testing.assert_array_equal(unpacked(parts.codes), codes)
    if scheme.symmetric:
        assert parts.zero_point is None
    else:
        np.testing.assert_array_equal(np.asarray(parts.zero_point), zeros)
    decoded = np.asarray(ingot.dequantize(q))
    np.testing.assert_array_equal(decoded, ((codes - zero) * scale.astype(np.float64)).astype(np.float32))
    # Half a step; what the scale's rounding moves the ends by; float32's roundings: of the range, of the quotient, of
    # the zero point's quotient and of the product, each at most 2^-24 of N steps, and of a float64 x.
    low, high = RANGES[scheme.dtype.name]
    steps = high - low - scheme.narrow_range
    unit = np.spacing(scale.astype(SCALES[scheme.scale_dtype.name])).astype(np.float64) / 2
    limit = scale.astype(np.float64) / 2 + steps * unit + 2.0**-22 * steps * scale.astype(np.float64)
    exact = (codes - zero) * scale.astype(np.float64)
    beyond = np.abs(exact) > np.finfo(np.float32).max
    assert np.all((np.abs(decoded.astype(np.float64) - array.astype(np.float64)) <= limit) | beyond)
    again = ingot.affine_tensor(*parts)
    np.testing.assert_array_equal(np.asarray(ingot.dequantize(again)), decoded)
    for protocol in (2, 5):
        copy = pickle.loads(pickle.dumps(q, protocol))
        assert copy.encoding.scheme == q.encoding.scheme and np.array_equal(ingot.dequantize(copy), decoded)


@quick
@given(hnp.arrays(np.float32, (3, 8), elements=st.floats(-4, 4, width=32)), st.data())
def test_not_finite_is_refused(array, data):
    at = data.draw(st.integers(0, 23))
    array.flat[at] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    for options in [{}, {"axis": 0}, {"axis": 1}, {"group_size": 4}, {"axis": 0, "group_size": 3}]:
        with pytest.raises(ValueError, match=rf"element {at} of f32 \(3, 8\)"):
            ingot.quantize(ingot.asarray(array), ingot.AffineScheme("int4", symmetric=False, **options))


def test_scheme():
    scheme = ingot.AffineScheme("int4", symmetric=False, axis=-1, group_size=32, scale_dtype="bfloat16")
    assert eval(repr(scheme), {"ingot": ingot}) == scheme == pickle.loads(pickle.dumps(scheme))
    assert len({scheme, ingot.AffineScheme("int4"), ingot.AffineScheme(ingot.int4)}) == 2
    assert scheme != ingot.AffineScheme("int4") and scheme != "int4"
    assert (scheme.dtype, scheme.symmetric, scheme.axis, scheme.group_size) == (ingot.int4, False, -1, 32)
    assert (scheme.narrow_range, scheme.scale_dtype) == (False, ingot.bfloat16)
    assert ingot.AffineScheme().group_size is None and ingot.AffineScheme().axis is None


@pytest.mark.parametrize("make, error", [
    (lambda x: ingot.AffineScheme("int4", group_size=0), ValueError),
    (lambda x: ingot.AffineScheme("nothing"), TypeError),
    (lambda x: ingot.AffineScheme("int4", axis="0"), TypeError),
    (lambda x: ingot.quantize(x, ingot.AffineScheme("int16")), TypeError),
    (lambda x: ingot.quantize(x, ingot.AffineScheme("uint8")), ValueError),
    (lambda x: ingot.quantize(x, ingot.AffineScheme("int8", scale_dtype="float64")), TypeError),
    (lambda x: ingot.quantize(x, ingot.AffineScheme("int8", axis=2)), IndexError),
    (lambda x: ingot.quantize(x, ingot.AffineScheme("int8", group_size=5)), ValueError),
    (lambda x: ingot.quantize(x, ingot.AffineScheme("int8", group_size=-2)), ValueError),
    (lambda x: ingot.quantize(x.astype("int32"), ingot.AffineScheme()), TypeError),
    (lambda x: ingot.quantize(x.astype("float8_e5m2"), ingot.AffineScheme()), TypeError),
    (lambda x: ingot.quantize(ingot.asarray(1.0), ingot.AffineScheme()), ValueError),
    (lambda x: ingot.quantize(x, "AFFINE_I4"), ValueError),
    (lambda x: ingot.quantize(x, 4), TypeError),
    (lambda x: ingot.affine_parts(x), TypeError),
    (lambda x: ingot.affine_tensor(x, x), TypeError),
    (lambda x: ingot.affine_tensor(x.astype("int8"), ingot.ones((2,))), ValueError),
])
def test_refused(make, error):
    x = ingot.ones((2, 6))
    with pytest.raises(error):
        make(x)
    assert x.tolist() == [[1.0] * 6] * 2


def test_stands_where_other_encodings_do(tmp_path):
    x = ingot.asarray(np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6))
    q = ingot.quantize(x, ingot.AffineScheme("int4", group_size=3))
    decoded = ingot.dequantize(q)
    assert q.tolist() == decoded.tolist() and q[1].tolist() == decoded[1].tolist()
    ids = ingot.asarray([2, 0])
    assert ingot.embedding(q, ids).tolist() == ingot.take(decoded, ids, axis=0).tolist()
    assert "AFFINE_I4" in repr(q) and q.nbytes == 12
    assert q.encoding == q.encoding and q.encoding != ingot.quantize(x, ingot.AffineScheme("int4", group_size=3)).encoding
    with pytest.raises(TypeError, match=r"AFFINE_I4 \(4, 6\).*dequantize"):
        q + 1
    with pytest.raises(ingot.Error, match="AFFINE_I4"):
        ingot.save(tmp_path / "x.safetensors", {"w": q})
    with pytest.raises(ingot.Error, match="AFFINE_I4"):
        ingot.save(tmp_path / "x.gguf", {"w": q})
    assert not list(tmp_path.iterdir())


def test_products_decode_some_rows_at_a_time():
    # 32 MiB of codes are 256 MiB of float32.
    program = """
import resource, ingot
codes = ingot.pack(ingot.ones((8192, 8192), dtype="int8"), "int4")
weight = ingot.affine_tensor(codes, ingot.full((8192, 64), 0.5))
x = ingot.ones((2, 8192))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
y = ingot.linear(x, weight)
assert y.shape == (2, 8192) and ingot.min(y).item() == ingot.max(y).item() == 4096
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120,
                          env=os.environ | {"PYTHONPATH": ":".join(sys.path)})
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 32 * 1024
