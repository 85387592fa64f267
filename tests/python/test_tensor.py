"""ingot.Tensor as a Python object: exchange with other libraries without copying, pickling, errors, dtypes."""

import copy
import gc
import io
import os
import pickle
import subprocess
import sys
import threading
import time
import weakref

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from test_manipulation import arrays

import ingot

NATIVE = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32",
          "float64"]
NARROW = ["bfloat16", "float8_e4m3fn", "float8_e5m2"]
PACKED = ["int4", "int2"]


def numpy_dtype(name):
    return np.dtype(name) if name in NATIVE else np.dtype(getattr(ml_dtypes, name))


def sample(name, shape=(3, 4)):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(numpy_dtype(name))


def address(array):
    return array.__array_interface__["data"][0]


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# Strided views of one array: transposed, reversed, stepped, broadcast, without dimensions, empty.
VIEWS = {
    "plain": lambda a: a,
    "transposed": lambda a: a.T,
    "reversed": lambda a: a[::-1, ::-1],
    "stepped": lambda a: a[::2, 1::2],
    "broadcast": lambda a: np.broadcast_to(a[:, :1], a.shape),
    "0-d": lambda a: a[1, 1, ...],
    "empty": lambda a: a[:, :0],
}


# --- dtypes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NATIVE + NARROW + PACKED)
def test_dtype(name):
    dtype = getattr(ingot, name)
    assert isinstance(dtype, ingot.DType) and dtype.name == name == str(dtype) and repr(dtype) == f"ingot.{name}"
    assert dtype.itemsize == numpy_dtype(name).itemsize
    spellings = [dtype, name, numpy_dtype(name), numpy_dtype(name).type]
    assert [ingot.empty((1,), dtype=d).dtype for d in spellings] == [dtype] * 4
    assert pickle.loads(pickle.dumps(dtype)) is dtype and copy.deepcopy(dtype) is dtype
    assert {dtype: 1}[getattr(ingot, name)] == 1


def test_dtypes_differ():
    assert ingot.float32 != ingot.float64 and len({getattr(ingot, n) for n in NATIVE + NARROW + PACKED}) == 17


@pytest.mark.parametrize("wrong", [float, int, 3, "float31", "", None.__class__, np.dtype("complex64"), np.dtype("S3"),
                                   np.dtype(">f4")], ids=repr)
def test_what_is_no_dtype(wrong):
    with pytest.raises(TypeError):
        ingot.zeros((1,), dtype=wrong)


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape, expected", [(3, (3,)), ((), ()), ([2, 3], (2, 3)), (np.int8(2), (2,)),
                                             (np.array([2, 3]), (2, 3)), (range(3), (0, 1, 2)),
                                             (ingot.asarray([4, 5]), (4, 5))], ids=repr)
def test_shape(shape, expected):
    assert ingot.zeros(shape).shape == expected


@pytest.mark.parametrize("wrong", [True, (2, True), 2.0, (2.0,), "23", b"23", None, (2, None), {}, [[1]], 2**70], ids=repr)
def test_what_is_no_shape(wrong):
    with pytest.raises((TypeError, OverflowError)):
        ingot.zeros(wrong)


@pytest.mark.parametrize("call, kind, code", [
    (lambda x: x.view((4,)), ValueError, "shape_mismatch"),
    (lambda x: x.slice(0, 0, 1, 0), ValueError, "invalid_argument"),
    (lambda x: x[2], IndexError, "out_of_range"),
    (lambda x: ingot.softmax(x.astype("int32")), TypeError, "dtype_mismatch"),
    (lambda x: ingot.open("/nowhere/x.gguf"), FileNotFoundError, "not_found"),
    (lambda x: ingot.open("/dev/null"), OSError, "io"),
    (lambda x: ingot.zeros((2**50,)), MemoryError, "out_of_memory"),
    (lambda x: ingot.quantize(ingot.zeros((1, 256)), "IQ2_XS"), NotImplementedError, "not_implemented"),
])
def test_errors_arrive_as_their_kind(call, kind, code):
    x = ingot.zeros((2, 3))
    with pytest.raises(kind) as caught:
        call(x)
    error = caught.value
    assert isinstance(error, ingot.Error) and error.code == code and error.operation
    assert str(error).startswith(error.operation + ": ") and x.tolist() == [[0.0] * 3] * 2
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)


