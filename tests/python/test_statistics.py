"""Statistics and running totals against NumPy's in long double, over shapes, strides, axes, dtypes and values."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_manipulation import arrays, same

import ingot

quick = settings(max_examples=100, deadline=None)
np.seterr(all="ignore")


@st.composite
def with_axes(draw, **options):
    """An array, and axes of it as NumPy takes them: None, one or several."""
    array = draw(arrays(**options))
    one = st.integers(-array.ndim, array.ndim - 1) if array.ndim else st.none()
    several = st.lists(one, unique_by=lambda a: a % array.ndim).map(tuple) if array.ndim else st.just(())
    return array, draw(st.none() | one | several)


def count(array, axis):
    return array.size if axis is None else int(np.prod([array.shape[a] for a in np.atleast_1d(axis).astype(int)]))


def unit(dtype):
    """Half of the epsilon that sums of the dtype are computed with: float16 in float32."""
    return np.longdouble(2.0**-53 if dtype == np.float64 else 2.0**-24)


def check(found, exact, limit, reach=0):
    """Within limit and one rounding of exact; NaN and infinities exactly.

    Anything where `reach`, the magnitude of what is computed on the way, passes the range computed in.
    """
    found = np.asarray(found)
    largest = np.finfo(np.float64 if found.dtype == np.float64 else np.float32).max
    exact, limit, reach = np.broadcast_arrays(exact, limit, reach)
    assert found.shape == exact.shape
    rounded = exact.astype(found.dtype)
    spacing = np.spacing(np.abs(rounded)).astype(np.longdouble)
    close = np.abs(found.astype(np.longdouble) - exact) <= limit + spacing
    equal = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
    # An infinity where the number is within its limit of the dtype's end.
    near_end = np.abs(exact) + limit >= np.finfo(found.dtype).max
    assert np.all(close | equal | (np.isfinite(reach) & (reach > largest / 4)) | (np.isfinite(exact) & near_end))


def magnitude(wide, axis, keepdims=False):
    """The sum of what is finite: beside an infinity partial sums may still pass the range, to NaN."""
    return np.where(np.isfinite(wide), np.abs(wide), 0).sum(axis, keepdims=keepdims)


@quick
@given(with_axes(), st.booleans())
def test_sum(case, keepdims):
    array, axis = case
    found = ingot.sum(ingot.asarray(array), axis=axis, keepdims=keepdims)
    if array.dtype.kind == "f":
        wide = array.astype(np.longdouble)
        size = magnitude(wide, axis, keepdims)
        k = 258 + np.log2(count(array, axis) + 1)
        limit = k * unit(array.dtype) * size
        check(found, wide.sum(axis, keepdims=keepdims), limit, size)
        assert np.asarray(found).dtype == array.dtype
    else:
        assert same(found, array.sum(axis, keepdims=keepdims))
        assert same(ingot.prod(ingot.asarray(array), axis=axis), array.prod(axis))


@quick
@given(with_axes(), st.sampled_from(["int8", "uint64", "float32", "float64"]))
def test_sum_as_another_dtype(case, dtype):
    array, axis = case
    if array.dtype.kind == "f":
        array = np.nan_to_num(array, posinf=1, neginf=1).clip(0, 1).round().astype(array.dtype)
    elif dtype == "float32":
        array = array // 2 ** (8 * array.itemsize - 4) if array.dtype != bool else array  # exact in any order
    if dtype == "float64" and array.itemsize == 8:
        array = array // 2**20
    found = ingot.sum(ingot.asarray(array), axis=axis, dtype=dtype)
    assert same(found, array.sum(axis, dtype=dtype))


@quick
@given(with_axes(min_side=1), st.booleans())
def test_extremes_and_truth(case, keepdims):
    array, axis = case
    x = ingot.asarray(array)
    for name in ["max", "min", "any", "all"]:
        expected = np.asarray(getattr(np, name)(array, axis=axis, keepdims=keepdims))
        found = np.asarray(getattr(ingot, name)(x, axis=axis, keepdims=keepdims))
        assert found.dtype == expected.dtype and found.shape == expected.shape
        np.testing.assert_array_equal(found, expected)
    assert np.array_equal(ingot.count_nonzero(x, axis=axis), np.count_nonzero(array, axis=axis))


@quick
@given(with_axes(min_side=1), st.sampled_from([0, 1, 0.5]))
@example((np.array([2.0**1023, -np.inf, 2.0**1023]), None), 0)
def test_mean_and_variance(case, correction):
    array, axis = case
    x = ingot.asarray(array)
    n = count(array, axis)
    wide = array.astype(np.longdouble)
    u = unit(np.float64 if array.dtype.kind != "f" else array.dtype)
    k = 258 + np.log2(n + 1)
    last = 0 if array.dtype.kind == "f" else 2 * unit(np.float32)  # integers are rounded to float32 at the end
    size = magnitude(wide, axis)
    mean = wide.mean(axis)
    off = (k + 2) * u * size / n
    check(ingot.mean(x, axis=axis), mean, off + last * np.abs(mean), size)
    squares = ((wide - wide.mean(axis, keepdims=True)) ** 2).sum(axis)
    rest = max(n - correction, 0)
    var = squares / rest if rest else squares * np.nan
    # A mean that is off by d adds n·d²; differences, squares and sums are off by (k + 5)u.
    shift = n * off**2 / rest if rest else 0
    size_of_var = np.nan_to_num(var, posinf=0)
    limit = (k + 5) * u * (size_of_var + shift) + shift + last * size_of_var
    limit = limit + 4 * n * np.finfo(np.float32 if u > 1e-10 else np.float64).tiny  # squares that underflow
    reach = np.where(np.isfinite(squares), squares + size**2, 0)
    if rest:
        check(ingot.var(x, axis=axis, correction=correction), var, limit, reach)
        root = np.sqrt(size_of_var)
        limit = np.minimum(np.sqrt(limit), limit / np.where(root > 0, root, np.inf) + np.where(root > 0, 0, np.sqrt(limit)))
        check(ingot.std(x, axis=axis, correction=correction), np.sqrt(var), limit + (4 * u + last) * root, reach)


@quick
@given(with_axes(min_side=1))
def test_logsumexp_and_norms(case):
    array, axis = case
    x = ingot.asarray(array)
    wide = array.astype(np.longdouble)
    u = unit(np.float64 if array.dtype.kind != "f" else array.dtype)
    last = 0 if array.dtype.kind == "f" else 2 * unit(np.float32)
    k = 260 + np.log2(count(array, axis) + 1)
    size = np.abs(wide).max(axis)
    reach = np.where(np.isfinite(size), size, 0)
    top = wide.max(axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    exact = np.log(np.exp(wide - top).sum(axis)) + np.squeeze(top, axis) if array.ndim else wide
    # Exponents are off by 2u of the largest magnitude, the sum and the functions by (k + 16)u.
    limit = (2 * reach + k + 16) * u + (last + u) * np.nan_to_num(np.abs(exact), posinf=0)
    check(ingot.logsumexp(x, axis=axis), exact, limit, size)
    total = np.abs(wide).sum(axis)
    for order, norm, off in [(1, total, k), (2, np.sqrt((wide**2).sum(axis)), k / 2 + 8), (np.inf, size, 1),
                             (-np.inf, np.abs(wide).min(axis), 1), (0, (wide != 0).sum(axis).astype(np.longdouble), 1)]:
        limit = (off * u + last) * np.nan_to_num(norm, posinf=0)
        check(ingot.vector_norm(x, axis=axis, ord=order), norm, limit, norm)
        check(ingot.norm(x, order, axis), norm, limit, norm)


@quick
@given(arrays(min_dims=1, min_side=1), st.data())
def test_cumulative(array, data):
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    x = ingot.asarray(array)
    if array.dtype.kind != "f":
        assert same(ingot.cumulative_sum(x, axis=axis), array.cumsum(axis))
        assert same(ingot.cumulative_prod(x, axis=axis), array.cumprod(axis))
        first = np.take(ingot.cumulative_prod(x, axis=axis, include_initial=True), 0, axis=axis)
        assert np.all(first == 1)
        return
    wide = array.astype(np.longdouble)
    size = np.abs(wide).cumsum(axis)
    limit = array.shape[axis] * np.longdouble(2.0**-53) * np.where(np.isfinite(size), size, 0)
    found = np.asarray(ingot.cumulative_sum(x, axis=axis, include_initial=True))
    assert np.all(np.take(found, 0, axis=axis) == 0)
    check(np.delete(found, 0, axis=axis), wide.cumsum(axis), limit, np.where(size > 1e300, size, 0))


@quick
@given(arrays(min_dims=1), st.data())
def test_diff(array, data):
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    n = data.draw(st.integers(0, 3))
    if array.shape[axis] == 0 and n > 0:
        return  # NumPy's slices of nothing go another way
    expected = np.diff(array, n=n, axis=axis)
    np.testing.assert_array_equal(np.asarray(ingot.diff(ingot.asarray(array), axis=axis, n=n)), expected)
    if n == 1:
        expected = np.diff(array, axis=axis, prepend=array, append=array)
        found = ingot.diff(ingot.asarray(array), axis=axis, prepend=ingot.asarray(array), append=ingot.asarray(array))
        np.testing.assert_array_equal(np.asarray(found), expected)


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all", "count_nonzero",
                                  "logsumexp", "vector_norm"])
def test_axes_are_checked(name):
    function, x = getattr(ingot, name), ingot.zeros((2, 3))
    for axis, error in [(2, IndexError), ((0, -3), IndexError), (2**40, IndexError), ((0, -2), ValueError),
                        (True, TypeError), (1.0, TypeError), ("0", TypeError)]:
        with pytest.raises(error):
            function(x, axis=axis)
    with pytest.raises(TypeError):
        function(ingot.zeros((4,), dtype="int4"))


def test_of_no_elements():
    x = ingot.zeros((3, 0))
    assert ingot.sum(x, axis=1).tolist() == [0.0] * 3 and ingot.prod(x, axis=1).tolist() == [1.0] * 3
    assert not ingot.any(x).tolist() and ingot.all(x).tolist() and np.isnan(ingot.mean(x).tolist())
    for function in [ingot.max, ingot.min]:
        with pytest.raises(ValueError, match=r"f32 \(3, 0\)"):
            function(x, axis=1)
