"""Every elementwise operation against NumPy: shapes that broadcast, strides, special numbers, all dtypes, out=."""


import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ingot
from elementwise_cases import case

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

FLOATS = ["float16", "bfloat16", "float32", "float64"]
INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
TAKES = {
    "floating": FLOATS + INTEGERS + ["bool"],
    "numeric": FLOATS + INTEGERS,
    "integer": INTEGERS,
    "bits": INTEGERS + ["bool"],
    "any": FLOATS + INTEGERS + ["bool"],
}
TABLE = {row.name: row for row in ingot.elementwise_table()}
# What T is computed in, and the oracle's arithmetic.
WIDE = {"float16": np.float64, "bfloat16": np.float64, "float32": np.float64, "float64": np.longdouble}
# Units in the last place that a function may be off: 4 by Highway's documentation and glibc's manual, times at most
# four functions in a row (gelu_tanh_backward), and half a one for the rounding to the dtype.
ULPS = 16.5


def numpy_dtype(name):
    return np.dtype(getattr(ml_dtypes, name)) if name == "bfloat16" else np.dtype(name)


def values(dtype):
    if dtype.kind == "b":
        return st.booleans()
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return st.integers(info.min, info.max) | st.integers(max(info.min, -9), 9)
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, -6e-8, 0.5, 2.0, 88.7, -104.0, 1e4]
    return st.sampled_from(special) | st.floats(-8, 8, width=32) | st.floats(width=32)


@st.composite
def operands(draw, name):
    """Arrays that broadcast, in strides that NumPy and ingot both walk."""
    row = TABLE[name]
    dtype = numpy_dtype(draw(st.sampled_from(TAKES[row.takes])))
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=row.arity, max_dims=3, max_side=5)).input_shapes
    arrays = []
    for shape in shapes:
        wide = np.float64 if dtype.kind == "V" or dtype.name == "bfloat16" else dtype
        array = draw(hnp.arrays(wide, shape, elements=values(dtype).map(lambda v: wide_value(v, dtype)))).astype(dtype)
        layout = draw(st.sampled_from(["plain", "stepped", "reversed", "transposed"]))
        if layout == "stepped" and array.ndim:
            array = np.repeat(array, 2, axis=-1)[..., ::2]
        elif layout == "reversed" and array.ndim:
            array = array[::-1].copy()[::-1]
        elif layout == "transposed":
            array = np.asfortranarray(array)
        if name.endswith("_backward") and not arrays and array.dtype.kind not in "iub":
            # An infinite gradient times a slope that underflows is NaN in one precision and not in another.
            array[np.isinf(array.astype(np.float64))] = 1
        arrays.append(array)
    return dtype, arrays


def wide_value(value, dtype):
    return float(np.float64(value).astype(dtype)) if dtype.name in ("float16", "bfloat16", "float32") else value


def last_place(dtype, x):
    """One in the last place of |x| held as dtype, as float64."""
    info = ml_dtypes.finfo(dtype)
    exponent = np.floor(np.log2(np.maximum(abs(x), float(info.smallest_normal))))
    return np.exp2(exponent.astype(np.float64)) * float(info.eps)


def compare(found, expected, dtype, scale):
    found = found.astype(expected.dtype)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    limit = ULPS * last_place(dtype, scale)
    # A function's result may be flushed where it is subnormal.
    limit = limit + float(ml_dtypes.finfo(dtype).smallest_normal)
    largest = float(ml_dtypes.finfo(dtype).max)
    # Past the dtype's range both are infinite; just below it one may be.
    near_end = (abs(expected) + limit >= largest) & (abs(found) >= largest * (1 - 1e-2)) & (found * expected > 0)
    off = ~(same | (abs(found - expected) <= limit) | near_end)
    assert not off.any(), (found[off], expected[off], limit[off] if np.ndim(limit) else limit)