# --- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value, dtype", [(True, "bool"), (3, "int64"), (0.5, "float32"), ([True, 2], "int64"),
                                          ([1, 2.5], "float32"), ([], "float32"), ([[1], [2]], "int64"),
                                          (np.float64(1), "float32"), ([np.float32(1), 2], "float32"),
                                          ([np.bool_(True)], "bool"), (np.float32(2), "float32")], ids=repr)
def test_asarray_of_numbers(value, dtype):
    x = ingot.asarray(value)
    assert x.dtype.name == dtype and x.shape == np.shape(value) and x.tolist() == np.asarray(value, dtype).tolist()


@pytest.mark.parametrize("value, dtype, error", [
    ("abc", None, TypeError), (None, None, TypeError), (1j, None, TypeError), ([1, "a"], None, TypeError),
    ([[1, 2], [3]], None, ValueError), ([1, [2]], None, ValueError), (2**63, None, OverflowError),
    (256, "uint8", OverflowError), (-1, "uint64", OverflowError), (8, "int4", OverflowError),
    (np.array(["a"]), None, TypeError), (np.zeros(2, "complex64"), None, TypeError), (np.zeros(2, ">i4"), None, TypeError),
], ids=repr)
def test_asarray_refuses(value, dtype, error):
    with pytest.raises(error):
        ingot.asarray(value, dtype=dtype)


def test_a_list_that_holds_itself():
    endless = []
    endless.append(endless)
    with pytest.raises(ValueError):
        ingot.asarray(endless)


@pytest.mark.parametrize("value", [2**64 - 1, 2**63, 0])
def test_large_unsigned(value):
    assert ingot.asarray([value], dtype="uint64").tolist() == [value]


def test_scalars():
    assert int(ingot.asarray(7)) == 7 and float(ingot.asarray([[2.5]])) == 2.5 and bool(ingot.asarray(0.0)) is False
    assert [10, 11, 12][ingot.asarray(1)] == 11 and type(ingot.asarray(True).item()) is bool
    for wrong in (int, float, bool):
        with pytest.raises(ValueError):
            wrong(ingot.zeros((2,)))
    with pytest.raises(TypeError):
        range(ingot.asarray(1.0))
    with pytest.raises(TypeError):
        len(ingot.asarray(1))
    with pytest.raises(TypeError):
        iter(ingot.asarray(1))


def test_attributes():
    x = ingot.zeros((2, 3, 4), dtype="float16")
    assert (x.ndim, x.size, x.nbytes, x.strides, len(x)) == (3, 24, 48, (12, 4, 1), 2)
    assert x.mT.shape == (2, 4, 3) and x[0].T.shape == (4, 3) and str(x.device) == "cpu" and x.encoding is None
    assert x.to_device("cpu").shape == x.shape and x.__array_namespace__(api_version="2024.12") is ingot
    with pytest.raises(ValueError):
        x.T  # noqa: B018
    with pytest.raises(ValueError):
        x.__array_namespace__(api_version="1999.01")


def test_hash_is_identity():
    x = ingot.zeros((2,))
    y = x.view((2,))
    assert hash(x) == hash(x) and len({x, y, x}) == 2 and weakref.ref(x)() is x


@given(hnp.arrays(np.int32, hnp.array_shapes(max_dims=4, min_side=0)), st.data())
def test_indexing_follows_numpy(array, data):
    key = data.draw(hnp.basic_indices(array.shape, allow_newaxis=True, allow_ellipsis=True))
    expected = np.asarray(array[key])
    if expected.ndim <= 8:
        assert same(np.asarray(ingot.asarray(array)[key]), expected)


