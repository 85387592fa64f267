"""str and repr against NumPy's, which they are made to equal."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ingot

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=7)
DTYPES = st.sampled_from(["bool", "uint8", "int16", "uint64", "int64", "float16", "float32", "float64"])


@st.composite
def arrays(draw):
    """Arrays whose floats are of like sizes often enough that columns without exponents occur."""
    dtype = np.dtype(draw(DTYPES))
    shape = draw(SHAPES)
    if dtype.kind != "f":
        return draw(hnp.arrays(dtype, shape))
    narrow = st.floats(-99, 99, width=8 * dtype.itemsize) | st.sampled_from([0.0, -0.0, np.inf, -np.inf, np.nan, 0.5])
    return draw(hnp.arrays(dtype, shape, elements=draw(st.sampled_from([narrow, None]))))


@settings(max_examples=400, deadline=None)
@given(arrays())
def test_str_is_numpys(array):
    assert str(ingot.asarray(array)) == str(array)


@settings(max_examples=200, deadline=None)
@given(arrays())
def test_repr_is_numpys_with_dtype_and_device(array):
    # NumPy names no dtype that the elements imply: take what precedes the extras from array2string.
    body = np.array2string(array, separator=", ", prefix="Tensor(", suffix=")") if array.size else "[]"
    text = repr(ingot.asarray(array))
    assert text.startswith("Tensor(" + body + ",") and text.endswith(f"dtype={array.dtype}, device='cpu')")
    assert max(map(len, text.split("\n"))) <= max(75, max(map(len, ("Tensor(" + body + ",").split("\n"))))


@pytest.mark.parametrize("shape", [(1001,), (40, 50), (10, 3, 50), (6, 7, 8, 9), (1, 2000), (2000, 1), (7, 1, 200)])
def test_large_arrays_show_their_edges(shape):
    for array in (np.arange(np.prod(shape)).reshape(shape), np.linspace(-1, 1, np.prod(shape)).reshape(shape)):
        assert str(ingot.asarray(array)) == str(array) and str(ingot.asarray(array.T)) == str(array.T)
        assert f"shape={shape}" in repr(ingot.asarray(array))


def test_every_half_has_its_shortest_digits():
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16)
    for half in halves[np.isfinite(halves)][::7]:
        assert str(ingot.asarray(half)) == str(half)


# ml_dtypes prints an element as the double that it is with the digits of C's %g; ours must name the same number.
@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_narrow_floats_are_named_by_few_digits(name):
    dtype = np.dtype(getattr(ml_dtypes, name))
    bits = np.arange(2 ** (8 * dtype.itemsize), step=1 if dtype.itemsize == 1 else 37).astype(f"uint{8 * dtype.itemsize}")
    for value in bits.view(dtype):
        text = str(ingot.asarray(np.array(value)))
        if not np.isfinite(value.astype(np.float64)):
            assert text == str(value.astype(np.float64))
            continue
        assert np.array(float(text)).astype(dtype) == value
        digits = text.lstrip("-").split("e")[0].replace(".", "").strip("0")
        assert len(digits) <= 4  # 8 bits of precision need 4 digits at most
        if len(digits) > 1:  # no shorter one names it
            assert np.array(float(f"%.{len(digits) - 2}e" % float(value))).astype(dtype) != value


def test_quantized_tensors_say_what_they_are():
    q = ingot.quantize(ingot.ones((2, 32)), "Q8_0")
    assert repr(q) == "Tensor(shape=(2, 32), dtype=float32, encoding='Q8_0', device='cpu')"
    assert str(q) == str(np.asarray(ingot.dequantize(q)))