@pytest.mark.parametrize("name", list(TABLE))
def test_equals_numpy(name):
    row, truth = TABLE[name], case(name)

    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(operands(name))
    def run(drawn):
        dtype, arrays = drawn
        computed = numpy_dtype("float32") if row.takes == "floating" and dtype.kind in "iub" else dtype
        before = [array.copy() for array in arrays]
        found = np.asarray(getattr(ingot, name)(*map(ingot.asarray, arrays)))
        for array, copy in zip(arrays, before):
            assert array.tobytes() == copy.tobytes()
        assert found.shape == np.broadcast_shapes(*(array.shape for array in arrays))
        assert found.dtype == (np.bool_ if row.gives_bool else computed)
        exact = name == "nextafter" or computed.kind in "iub"
        inputs = [array.astype(computed) for array in arrays]
        if not exact:
            inputs = [array.astype(WIDE[computed.name]) for array in inputs]
        expected = np.asarray(truth.oracle(*inputs))
        if expected.dtype.kind in "iub" or exact:
            np.testing.assert_array_equal(found, expected.astype(found.dtype))
        else:
            compare(found, expected, computed, truth.scale(*inputs) if truth.scale else expected)

    run()


@pytest.mark.parametrize("towards", [np.inf, -np.inf, 0.0, -0.0])
@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_nextafter_of_every_code(name, towards):
    array = np.arange(2**16, dtype=np.uint16).view(numpy_dtype(name))
    target = np.array(towards).astype(array.dtype)
    with np.errstate(all="ignore"):
        expected = np.nextafter(array, target)
    found = np.asarray(ingot.nextafter(ingot.asarray(array), ingot.asarray(target)))
    equal = array == target
    np.testing.assert_array_equal(found[equal].view(np.uint16), target.view(np.uint16))  # C's, where NumPy gives the first
    valued = ~np.isnan(array) & ~equal
    np.testing.assert_array_equal(found[valued].view(np.uint16), expected[valued].view(np.uint16))
    assert np.isnan(found[np.isnan(array)]).all()


@settings(max_examples=200, deadline=None)
@given(operands("equal"), st.sampled_from([0.0, 1e-8, 1e-5, 0.1, np.inf]), st.sampled_from([0.0, 1e-8, 1e-3, 2.0, np.inf]),
       st.booleans(), st.booleans())
def test_isclose(drawn, rtol, atol, equal_nan, near):
    dtype, (a, b) = drawn
    if near:
        b = (np.broadcast_to(a, np.broadcast_shapes(a.shape, b.shape)) * np.float64(1 + 9e-6)).astype(dtype)
    options = {"rtol": rtol, "atol": atol, "equal_nan": equal_nan}
    wide = (lambda x: x) if dtype.kind in "biu" else (lambda x: x.astype(np.float64))
    expected = np.isclose(wide(a), wide(b), **options)
    found = ingot.isclose(ingot.asarray(a), ingot.asarray(b), **options)
    assert found.dtype == ingot.bool and found.shape == expected.shape
    np.testing.assert_array_equal(np.asarray(found), expected)
    assert ingot.allclose(ingot.asarray(a), ingot.asarray(b), **options) is bool(expected.all())


def test_isclose_takes_numbers_and_names_its_errors():
    x = ingot.asarray([1, 2**53 + 1], dtype="int64")
    assert ingot.isclose(x, x, rtol=0, atol=0).tolist() == [True, True] and ingot.isclose(x, 1).tolist() == [True, False]
    assert ingot.isclose(ingot.asarray([0.1]), 0.1, rtol=0, atol=0).tolist() == [True]
    assert ingot.allclose(ingot.zeros((0, 3)), 1) is True
    with pytest.raises(TypeError, match="isclose: .*int4|isclose: .*i4"):
        ingot.isclose(ingot.zeros(2, dtype="int4"), 0)
    with pytest.raises(ValueError, match=r"allclose: .*\(2\).*\(3\)|allclose: .*\(2,\).*\(3,\)"):
        ingot.allclose(ingot.zeros(2), ingot.zeros(3))


WRITTEN = {"add_": np.add, "sub_": np.subtract, "mul_": np.multiply, "div_": np.divide}


@pytest.mark.parametrize("name", list(WRITTEN))
def test_in_place_names(name):
    @settings(max_examples=60, deadline=None)
    @given(operands("add"), st.booleans())
    def run(drawn, method):
        dtype, (a, b) = drawn
        memory = a.copy()
        x, y = ingot.asarray(memory), ingot.asarray(b)
        call = getattr(x, name) if method else lambda value: getattr(ingot, name)(x, value)
        if (dtype.kind in "iu" and name == "div_") or np.broadcast_shapes(a.shape, b.shape) != a.shape:
            with pytest.raises((TypeError, ValueError), match="divide|result has shape"):
                call(y)
            assert memory.tobytes() == a.tobytes()
        else:
            assert call(y) is x
            expected = WRITTEN[name](a, b)
            assert expected.dtype == memory.dtype
            np.testing.assert_array_equal(memory.astype(np.float64), expected.astype(np.float64))

    run()


