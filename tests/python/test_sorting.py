"""Searching, sorting and sets against NumPy's, over shapes, strides, axes, dtypes and values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from test_manipulation import arrays, same

import ingot

quick = settings(max_examples=100, deadline=None)


@st.composite
def repeating(draw, **options):
    """Arrays with few different elements as often as not."""
    array = draw(arrays(**options))
    if draw(st.booleans()) and array.dtype.kind == "f":
        array = draw(hnp.arrays(array.dtype, array.shape, elements=st.sampled_from([0.0, -0.0, 1.0, np.inf, np.nan])))
    return array


@st.composite
def with_axis(draw, **options):
    array = draw(repeating(min_dims=1, **options))
    return array, draw(st.integers(-array.ndim, array.ndim - 1))


def argsorted(array, axis, descending):
    """Stable; NaN is the largest. Reversed both ways around, so that equal elements keep their order."""
    if not descending:
        return np.argsort(array, axis=axis, kind="stable")
    backwards = np.argsort(np.flip(array, axis), axis=axis, kind="stable")
    return array.shape[axis] - 1 - np.flip(backwards, axis)


@quick
@given(with_axis(), st.booleans())
def test_sort(case, descending):
    array, axis = case
    x = ingot.asarray(array)
    order = argsorted(array, axis, descending)
    assert same(ingot.argsort(x, axis=axis, descending=descending), order)
    expected, found = np.take_along_axis(array, order, axis), np.asarray(ingot.sort(x, axis=axis, descending=descending))
    np.testing.assert_array_equal(found, expected)
    numbers = ~np.isnan(expected) if array.dtype.kind == "f" else np.ones(expected.shape, bool)
    assert found.dtype == array.dtype and found[numbers].tobytes() == expected[numbers].tobytes()  # -0 stays where it was


@quick
@given(with_axis(min_side=1), st.booleans(), st.data())
def test_topk(case, largest, data):
    array, axis = case
    k = data.draw(st.integers(0, array.shape[axis]))
    values, indices = ingot.topk(ingot.asarray(array), k, axis=axis, largest=largest)
    order = np.take(argsorted(array, axis, largest), range(k), axis)
    assert same(indices, order) and same(values, np.take_along_axis(array, order, axis))


@quick
@given(with_axis(min_side=1), st.booleans())
def test_argmax(case, keepdims):
    array, axis = case
    x = ingot.asarray(array)
    for name in ["argmax", "argmin"]:
        ours, theirs = getattr(ingot, name), getattr(np, name)
        assert same(ours(x, axis=axis, keepdims=keepdims), theirs(array, axis=axis, keepdims=keepdims))
        assert same(ours(x, keepdims=keepdims), theirs(array, keepdims=keepdims))


@quick
@given(repeating(min_dims=1, max_dims=1), repeating(), st.sampled_from(["left", "right"]))
def test_searchsorted(array, values, side):
    dtype = np.result_type(array, values)
    if {array.dtype.kind, values.dtype.kind} != {"f"} and array.dtype != values.dtype:
        values = values.astype(array.dtype)  # integers beside floats promote otherwise in NumPy
        dtype = array.dtype
    order = np.argsort(array, kind="stable")
    expected = np.searchsorted(array[order].astype(dtype), values.astype(dtype), side=side)
    found = ingot.searchsorted(ingot.asarray(array[order]), ingot.asarray(values), side=side)
    assert same(found, expected)
    assert same(ingot.searchsorted(ingot.asarray(array), ingot.asarray(values), side=side, sorter=ingot.asarray(order)),
                expected)


@quick
@given(repeating())
def test_unique(array):
    expected = np.unique_all(array)
    found = ingot.unique_all(ingot.asarray(array))
    for ours, theirs in zip(found, expected):
        np.testing.assert_array_equal(np.asarray(ours), theirs)
        assert np.asarray(ours).shape == theirs.shape
    x = ingot.asarray(array)
    np.testing.assert_array_equal(np.asarray(ingot.unique_values(x)), np.asarray(found.values))
    assert same(ingot.unique_counts(x).counts, found.counts)
    assert same(ingot.unique_inverse(x).inverse_indices, found.inverse_indices)


def test_errors():
    x = ingot.zeros((2, 3))
    for function in [ingot.sort, ingot.argsort]:
        with pytest.raises(IndexError):
            function(x, axis=2)
        with pytest.raises(TypeError):
            function(ingot.zeros((4,), dtype="int4"))
    for k in [-1, 4]:
        with pytest.raises(ValueError):
            ingot.topk(x, k)
    with pytest.raises(ValueError):
        ingot.argmax(ingot.zeros((0,)))
    with pytest.raises(ValueError):
        ingot.searchsorted(x, x)
    with pytest.raises(ValueError):
        ingot.searchsorted(ingot.zeros((2,)), x, side="middle")
    with pytest.raises(IndexError):
        ingot.searchsorted(ingot.zeros((2,)), x, sorter=ingot.asarray([0, 2]))
