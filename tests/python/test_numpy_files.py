"""NumPy's files: what NumPy writes we read, what we write NumPy reads."""

import io
import zipfile

import ml_dtypes
import numpy as np
import pytest

import ingot

DTYPES = ["bool", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]
SHAPES = [(), (1,), (7,), (0, 3), (3, 5), (2, 3, 4), (1, 2, 1, 2, 1, 2, 1, 2)]


def array(dtype, shape, seed=3):
    random = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return random.standard_normal(shape).astype(dtype)
    return random.integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)


def same(tensor, expected):
    found = np.asarray(tensor)
    assert found.dtype == expected.dtype.newbyteorder("=") and found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_of_numpy(tmp_path, dtype):
    for i, shape in enumerate(SHAPES):
        for order in "CF":
            for byte_order in "<>":
                expected = np.asarray(array(dtype, shape, i), np.dtype(dtype).newbyteorder(byte_order), order=order)
                np.save(tmp_path / "x.npy", expected)
                file = ingot.open(tmp_path / "x.npy")
                assert file.format == "npy" and list(file) == ["arr_0"]
                same(file["arr_0"], expected)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_versions_of_the_header(tmp_path, version):
    with open(tmp_path / "x.npy", "wb") as file:
        np.lib.format.write_array(file, array("f4", (2, 3)), version=version)
    same(ingot.open(tmp_path / "x.npy")["arr_0"], array("f4", (2, 3)))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_of_numpy(tmp_path, save):
    expected = {f"{dtype}{i}": array(dtype, shape, i) for dtype in DTYPES for i, shape in enumerate(SHAPES)}
    expected |= {"fortran": np.asfortranarray(array("f4", (3, 5))), "big": array(">f8", (4,)), "a/é": array("i4", (2,))}
    save(tmp_path / "x.npz", **expected)
    file = ingot.open(tmp_path / "x.npz")
    assert file.format == "npz" and list(file) == list(expected)
    assert any("compressed" in note for note in file.notes) == (save is np.savez_compressed)
    for name, value in expected.items():
        same(file[name], value)


def test_a_large_compressed_archive_goes_through_the_disk(tmp_path):
    large = np.arange(9 << 20, dtype=np.int64)  # 72 MiB: more than is kept on the heap
    np.savez_compressed(tmp_path / "x.npz", large=large, small=array("f4", (3,)))
    file = ingot.open(tmp_path / "x.npz")
    same(file["large"], large)
    same(file["small"], array("f4", (3,)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_bytes_equal_numpy_save(tmp_path, dtype):
    for shape in [*SHAPES, (100_000, 2)]:
        expected = io.BytesIO()
        np.save(expected, array(dtype, shape))
        ingot.save(tmp_path / "x.npy", {"any name": array(dtype, shape)}, force=True)
        assert (tmp_path / "x.npy").read_bytes() == expected.getvalue()


def test_bfloat16_is_written_as_ml_dtypes_is(tmp_path):
    values = array("f4", (3, 4)).astype(ml_dtypes.bfloat16)
    expected = io.BytesIO()
    np.save(expected, values)
    ingot.save(tmp_path / "x.npy", {"x": values})
    assert (tmp_path / "x.npy").read_bytes() == expected.getvalue()
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy").view(ml_dtypes.bfloat16), values)
    read = ingot.open(tmp_path / "x.npy")["arr_0"]
    assert read.dtype == ingot.bfloat16
    np.testing.assert_array_equal(np.asarray(read), values)


def test_numpy_reads_our_archives(tmp_path):
    expected = {f"{dtype}{i}": array(dtype, shape, i) for dtype in DTYPES for i, shape in enumerate(SHAPES)}
    expected["deep/é.weight"] = array("f4", (2, 3))
    ingot.save(tmp_path / "x.npz", {name: ingot.asarray(value) for name, value in expected.items()})
    assert zipfile.ZipFile(tmp_path / "x.npz").testzip() is None
    with np.load(tmp_path / "x.npz") as file:
        assert set(file) == set(expected)
        for name, value in expected.items():
            assert file[name].dtype == value.dtype
            np.testing.assert_array_equal(file[name], value)
    for name, value in expected.items():
        same(ingot.open(tmp_path / "x.npz")[name], value)


def test_an_empty_archive(tmp_path):
    np.savez(tmp_path / "x.npz")
    assert len(ingot.open(tmp_path / "x.npz")) == 0
    ingot.save(tmp_path / "y.npz", {})
    with np.load(tmp_path / "y.npz") as file:
        assert list(file) == []


@pytest.mark.parametrize("dtype,why", [("O", "Python objects"), ("U3", "texts"), ("S3", "texts"), ("M8[s]", "times"),
                                       ([("a", "f4")], "structured"), ("c16", "dtype <c16"),
                                       (ml_dtypes.float8_e4m3fn, "raw bytes"), (ml_dtypes.float8_e5m2, "dtype <f1")],
                         ids=str)
def test_what_is_no_tensor_is_refused(tmp_path, dtype, why):
    np.save(tmp_path / "x.npy", np.zeros(2, dtype), allow_pickle=True)
    with pytest.raises(ingot.InvalidFileError, match=why):
        ingot.open(tmp_path / "x.npy")


def test_convert_between_archives(call, tmp_path):
    expected = {"w": array("f4", (6, 8)), "t": np.asfortranarray(array("f4", (3, 5))), "i": array("i8", (4,))}
    np.savez(tmp_path / "a.npz", **expected)
    call("convert", tmp_path / "a.npz", tmp_path / "b.safetensors")
    call("verify", tmp_path / "b.safetensors")
    call("convert", tmp_path / "b.safetensors", tmp_path / "c.npz", "--dtype", "f64")
    with np.load(tmp_path / "c.npz") as file:
        for name, value in expected.items():
            wide = np.float64 if value.dtype.kind == "f" else value.dtype
            assert file[name].dtype == wide
            np.testing.assert_array_equal(file[name], value.astype(wide))
    assert b"npz" in call("inspect", tmp_path / "c.npz").stdout
    call("convert", tmp_path / "a.npz", tmp_path / "d.npy", status=1)
