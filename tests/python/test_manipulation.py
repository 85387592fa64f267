"""The manipulation functions against NumPy's, over shapes, strides, dtypes and values."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ingot

DTYPES = st.sampled_from(["bool", "uint8", "int16", "int64", "float16", "float32", "float64"])
quick = settings(max_examples=100, deadline=None)


@st.composite
def arrays(draw, min_dims=0, max_dims=4, min_side=0):
    """Arrays that are transposed, stepped, reversed views as often as not."""
    array = draw(hnp.arrays(draw(DTYPES), hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=5)))
    array = array.transpose(draw(st.permutations(range(array.ndim))))
    for axis in range(array.ndim):
        step = draw(st.sampled_from([1, 1, 2, -1]))
        array = array[(slice(None),) * axis + (slice(None, None, step),)]
    return array


def axes_of(array, **options):
    return st.integers(-array.ndim, array.ndim - 1) if array.ndim else st.nothing()


def same(x, expected):
    expected = np.asarray(expected)
    found = np.asarray(x)
    # Bytes: -0 and the bits of NaN count too.
    return found.dtype == expected.dtype and found.shape == expected.shape and found.tobytes() == expected.tobytes()


@quick
@given(arrays(), st.data())
def test_views(array, data):
    x = ingot.asarray(array)
    order = data.draw(st.permutations(range(array.ndim)))
    assert same(ingot.permute_dims(x, order), array.transpose(order))
    assert same(plain := ingot.contiguous(x), array) and plain.strides == ingot.zeros(array.shape).strides
    assert same(ingot.expand_dims(x, axis=(at := data.draw(st.integers(-array.ndim - 1, array.ndim)))),
                np.expand_dims(array, at))
    ones = tuple(i for i, n in enumerate(array.shape) if n == 1)
    assert same(ingot.squeeze(x, ones), np.squeeze(array, ones))
    assert same(ingot.flip(x), np.flip(array))
    if array.ndim:
        axes = data.draw(st.lists(axes_of(array), unique_by=lambda a: a % array.ndim))
        assert same(ingot.flip(x, axis=axes), np.flip(array, tuple(axes)))
        places = data.draw(st.permutations(range(array.ndim)))[: len(axes)]
        assert same(ingot.moveaxis(x, axes, places), np.moveaxis(array, axes, places))
    if array.ndim > 1:
        assert same(ingot.matrix_transpose(x), array.swapaxes(-1, -2))


@quick
@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=4))
def test_broadcasting(shapes):
    arrays = [np.arange(np.prod(shape, dtype=int)).reshape(shape) for shape in shapes.input_shapes]
    for found, expected in zip(ingot.broadcast_arrays(*map(ingot.asarray, arrays)), np.broadcast_arrays(*arrays)):
        assert same(found, expected)
    assert same(ingot.broadcast_to(ingot.asarray(arrays[0]), shapes.result_shape),
                np.broadcast_to(arrays[0], shapes.result_shape))


@quick
@given(arrays(), st.data())
def test_roll(array, data):
    x, shifts = ingot.asarray(array), st.integers(-9, 9)
    assert same(ingot.roll(x, shift := data.draw(shifts)), np.roll(array, shift))
    if array.ndim:
        axes = data.draw(st.lists(axes_of(array), min_size=1, max_size=4))
        several = data.draw(st.lists(shifts, min_size=len(axes), max_size=len(axes)))
        assert same(ingot.roll(x, several, axis=axes), np.roll(array, several, axes))


@quick
@given(arrays(min_dims=1), st.data())
def test_joining(array, data):
    axis = data.draw(axes_of(array))
    others = [array, np.flip(array), array.astype("float64")]
    tensors = [ingot.asarray(a) for a in others]
    assert same(ingot.concat(tensors, axis=axis), np.concatenate(others, axis=axis))
    assert same(ingot.concat(tensors, axis=None), np.concatenate(others, axis=None))
    assert same(ingot.stack(tensors, axis=axis), np.stack(others, axis=axis))
    assert all(map(same, ingot.unstack(tensors[0], axis=axis), np.moveaxis(array, axis, 0)))
    cuts = data.draw(st.lists(st.integers(-7, 7), max_size=4))
    assert all(map(same, ingot.split(tensors[0], cuts, axis), np.split(array, cuts, axis)))
    sections = data.draw(st.integers(1, 5))
    if array.shape[axis] % sections == 0:
        assert all(map(same, ingot.split(tensors[0], sections, axis), np.split(array, sections, axis)))


@quick
@given(arrays(max_dims=3), st.data())
def test_repeating(array, data):
    x = ingot.asarray(array)
    times = data.draw(st.lists(st.integers(0, 3), max_size=4))
    assert same(ingot.tile(x, times), np.tile(array, times))
    axis = data.draw(st.none() | axes_of(array))
    count = data.draw(st.integers(0, 3))
    assert same(ingot.repeat(x, count, axis=axis), np.repeat(array, count, axis))
    size = array.size if axis is None else array.shape[axis]
    counts = data.draw(hnp.arrays("int32", size, elements=st.integers(0, 3)))
    assert same(ingot.repeat(x, ingot.asarray(counts), axis=axis), np.repeat(array, counts, axis))


@quick
@given(arrays(max_dims=3, min_side=1), st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap"]), st.data())
def test_pad(array, mode, data):
    widths = data.draw(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=array.ndim, max_size=array.ndim))
    assume(array.ndim or mode == "constant")
    assert same(ingot.pad(ingot.asarray(array), widths or 0, mode), np.pad(array, widths or 0, mode))
    if array.ndim:
        assert same(ingot.pad(ingot.asarray(array), (2, 1), mode), np.pad(array, (2, 1), mode))
    if array.dtype != bool:
        assert same(ingot.pad(ingot.asarray(array), 1, constant_values=7), np.pad(array, 1, constant_values=7))


def test_narrow_and_packed_elements_move_too():
    for name in ("bfloat16", "float8_e5m2", "int4", "int2"):
        x = ingot.asarray([0, 1, -1, 1, 0, -1], dtype=name)
        assert ingot.roll(x, 1).tolist() == [-1, 0, 1, -1, 1, 0] and ingot.flip(x).tolist() == [-1, 0, 1, -1, 1, 0]
        assert ingot.tile(x[:2], 2).tolist() == [0, 1, 0, 1] and ingot.repeat(x[1:3], 2).tolist() == [1, 1, -1, -1]
        assert ingot.concat([x[3:], x[:1]]).tolist() == [1, 0, -1, 0] and ingot.pad(x[1:3], 1, "edge").tolist() == [1, 1, -1, -1]


@pytest.mark.parametrize("wrong", [
    lambda x: ingot.permute_dims(x, (0, 0)), lambda x: ingot.squeeze(x, 0), lambda x: ingot.broadcast_to(x, (3,)),
    lambda x: ingot.stack([x, x[0]]), lambda x: ingot.stack([]), lambda x: ingot.split(x, 2, 1), lambda x: ingot.tile(x, -1),
    lambda x: ingot.repeat(x, -1), lambda x: ingot.pad(x, -1), lambda x: ingot.pad(x, 1, "mean"), lambda x: ingot.roll(x, (1, 2)),
    lambda x: ingot.pad(x[:0], 1, "wrap"), lambda x: ingot.moveaxis(x, 0, (0, 1)), lambda x: ingot.flip(x, axis=2),
    lambda x: ingot.concat([x, x[0]]), lambda x: ingot.expand_dims(x, axis=4), lambda x: ingot.pad(x, [(1, 2, 3)]),
])
def test_errors(wrong):
    with pytest.raises((ValueError, IndexError)):
        wrong(ingot.ones((2, 3)))
