"""int4 and int2 as packed dtypes, and the 8-bit floats through conversion: against ml_dtypes."""

import pickle

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ingot

quick = settings(max_examples=100, deadline=None)
np.seterr(all="ignore")

PACKED = {"int4": (-8, 7), "int2": (-2, 1)}
FLOAT8 = {"float8_e4m3fn": ml_dtypes.float8_e4m3fn, "float8_e5m2": ml_dtypes.float8_e5m2}


# --- int4, int2 -------------------------------------------------------------------------------------------------------


@st.composite
def integers(draw, name, dtype="int8"):
    low, high = PACKED[name]
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9))
    return draw(hnp.arrays(dtype, shape, elements=st.integers(low, high)))


def as_index(key):
    """NumPy's key with tensors for arrays."""
    if isinstance(key, tuple):
        return tuple(map(as_index, key))
    return ingot.asarray(key) if isinstance(key, np.ndarray) else key


def by_hand(name, flat):
    """The bytes of packed integers, the first in the low bits."""
    bits = int(name[3:])
    mask, out = (1 << bits) - 1, bytearray((len(flat) * bits + 7) // 8)
    for i, value in enumerate(flat):
        out[i * bits // 8] |= (int(value) & mask) << (i * bits % 8)
    return bytes(out)


@pytest.mark.parametrize("name", PACKED)
@quick
@given(data=st.data())
def test_pack(name, data):
    array = data.draw(integers(name, data.draw(st.sampled_from(["int8", "int16", "int32", "int64"]))))
    packed = ingot.pack(ingot.asarray(array), name)
    assert packed.dtype.name == name and packed.shape == array.shape
    assert packed.nbytes == (array.size * packed.dtype.bits + 7) // 8
    assert np.array_equal(ingot.unpack(packed), array) and ingot.unpack(packed).dtype == ingot.int8
    assert packed.tolist() == array.tolist()
    # The bytes that a pickle holds are the elements'.
    assert by_hand(name, array.ravel()) in pickle.dumps(packed, 4) or array.size == 0
    assert pickle.loads(pickle.dumps(packed)).tolist() == array.tolist()


@pytest.mark.parametrize("name", PACKED)
@quick
@given(data=st.data())
def test_pack_refuses_what_does_not_fit(name, data):
    low, high = PACKED[name]
    array = data.draw(hnp.arrays("int16", st.integers(1, 20), elements=st.integers(low, high)))
    at = data.draw(st.integers(0, array.size - 1))
    array[at] = data.draw(st.integers(-300, low - 1) | st.integers(high + 1, 300))
    with pytest.raises(IndexError, match=rf"element {at} of i16 \({array.size},\) is {array[at]}\b"):
        ingot.pack(ingot.asarray(array), name)


@pytest.mark.parametrize("name", PACKED)
@quick
@given(array=hnp.arrays("int64", hnp.array_shapes(max_dims=2, max_side=9)))
def test_astype_wraps(name, array):
    bits = int(name[3:])
    expected = ((array & ((1 << bits) - 1)) ^ (1 << (bits - 1))) - (1 << (bits - 1))
    found = ingot.asarray(array).astype(name)
    assert found.tolist() == expected.tolist()
    for wide in ["int8", "int32", "int64", "float16", "bfloat16", "float32", "float64"]:
        assert found.astype(wide).tolist() == expected.tolist()
    assert found.astype("bool").tolist() == (expected != 0).tolist()
    assert found.astype("uint8").tolist() == (expected & 255).tolist()


@pytest.mark.parametrize("name", PACKED)
@quick
@given(data=st.data())
def test_packed_indexing(name, data):
    array = data.draw(integers(name).filter(lambda a: a.size > 0))
    x = ingot.pack(ingot.asarray(array), name)
    key = data.draw(hnp.basic_indices(array.shape) | hnp.arrays(bool, array.shape)
                    | hnp.integer_array_indices(array.shape))
    found = x[as_index(key)]
    assert found.dtype.name == name and found.tolist() == array[key].tolist()
    value = data.draw(st.integers(*PACKED[name]))
    array[key] = value
    x[as_index(key)] = value
    assert x.tolist() == array.tolist()


@pytest.mark.parametrize("name", PACKED)
def test_packed_tensors_print_and_refuse_arithmetic(name):
    x = ingot.pack(ingot.asarray([[-2, 1, 0], [1, 1, -1]]), name)
    assert str(x) == "[[-2  1  0]\n [ 1  1 -1]]" and f"dtype={name}" in repr(x).replace("'", "")
    assert ingot.flip(x, axis=1).tolist() == [[0, 1, -2], [-1, 1, 1]] and x.T.tolist() == [[-2, 1], [1, 1], [0, -1]]
    for work in [lambda: x + x, lambda: -x, lambda: ingot.sum(x), lambda: x @ x.T, lambda: ingot.pack(x, name),
                 lambda: ingot.pack(ingot.ones((2,)), name), lambda: ingot.pack(ingot.zeros((2,), dtype="int8"), "int8"),
                 lambda: ingot.unpack(ingot.zeros((2,), dtype="int8"))]:
        with pytest.raises(TypeError):
            work()


# --- 8-bit floats -----------------------------------------------------------------------------------------------------


def tensor_of(array, name):
    return ingot.asarray(array.view(np.uint8).view(FLOAT8[name]))


def rounded(array, name):
    """To nearest, ties to even, in one step: ml_dtypes goes from float64 by way of float32, which rounds twice."""
    if array.dtype != np.float64:
        return array.astype(FLOAT8[name])
    codes = np.arange(0x7F if name == "float8_e4m3fn" else 0x7C, dtype=np.uint8)
    values = codes.view(FLOAT8[name]).astype(np.float64)
    values = np.append(values, 2 * values[-1] - values[-2])  # where NaN or infinity begins
    centres = (values[:-1] + values[1:]) / 2
    size = np.abs(array)
    code = np.searchsorted(centres, size, side="left")
    code += (code < len(centres)) & (size == centres[np.minimum(code, len(centres) - 1)]) & (code % 2 == 1)
    code = np.where(np.isnan(array), 0x7F, code).astype(np.uint8)
    return (code | np.where(np.signbit(array), 0x80, 0).astype(np.uint8)).view(FLOAT8[name])


def same_floats(found, expected):
    """Equal with the sign of zero; NaN for NaN with its sign."""
    found, expected = np.asarray(found).astype(np.float64), np.asarray(expected).astype(np.float64)
    return np.array_equal(found, expected, equal_nan=True) and np.array_equal(np.signbit(found), np.signbit(expected))


@pytest.mark.parametrize("name", FLOAT8)
def test_every_code_decodes(name):
    codes = np.arange(256, dtype=np.uint8)
    expected = codes.view(FLOAT8[name])
    x = tensor_of(codes, name)
    assert x.dtype.name == name
    for wide in ["float16", "float32", "float64"]:
        assert same_floats(x.astype(wide), expected.astype(wide))
    assert same_floats(x.astype("float32").astype(name).astype("float32"), expected.astype(np.float32))
    finite = x[ingot.asarray(np.isfinite(expected.astype(np.float32)))]
    truncated = np.trunc(expected.astype(np.float64))[np.isfinite(expected.astype(np.float32))]
    assert finite.astype("int32").tolist() == truncated.tolist()
    assert finite.astype("bool").tolist() == (finite.astype("float32") != 0).tolist()


@pytest.mark.parametrize("name", FLOAT8)
@pytest.mark.parametrize("wide", [np.float16, ml_dtypes.bfloat16])
def test_every_16_bit_float_rounds(name, wide):
    array = np.arange(65536, dtype=np.uint16).view(wide)
    assert same_floats(ingot.asarray(array).astype(name), array.astype(FLOAT8[name]))


@pytest.mark.parametrize("name", FLOAT8)
@pytest.mark.parametrize("wide", [np.float32, np.float64])
def test_ties_and_their_neighbours(name, wide):
    values = np.arange(256, dtype=np.uint8).view(FLOAT8[name]).astype(wide)
    values = np.unique(values[np.isfinite(values)])
    largest = values[-1]
    ends = [largest * f for f in (1, 1.03, 33 / 32, 1.0357142857, 17 / 16, 1.07142857, 9 / 8, 1.2, 2, 1e6)]
    centres = np.concatenate([values, (values[:-1] + values[1:]) / 2, ends, np.negative(ends)]).astype(wide)
    array = np.concatenate([centres, np.nextafter(centres, wide(np.inf)), np.nextafter(centres, wide(-np.inf)),
                            np.array([np.inf, -np.inf, np.nan, -0.0], wide)])
    assert same_floats(ingot.asarray(array).astype(name), rounded(array, name))


@pytest.mark.parametrize("name", FLOAT8)
@quick
@given(bits=hnp.arrays(np.uint32, hnp.array_shapes(max_dims=2, max_side=50)), wide=st.booleans())
def test_any_bits_round(name, bits, wide):
    array = bits.view(np.float32)
    if wide:
        # The exponents of float32, mantissas beyond it: one rounding, not two.
        array = array.astype(np.float64) * (1 + np.float64(2.0**-40) * (bits % 7))
    assert same_floats(ingot.asarray(array).astype(name), rounded(array, name))


@pytest.mark.parametrize("name", FLOAT8)
@quick
@given(array=hnp.arrays(st.sampled_from(["int8", "uint8", "int16", "int32", "int64", "uint64", "bool"]), st.integers(0, 30)))
def test_integers_round(name, array):
    # Through float64, which holds these up to 2^53; beyond that both formats are past their ends.
    assert same_floats(ingot.asarray(array).astype(name), array.astype(np.float64).astype(FLOAT8[name]))


def test_ends():
    x = ingot.asarray([448.0, 464.0, 464.1, -465.0, float("inf"), float("nan")])
    assert str(x.astype("float8_e4m3fn").tolist()) == "[448.0, 448.0, nan, nan, nan, nan]"
    x = ingot.asarray([57344.0, 61439.0, 61440.0, -1e9, float("nan")])
    assert str(x.astype("float8_e5m2").tolist()) == "[57344.0, 57344.0, inf, -inf, nan]"
