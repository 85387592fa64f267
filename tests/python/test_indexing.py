"""x[...] and the functions that take indices against NumPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ingot

quick = settings(max_examples=100, deadline=None)
DTYPES = st.sampled_from(["bool", "int8", "uint16", "int64", "float16", "float32", "float64"])
SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)


def same(x, expected):
    expected = np.asarray(expected)
    found = np.asarray(x)
    return found.dtype == expected.dtype and found.shape == expected.shape and found.tobytes() == expected.tobytes()


@st.composite
def keys(draw, shape):
    """Every kind of index for every dimension; index arrays broadcast with (2, 1)."""
    key, axis = [], 0
    kinds = ["int", "slice", "slice", "array", "list", "mask", "new", "scalar"]
    ellipsis = draw(st.sampled_from([None, None, 0, 1, 2]))
    while axis < len(shape) and draw(st.integers(0, 5)):
        if len(key) == ellipsis:
            key.append(...)
        n, kind = shape[axis], draw(st.sampled_from(kinds))
        if kind == "new":
            key.append(None)
        elif kind == "slice" or n == 0:
            key.append(draw(st.slices(n)))
        elif kind == "mask":
            wide = draw(st.integers(1, min(2, len(shape) - axis)))
            # Two true elements, so that the mask broadcasts with the arrays.
            flags = np.zeros(shape[axis : axis + wide], bool)
            flags.flat[draw(st.lists(st.integers(0, flags.size - 1), min_size=min(2, flags.size), max_size=2, unique=True))
                       if flags.size else []] = True
            key.append(flags)
            axis += wide - 1
        elif kind == "array":
            size = draw(st.sampled_from([(2,), (2, 1), (1,), (), (2, 2)]))
            key.append(draw(hnp.arrays(draw(st.sampled_from(["int8", "int64"])), size, elements=st.integers(-n, n - 1))))
        elif kind == "list":
            key.append(draw(st.lists(st.integers(-n, n - 1), min_size=2, max_size=2)))
        elif kind == "scalar":
            key.append(np.int16(draw(st.integers(-n, n - 1))))
        else:
            key.append(draw(st.integers(-n, n - 1)))
        if kind != "new":
            axis += 1
    return tuple(key)


def indexed(array, key):
    """array[key], or None where NumPy refuses it (masks without two elements do not broadcast) or it has 9 dimensions."""
    try:
        result = np.asarray(array[key])
    except IndexError:
        return None
    return result if result.ndim <= 8 else None


@settings(max_examples=500, deadline=None)
@given(hnp.arrays(DTYPES, SHAPES), st.data())
def test_getitem(array, data):
    array = array.transpose(data.draw(st.permutations(range(array.ndim))))
    key = data.draw(keys(array.shape))
    expected = indexed(array, key)
    if expected is None:
        with pytest.raises((IndexError, ValueError)):
            ingot.asarray(array)[key]
    else:
        assert same(ingot.asarray(array)[key], expected)
        # The same with tensors in place of arrays.
        ours = tuple(ingot.asarray(k) if isinstance(k, np.ndarray) else k for k in key)
        assert same(ingot.asarray(array)[ours], expected)


@settings(max_examples=300, deadline=None)
@given(SHAPES, DTYPES, st.data())
def test_setitem(shape, dtype, data):
    array = np.zeros(shape, dtype)
    key = data.draw(keys(shape))
    if (target := indexed(array, key)) is None:
        return
    x = ingot.asarray(array.copy())
    value = data.draw(hnp.arrays(dtype, data.draw(st.sampled_from([target.shape, target.shape[1:], (1, *target.shape), ()]))))
    try:
        array[key] = value
    except (TypeError, ValueError):  # NumPy drops a leading dimension of size 1 for slices and arrays only
        array[key] = value[0]
    x[key] = ingot.asarray(value)
    assert same(x, array)
    array[key] = 1
    x[key] = 1
    assert same(x, array)


def test_a_new_axis_alone():
    x = ingot.asarray([1, 2])
    assert x[None].shape == x[ingot.newaxis].shape == (1, 2) and x[:, None].shape == (2, 1)
    x[None] = ingot.asarray([[3, 4]])
    assert x.tolist() == [3, 4]
    with pytest.raises(TypeError):
        x[0] = None
    assert x.tolist() == [3, 4]


@quick
@given(hnp.arrays("int8", SHAPES), st.data())
def test_masks_that_may_not_fit(array, data):
    """NumPy takes a mask without elements for any axes, and refuses other sizes with IndexError."""
    mask = data.draw(hnp.arrays(bool, st.tuples(*[st.sampled_from([0, n, n + 1]) for n in array.shape])
                                | hnp.array_shapes(max_dims=5, min_side=0, max_side=4)))
    x, key = ingot.asarray(array.copy()), ingot.asarray(mask)
    try:
        expected = array[mask]
    except IndexError:
        for use in (lambda: x[key], lambda: x.__setitem__(key, 1)):
            with pytest.raises(IndexError):
                use()
        assert same(x, array)
        return
    assert same(x[key], expected)
    x[key], array[mask] = 1, 1
    assert same(x, array)


def test_setitem_takes_lists_and_overlapping_values():
    x = ingot.arange(6)
    x[::2] = [7, 8, 9]
    assert x.tolist() == [7, 1, 8, 3, 9, 5]
    x[1:] = x[:-1]
    assert x.tolist() == [7, 7, 1, 8, 3, 9]
    x[[0, 0]] = [1, 2]
    x[ingot.asarray([False, True, True, False, False, False])] = -1
    assert x.tolist() == [2, -1, -1, 8, 3, 9]
    x[[]] = 5
    assert x[0].item() == 2


def test_iteration_ends():
    assert [row.tolist() for row in ingot.asarray([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]


@pytest.mark.parametrize("key", [2, (0, 3), [0, 2], (0, [5]), np.array([True]), 1.5, "a", (0, 0, 0), (..., ...), [0.5], np.uint64(2**64 - 1),
                                 np.array([2**64 - 1], np.uint64), slice(None, None, 0), slice(1.5)], ids=repr)
def test_errors_leave_the_tensor_unchanged(key):
    x = ingot.asarray([[1, 2, 3], [4, 5, 6]])
    for use in (lambda: x[key], lambda: x.__setitem__(key, 9)):
        with pytest.raises((IndexError, ValueError, TypeError)):
            use()
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_read_only_memory():
    array = np.arange(3)
    array.flags.writeable = False
    with pytest.raises(ValueError):
        ingot.asarray(array)[0] = 1


@quick
@given(hnp.arrays(DTYPES, hnp.array_shapes(max_dims=4, max_side=4)), st.data())
def test_take_and_its_kin(array, data):
    x = ingot.asarray(array)
    axis = data.draw(st.integers(-array.ndim, array.ndim - 1))
    n = array.shape[axis]
    some = data.draw(hnp.arrays("int16", hnp.array_shapes(min_dims=0, max_dims=2, max_side=4), elements=st.integers(-n, n - 1)))
    assert same(ingot.take(x, ingot.asarray(some), axis=axis), np.take(array, some, axis))
    assert same(ingot.take(x, ingot.asarray(some)), np.take(array, some))
    shape = list(array.shape)
    shape[axis] = data.draw(st.integers(0, 5))
    each = data.draw(hnp.arrays("int64", shape, elements=st.integers(-n, n - 1)))
    assert same(ingot.take_along_axis(x, ingot.asarray(each), axis=axis), np.take_along_axis(array, each, axis))
    values = data.draw(hnp.arrays(array.dtype, shape))
    target = ingot.asarray(array.copy())
    ingot.put_along_axis_(target, ingot.asarray(each), ingot.asarray(values), axis)
    expected = array.copy()
    np.put_along_axis(expected, each, values, axis)
    assert same(target, expected)
    assert same(ingot.scatter(x, axis, ingot.asarray(each), ingot.asarray(values)), expected)
    fewer = tuple(slice(None) if i == axis else slice(data.draw(st.integers(0, n))) for i, n in enumerate(shape))
    assert same(ingot.gather(x, axis, ingot.asarray(each[fewer])), np.take_along_axis(array, each, axis)[fewer])


@quick
@given(st.sampled_from(["int8", "int64", "float32", "float64"]), hnp.array_shapes(max_dims=3, max_side=4), st.data())
def test_sums_at_indices(dtype, shape, data):
    # Small integers: sums of floats are exact, and the order of np.add.at does not matter.
    numbers = st.integers(-9, 9)
    array = data.draw(hnp.arrays(dtype, shape, elements=numbers))
    axis = data.draw(st.integers(0, len(shape) - 1))
    indices = data.draw(hnp.arrays("int64", st.integers(0, 6), elements=st.integers(-shape[axis], shape[axis] - 1)))
    values = data.draw(hnp.arrays(dtype, (*shape[:axis], len(indices), *shape[axis + 1 :]), elements=numbers))
    expected = array.copy()
    np.add.at(expected, (slice(None),) * axis + (indices,), values)
    found = ingot.index_add(ingot.asarray(array), axis, ingot.asarray(indices), ingot.asarray(values))
    assert same(found, expected)
    each = np.broadcast_to(indices.reshape([-1 if i == axis else 1 for i in range(len(shape))]), values.shape)
    assert same(ingot.scatter(ingot.asarray(array), axis, ingot.asarray(each), ingot.asarray(values), mode="add"), expected)


@quick
@given(hnp.arrays(DTYPES, hnp.array_shapes(max_dims=4, min_side=0), elements=st.sampled_from([0, 0, 1])))
def test_nonzero(array):
    for view in (array, array.T, -array if array.dtype.kind == "f" else array):
        assert all(map(same, ingot.nonzero(ingot.asarray(view)), np.nonzero(view)))
