"""astype between all dtypes, the packed and 8-bit ones included, against NumPy and ml_dtypes."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ingot

INTEGERS = {name: (8 * np.dtype(name).itemsize, name[0] == "u")
            for name in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]}
INTEGERS |= {"int4": (4, False), "int2": (2, False)}
FLOATS = {name: np.dtype(getattr(ml_dtypes, name, name))
          for name in ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"]}
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=7)
several = settings(max_examples=60, deadline=None)


def wrapped(values, name):
    """Whole numbers modulo 2^bits, as Python's."""
    bits, unsigned = INTEGERS[name]
    low = 0 if unsigned else -(1 << bits - 1)
    return [(v - low) % (1 << bits) + low for v in values]


def flat(x):
    return ingot.reshape(x, (-1,)).tolist()


@pytest.mark.parametrize("to", list(INTEGERS))
@pytest.mark.parametrize("name", list(INTEGERS))
def test_integers_wrap(name, to):
    bits, unsigned = INTEGERS[name]
    low = 0 if unsigned else -(1 << bits - 1)

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.integers(low, low + (1 << bits) - 1), max_size=9), st.booleans())
    def run(values, reverse):
        x = ingot.asarray(values, dtype=name)
        assert x.tolist() == values  # packed and unpacked
        if reverse and bits >= 8:
            x, values = x[::-1], values[::-1]
        found = x.astype(to)
        assert found.dtype.name == to and found.tolist() == wrapped(values, to)

    run()


@several
@given(hnp.arrays(np.float32, SHAPES, elements=st.floats(width=32) | st.floats(-500, 500, width=32)
                  | st.sampled_from([0.0, -0.0, 448, 464, 480, 61440, 65504, 65520, 2.0**-10, 2.0**-17])), st.sampled_from(list(FLOATS)))
def test_floats_are_rounded_once_to_even(array, to):
    with np.errstate(all="ignore"):
        expected = array.astype(FLOATS[to])
    found = np.asarray(ingot.asarray(array).astype(to))
    assert found.dtype == expected.dtype and found.shape == expected.shape
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(found), ~number)
    assert found[number].tobytes() == expected[number].tobytes()
    back = np.asarray(ingot.asarray(expected).astype("float64"))
    np.testing.assert_array_equal(back, expected.astype(np.float64))


@several
@given(hnp.arrays(np.float64, SHAPES, elements=st.floats() | st.floats(-300, 300)), st.sampled_from(list(INTEGERS)))
def test_floats_are_truncated_into_range(array, to):
    bits, unsigned = INTEGERS[to]
    low, high = (0, (1 << bits) - 1) if unsigned else (-(1 << bits - 1), (1 << bits - 1) - 1)
    expected = [0 if np.isnan(v) else low if v < low else high if v > high else int(v) for v in array.ravel().tolist()]
    found = ingot.asarray(array).astype(to)
    assert found.shape == array.shape and flat(found) == expected


@several
@given(st.lists(st.integers(-(2**24), 2**24), max_size=9), st.sampled_from(list(FLOATS)), st.sampled_from(["int32", "int64"]))
def test_integers_are_rounded(values, to, name):
    """Up to 2²⁴, which NumPy takes by way of float32 unharmed."""
    array = np.array(values, name)
    with np.errstate(all="ignore"):
        expected = array.astype(np.float32).astype(FLOATS[to]) if to != "float64" else array.astype(np.float64)
    np.testing.assert_array_equal(np.asarray(ingot.asarray(array).astype(to)).astype(np.float64), expected.astype(np.float64))


@several
@given(hnp.arrays(np.float32, SHAPES), st.sampled_from(list(FLOATS)))
def test_bool_is_whether_not_zero(array, name):
    with np.errstate(all="ignore"):
        narrow = array.astype(FLOATS[name])
    assert ingot.asarray(narrow).astype("bool").tolist() == (narrow.astype(np.float64) != 0).tolist()