@pytest.mark.parametrize("key", [(0, 0, 0), (..., ...), 1.0, "a", [0.5], [2], 2, -3, 2**80], ids=repr)
def test_what_is_no_index(key):
    with pytest.raises((IndexError, TypeError)):
        ingot.zeros((2, 2))[key]


def test_operators_take_numbers_and_arrays():
    x = ingot.asarray([1, 2], dtype="float16")
    for result in (x + 1, 1 + x, x + np.array([1, 1], "float16"), np.array([1, 1], "float16") + x, x + True):
        assert isinstance(result, ingot.Tensor) and result.dtype == ingot.float16 and result.tolist() == [2, 3]
    assert (ingot.asarray([1]) * 0.5).dtype == ingot.float32 and (ingot.asarray([True]) + 1).dtype == ingot.int64
    assert (2 / x).tolist() == [2, 1] and (3 - x).tolist() == [2, 1] and (x.view((1, 2)) @ x.view((2, 1))).item() == 5
    with pytest.raises(TypeError):
        x + "a"
    with pytest.raises(OverflowError):
        ingot.asarray([1], dtype="int8") + 1000


# --- NumPy and the buffer protocol ------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", NATIVE + NARROW)
def test_numpy_both_ways_without_copying(name, view):
    array = VIEWS[view](sample(name))
    x = ingot.asarray(array)
    assert x.dtype.name == name and x.shape == array.shape
    back = np.asarray(x)
    assert same(back, array)
    if array.size:
        assert address(back) == address(array)
        assert x.astype("float64").tolist() == array.astype("float64").tolist()
    assert back.flags.writeable == array.flags.writeable


@pytest.mark.parametrize("name", PACKED)
def test_packed_integers_are_copied(name):
    values = [-2, -1, 0, 1, 1]
    array = np.array(values).astype(numpy_dtype(name))
    x = ingot.asarray(array)
    assert x.dtype.name == name and x.tolist() == values
    assert np.asarray(x).dtype == array.dtype and np.asarray(x).astype(int).tolist() == values
    assert np.asarray(x[1:]).astype(int).tolist() == values[1:]  # begins inside a byte
    with pytest.raises(ValueError):
        np.asarray(x, copy=False)


def test_copy_and_dtype_of_asarray():
    array = np.ones(3, "float32")
    assert address(np.asarray(ingot.asarray(array, copy=False))) == address(array)
    assert address(np.asarray(ingot.asarray(array, copy=True))) != address(array)
    assert ingot.asarray(array, dtype="float64").dtype == ingot.float64
    assert ingot.asarray(np.ones(2)).dtype == ingot.float64
    for wrong in (lambda: ingot.asarray(array, dtype="int8", copy=False), lambda: ingot.asarray([1], copy=False)):
        with pytest.raises(ValueError):
            wrong()
    x = ingot.asarray(array)
    assert ingot.asarray(x, dtype="float32", copy=False).tolist() == x.tolist()
    assert np.array(x, copy=True).flags.owndata and np.asarray(x, dtype="int16").dtype == np.int16


def test_read_only_memory_stays_read_only():
    array = np.arange(3.0)
    array.flags.writeable = False
    x = ingot.asarray(array)
    assert not np.asarray(x).flags.writeable and memoryview(x).readonly
    with pytest.raises(BufferError):
        x.__dlpack__()  # before DLPack 1.0 there was no such flag
    assert not np.from_dlpack(x).flags.writeable
    assert ingot.asarray(b"abc").tolist() == [97, 98, 99] and memoryview(ingot.asarray(b"abc")).readonly
    with pytest.raises(TypeError):
        io.BytesIO(b"xyz").readinto(ingot.asarray(b"abc"))