@settings(max_examples=100, deadline=None)
@given(operands("equal"), st.data())
def test_where(drawn, data):
    _, (a, b) = drawn
    shape = np.broadcast_shapes(a.shape, b.shape)
    flags = data.draw(hnp.arrays(bool, data.draw(st.sampled_from([shape, shape[1:], (1,) * len(shape)]))))
    expected = np.where(flags, a, b)
    found = np.asarray(ingot.where(ingot.asarray(flags), ingot.asarray(a), ingot.asarray(b)))
    assert found.dtype == expected.dtype and found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", ["add", "multiply", "exp", "less", "clip", "hardswish"])
def test_out_may_overlap(name):
    row = TABLE[name]
    base = np.linspace(-3, 4, 24, dtype=np.float32)
    inputs = [base[k : k + 20] for k in range(row.arity)]
    expected = np.asarray(getattr(ingot, name)(*[ingot.asarray(x.copy()) for x in inputs]))
    for view in (slice(0, 20), slice(1, 21), slice(22, 2, -1)):
        memory = base.copy()
        shared = [ingot.asarray(memory)[k : k + 20] for k in range(row.arity)]
        target = memory[view] if not row.gives_bool else np.zeros(20, bool)
        result = getattr(ingot, name)(*shared, out=ingot.asarray(target))
        np.testing.assert_array_equal(target, expected)
        np.testing.assert_array_equal(np.asarray(result), expected)


def test_operators_are_the_operations():
    a, b = ingot.asarray([7, -7, 2]), ingot.asarray([2, 2, 3])
    pairs = {
        "add": a + b, "subtract": a - b, "multiply": a * b, "divide": a / b, "floor_divide": a // b,
        "remainder": a % b, "pow": a**b, "bitwise_and": a & b, "bitwise_or": a | b, "bitwise_xor": a ^ b,
        "bitwise_left_shift": a << b, "bitwise_right_shift": a >> b, "less": a < b, "less_equal": a <= b,
        "greater": a > b, "greater_equal": a >= b, "equal": a == b, "not_equal": a != b,
    }  # fmt: skip
    for name, found in pairs.items():
        assert found.tolist() == getattr(ingot, name)(a, b).tolist(), name
    assert (-a).tolist() == [-7, 7, -2] and (+a).tolist() == a.tolist() and abs(a).tolist() == [7, 7, 2]
    assert (~a).tolist() == [-8, 6, -3] and (~(a < b)).tolist() == [True, False, False]
    assert (2 - a).tolist() == [-5, 9, 0] and (2**b).tolist() == [4, 4, 8]
    assert (1 < a).tolist() == [True, False, True]
    assert len({a, b, a}) == 2  # hashed by identity though == compares elements


def test_operators_write_in_place():
    memory = np.array([6, 8, 10])
    x = ingot.asarray(memory)
    same = x
    x += 2
    x *= 3
    x -= 4
    x //= 2
    x %= 7
    x <<= 1
    assert same is x and memory.tolist() == [6, 12, 4]
    with pytest.raises(TypeError, match="divide"):
        x /= 2
    x = ingot.asarray(np.broadcast_to(np.float32(1), (3,)))
    with pytest.raises(ValueError, match="read-only|more than once"):
        x += 1
    assert x.tolist() == [1, 1, 1]


def test_numbers_are_weak():
    assert (ingot.asarray([1], dtype="int8") + 1).dtype == ingot.int8
    assert (ingot.asarray([1], dtype="int8") + 1.0).dtype == ingot.float32
    assert (ingot.asarray([1], dtype="float16") * 2).dtype == ingot.float16
    assert (ingot.asarray([True]) + 1).dtype == ingot.int64
    assert ingot.add([1, 2], [0.5, 1]).dtype == ingot.float32
    with pytest.raises(IndexError, match="300 does not fit u8"):
        ingot.asarray([1], dtype="uint8") + 300


def test_clip_takes_one_bound():
    x = ingot.asarray([-1, 5, 12])
    assert ingot.clip(x, 0).tolist() == [0, 5, 12]
    assert ingot.clip(x, max=6).tolist() == [-1, 5, 6]
    assert ingot.clip(x).tolist() == [-1, 5, 12]
    assert ingot.clip(ingot.asarray([0.5, float("nan")]), max=0.25).tolist()[0] == 0.25
