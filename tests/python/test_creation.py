"""The creation functions against NumPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ingot

SMALL = st.integers(-30, 30)
quick = settings(max_examples=100, deadline=None)


def same(x, expected):
    found = np.asarray(x)
    return found.dtype == expected.dtype and found.shape == expected.shape and np.array_equal(
        found, expected, equal_nan=expected.dtype.kind == "f")


@quick
@given(SMALL, SMALL, SMALL.filter(bool), st.sampled_from(["int8", "int32", "int64", "float16", "float32", "float64"]))
def test_arange(start, stop, step, dtype):
    assert same(ingot.arange(start, stop, step), np.arange(start, stop, step))
    assert same(ingot.arange(start, stop, step, dtype=dtype), np.arange(start, stop, step).astype(dtype))
    assert same(ingot.arange(stop), np.arange(stop))


@quick
@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.1, 2) | st.floats(-2, -0.1))
def test_arange_of_floats(start, stop, step):
    x = np.asarray(ingot.arange(start, stop, step, dtype="float64"))
    count = len(np.arange(start, stop, step))
    assert np.array_equal(x, start + step * np.arange(count))


@quick
@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.integers(0, 20), st.booleans())
def test_linspace(start, stop, num, endpoint):
    found = ingot.linspace(start, stop, num, endpoint=endpoint, dtype="float64")
    assert same(found, np.linspace(start, stop, num, endpoint=endpoint))


@quick
@given(st.integers(0, 6), st.integers(0, 6) | st.none(), st.integers(-8, 8) | st.integers())
def test_eye(rows, columns, k):
    assert same(ingot.eye(rows, columns, k=k, dtype="int16"), np.eye(rows, columns, k=k, dtype="int16"))


@quick
@given(hnp.arrays(st.sampled_from(["bool", "int8", "float32", "float64"]), hnp.array_shapes(min_dims=2, max_dims=4)),
       st.integers(-5, 5) | st.integers())
def test_triangles(array, k):
    reach = max(-9, min(k, 9))  # NumPy's is of 64 bits
    for view in (array, array.swapaxes(0, -1), array[::-1, ::-1]):
        assert same(ingot.tril(ingot.asarray(view), k=k), np.tril(view, reach))
        assert same(ingot.triu(ingot.asarray(view), k=k), np.triu(view, reach))


@quick
@given(st.lists(hnp.arrays(st.sampled_from(["int8", "float32"]), hnp.array_shapes(max_dims=1, min_side=0)), max_size=4),
       st.sampled_from(["xy", "ij"]))
def test_meshgrid(lines, indexing):
    found = ingot.meshgrid(*map(ingot.asarray, lines), indexing=indexing)
    expected = np.meshgrid(*lines, indexing=indexing)
    assert len(found) == len(expected) and all(map(same, found, expected))


@quick
@given(hnp.array_shapes(min_dims=0, max_dims=8, min_side=0, max_side=3),
       st.sampled_from(["bool", "uint8", "int64", "float16", "float64"]))
def test_fills(shape, dtype):
    assert same(ingot.zeros(shape, dtype=dtype), np.zeros(shape, dtype))
    assert same(ingot.ones(shape, dtype=dtype), np.ones(shape, dtype))
    assert same(ingot.full(shape, 1, dtype=dtype), np.full(shape, 1, dtype))
    bare = ingot.empty(shape, dtype=dtype)
    assert bare.shape == shape and bare.dtype.name == dtype and bare.strides == ingot.zeros(shape).strides
    like = ingot.zeros(shape, dtype=dtype)
    assert same(ingot.ones_like(like), np.ones(shape, dtype)) and ingot.empty_like(like).dtype == like.dtype
    assert same(ingot.full_like(like, 1, dtype="int32"), np.full(shape, 1, "int32"))
    assert same(ingot.zeros_like(ingot.ones_like(like)), np.zeros(shape, dtype))


@pytest.mark.parametrize("wrong", [
    lambda: ingot.zeros((-1,)), lambda: ingot.empty((2**40, 2**40)), lambda: ingot.arange(0, 1, 0),
    lambda: ingot.arange(0, float("inf")), lambda: ingot.full((2,), 300, dtype="uint8"), lambda: ingot.linspace(0, 1, -1),
    lambda: ingot.arange(0, 300, dtype="uint8"), lambda: ingot.meshgrid(indexing="ji"), lambda: ingot.tril(ingot.ones(3)),
    lambda: ingot.linspace(0, 1, 3, dtype="int8"), lambda: ingot.arange(ingot.asarray(3)),
])
def test_errors(wrong):
    with pytest.raises((ValueError, OverflowError, TypeError)):
        wrong()


def test_memory_that_is_not_there():
    for make in (ingot.empty, ingot.zeros, ingot.ones, ingot.arange):
        with pytest.raises(MemoryError, match=make.__name__):
            make(2**55)