def test_writes_are_shared():
    array = np.zeros(3, "int16")
    x = ingot.asarray(array)
    array[1] = 5
    memoryview(x)[2] = 7
    assert x.tolist() == array.tolist() == [0, 5, 7]
    y = ingot.zeros((4,), dtype="uint8")
    assert io.BytesIO(b"wxyz").readinto(y) == 4 and bytes(y) == b"wxyz"


def test_memoryview_of_strides():
    x = ingot.asarray(sample("int32")).T
    view = memoryview(x)
    assert view.tolist() == x.tolist() and view.strides == (4, 16) and view.format == "i"
    with pytest.raises(BufferError):
        io.BytesIO().write(x)
    with pytest.raises(BufferError):
        memoryview(ingot.zeros((2,), dtype="bfloat16"))
    with pytest.raises(BufferError):
        memoryview(ingot.quantize(ingot.zeros((1, 32)), "Q8_0"))


def test_fields_of_records_are_copied():
    records = np.zeros(3, [("a", "i1"), ("b", "f4")])
    records["b"] = [1, 2, 3]
    assert ingot.asarray(records["b"]).tolist() == [1, 2, 3]


def test_the_owner_lives_as_long_as_the_tensor():
    class Array(np.ndarray):
        pass

    array = np.arange(4).view(Array)
    alive = weakref.ref(array)
    for make in (ingot.asarray, ingot.from_dlpack):
        x = make(array)[1:]
        del array
        gc.collect()
        assert alive() is not None and x.tolist() == [1, 2, 3]
        array = alive()
        del x
    del array
    gc.collect()
    assert alive() is None


def test_a_borrowed_array_may_be_dropped_by_another_thread():
    holder = [ingot.asarray(np.arange(1000.0)) for _ in range(100)]
    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join()
    assert not holder


def test_without_ml_dtypes(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.raises(TypeError, match="ml_dtypes"):
        np.asarray(ingot.zeros((2,), dtype="bfloat16"))


# --- DLPack -----------------------------------------------------------------------------------------------------------


class Exporter:
    """Passes an array on as a library of another age would."""

    def __init__(self, array, keywords):
        self.array, self.keywords = array, keywords

    def __dlpack__(self, **keywords):
        if not self.keywords and keywords:
            raise TypeError("unexpected keyword")
        return self.array.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.mark.parametrize("keywords", [True, False], ids=["versioned", "old"])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", NATIVE)
def test_dlpack_both_ways_without_copying(name, view, keywords):
    array = VIEWS[view](sample(name))
    if not array.flags.writeable and not keywords:
        array = array.copy()
    x = ingot.from_dlpack(Exporter(array, keywords))
    assert x.dtype.name == name and same(np.asarray(x), array)
    back = np.from_dlpack(Exporter(x, True)) if keywords else np.from_dlpack(OldCapsule(x))
    assert same(back, array)
    if keywords:  # NumPy takes whatever comes without flags as read-only
        assert back.flags.writeable == array.flags.writeable
    if array.size:
        assert address(back) == address(array)


@settings(max_examples=100, deadline=None)
@given(arrays())
def test_memory_of_any_strides_is_shared(array):
    for x in (ingot.from_dlpack(array), ingot.from_dlpack(Exporter(array.copy(), False)), ingot.asarray(array)):
        assert x.shape == array.shape and same(np.asarray(x), array)
        for back in (np.from_dlpack(x), np.asarray(memoryview(x))):
            assert same(back, array) and (not array.size or address(back) == address(np.asarray(x)))
        assert same(np.asarray(ingot.from_dlpack(x, copy=True)), array)


class OldCapsule:
    def __init__(self, tensor):
        self.tensor = tensor

    def __dlpack__(self, **keywords):
        return self.tensor.__dlpack__()

    def __dlpack_device__(self):
        return self.tensor.__dlpack_device__()


@pytest.mark.parametrize("name", NARROW + PACKED)
def test_dlpack_of_dtypes_that_numpy_lacks(name):
    x = ingot.asarray([0, 1, -1], dtype=name)
    y = ingot.from_dlpack(x)
    assert y.dtype == x.dtype and y.tolist() == x.tolist()


def test_dlpack_keywords():
    x = ingot.asarray([1.0, 2.0])
    assert x.__dlpack_device__() == (1, 0) and x.__dlpack__(dl_device=(1, 0), stream=None)
    y = ingot.from_dlpack(x, copy=True)
    memoryview(y)[0] = 9
    assert x.tolist() == [1, 2] and y.tolist() == [9, 2]
    assert ingot.from_dlpack(x, device="cpu", copy=False).tolist() == [1, 2]
    for wrong in ({"dl_device": (2, 0)}, {"stream": 1}):
        with pytest.raises(BufferError):
            x.__dlpack__(**wrong)
    with pytest.raises(BufferError):
        ingot.quantize(ingot.zeros((1, 32)), "Q8_0").__dlpack__()
    with pytest.raises(TypeError):
        ingot.from_dlpack([1, 2])
    with pytest.raises(BufferError):
        ingot.from_dlpack(np.zeros(2, "complex64"))


def test_an_unused_capsule_lets_go():
    array = np.arange(3)
    before = sys.getrefcount(array)
    x = ingot.asarray(array)
    for version in (None, (1, 0)):
        capsule = x.__dlpack__(max_version=version)
        del capsule
    del x
    assert sys.getrefcount(array) == before


# --- copies and pickles -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", NATIVE + NARROW + PACKED)
def test_pickle(name, protocol):
    x = ingot.asarray([[0, 1, -1], [-2, 1, 0]], dtype="float32").astype("int8").astype(name).T
    y = pickle.loads(pickle.dumps(x, protocol))
    assert (y.dtype, y.shape, y.tolist()) == (x.dtype, x.shape, x.tolist())


def test_pickle_out_of_band():
    x = ingot.asarray(sample("float32"))
    buffers = []
    data = pickle.dumps(x, 5, buffer_callback=buffers.append)
    assert len(buffers) == 1 and len(data) < 300
    y = pickle.loads(data, buffers=buffers)
    assert address(np.asarray(y)) == address(np.asarray(x))


@pytest.mark.parametrize("scheme", ["Q8_0", "Q4_0", "TQ2_0", "I2_S"])
def test_quantized_tensors_are_copied_and_pickled(scheme):
    x = ingot.quantize(ingot.asarray((np.arange(1024) % 3 - 1).reshape(4, 256).astype("float32")), scheme)
    for y in (pickle.loads(pickle.dumps(x)), copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x, 2))):
        assert y.encoding == x.encoding and y.nbytes == x.nbytes
        assert ingot.dequantize(y).tolist() == ingot.dequantize(x).tolist()


def test_copies_are_independent():
    x = ingot.zeros((2, 2))
    for y in (copy.copy(x), copy.deepcopy(x), copy.copy(x.T)):
        memoryview(y)[0, 0] = 5
        assert x.tolist() == [[0, 0], [0, 0]] and y.tolist()[0] == [5, 0]


# --- the interpreter --------------------------------------------------------------------------------------------------


def test_the_gil_is_released():
    """Another thread counts while a product runs that takes some tenths of a second."""
    x = ingot.full((1500, 1500), 1.0)
    count, done = 0, threading.Event()

    def work():
        begin = time.monotonic()
        while time.monotonic() - begin < 0.3:
            ingot.matmul(x, x)
        done.set()

    before = sys.getswitchinterval()
    sys.setswitchinterval(60)  # only who lets go of the GIL lets others run
    try:
        thread = threading.Thread(target=work)
        thread.start()
        while not done.is_set():
            count += 1
            time.sleep(0.001)
        thread.join()
    finally:
        sys.setswitchinterval(before)
    assert count > 10


def test_import_brings_no_numpy():
    code = "import sys, ingot; assert not {'numpy', 'ml_dtypes', 'typing'} & set(sys.modules), sys.modules.keys()"
    subprocess.run([sys.executable, "-S", "-c", code], check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)})
