"""PyTorch's files: those that torch.save wrote, bad ones by hand, and ours read by a reader of the standard library."""

import io
import json
import pickle
import shutil
import struct
import time
import zipfile

import ml_dtypes
import numpy as np
import pytest
from conftest import ROOT

import ingot

MADE = sorted((ROOT / "tests" / "data" / "pytorch").glob("*.pt"))  # tools/make_pytorch_archives.py

STORAGES = {"Bool": "?", "Byte": "u1", "Char": "i1", "Short": "i2", "Int": "i4", "Long": "i8", "Half": "f2", "Float": "f4",
            "Double": "f8", "BFloat16": ml_dtypes.bfloat16, "ComplexFloat": "c8"}
DTYPES = {"uint16": "u2", "uint32": "u4", "uint64": "u8", "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
          "float8_e5m2": ml_dtypes.float8_e5m2, "float8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
          "float8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz, "float8_e8m0fnu": ml_dtypes.float8_e8m0fnu}


class Oracle(pickle.Unpickler):
    """The standard library's pickles with stand-ins for torch's names: tensors become NumPy arrays."""

    def __init__(self, file, storage_of):
        super().__init__(file)
        self.storage_of = storage_of

    def find_class(self, module, name):
        if name.endswith("Storage"):
            return np.dtype(STORAGES.get(name.removesuffix("Storage"), "u1"))
        if module == "torch" and name in DTYPES:
            return np.dtype(DTYPES[name])
        if name in ("_rebuild_tensor_v2", "_rebuild_tensor_v3"):
            return rebuild
        if name == "_rebuild_parameter":
            return lambda tensor, *_: tensor
        if name == "_rebuild_from_type_v2":
            return lambda function, kind, arguments, state: function(*arguments)
        if (module, name) in {("collections", "OrderedDict"), ("__builtin__", "set"), ("_codecs", "encode")}:
            return super().find_class(module, name)
        if name in ("device", "Size"):
            return lambda value: value
        return name

    def persistent_load(self, pid):
        assert pid[0] == "storage"
        return np.frombuffer(self.storage_of(pid), np.uint8).view(pid[1])


def rebuild(storage, offset, size, stride, grad, hooks, dtype=None):
    flat = storage if dtype is None else storage.view(dtype)
    raw = flat.view(f"V{flat.itemsize}")[offset:]  # as_strided knows no dtypes of others
    return np.lib.stride_tricks.as_strided(raw, size, [flat.itemsize * s for s in stride]).view(flat.dtype)


def flattened(value, name=""):
    if isinstance(value, np.ndarray):
        yield name or "tensor", value
    elif isinstance(value, (dict, list, tuple)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from flattened(inner, f"{name}.{key}" if name else str(key))


def oracle(path):
    content = path.read_bytes()
    if zipfile.is_zipfile(io.BytesIO(content)):
        file = zipfile.ZipFile(io.BytesIO(content))
        assert file.testzip() is None
        folder = file.namelist()[0].split("/")[0]
        return dict(flattened(Oracle(file.open(f"{folder}/data.pkl"), lambda pid: file.read(f"{folder}/data/{pid[2]}")).load()))
    stream = io.BytesIO(content)
    for _ in range(3):
        pickle.load(stream)
    begin, wanted = stream.tell(), {}
    Oracle(stream, lambda pid: bytes(wanted.setdefault(pid[2], pid[4] * pid[1].itemsize))).load()
    storages = {}
    for key in pickle.load(stream):
        assert struct.unpack("<q", stream.read(8))[0] >= 0
        storages[key] = stream.read(wanted[key])
    assert stream.read() == b""
    stream.seek(begin)
    return dict(flattened(Oracle(stream, lambda pid: storages[pid[2]]).load()))


def same_bits(tensor, expected):
    if tensor.encoding is not None:  # carried, not computed with
        assert tuple(tensor.shape) == expected.shape
        return
    found = np.asarray(ingot.astype(tensor, tensor.dtype, copy=True))
    assert found.shape == expected.shape and found.dtype == expected.dtype
    width = f"V{found.itemsize}"
    assert np.ascontiguousarray(found).view(width).tolist() == np.ascontiguousarray(expected).view(width).tolist()


def test_there_are_archives():
    assert len(MADE) == 9


@pytest.mark.parametrize("path", MADE, ids=lambda p: p.stem)
def test_what_torch_saved(path):
    file = ingot.open(path)
    assert file.format == "pytorch" and file.notes == []
    theirs = oracle(path)
    with np.load(path.with_suffix(".npz")) as expected:
        assert set(file) == set(expected) == set(theirs)
        for name, tensor in file.items():
            same_bits(tensor, theirs[name])
            # What torch itself said; dtypes that NumPy has not are there as bytes.
            content = expected[name]
            assert np.ascontiguousarray(theirs[name]).tobytes() == content.tobytes()


def test_tensors_are_views_of_the_file():
    file = ingot.open(ROOT / "tests" / "data" / "pytorch" / "shared.pt")
    pointers = {name: np.asarray(tensor).__array_interface__["data"][0] for name, tensor in file.items()}
    assert len(set(pointers.values())) == 1 and not np.asarray(file["head"]).flags.writeable


def test_what_stands_beside_the_tensors():
    metadata = ingot.open(ROOT / "tests" / "data" / "pytorch" / "checkpoint.pt").metadata
    expected = {"epoch": 3, "loss": 0.25, "best": True, "name": "caf\u00e9", "large": 2**40, "negative": -2**40,
                "shape.0": 2, "shape.1": 3, "history.0": 0.5, "history.1.0": 1, "optimizer.param_groups.0.betas.1": 0.999,
                "tags.0": 1}
    assert {name: metadata[name] for name in expected} == expected
    assert not {"seed", "nothing", "device", "dtype", "bytes"} & set(metadata)


REAL = ["bfloat16", "bool", "checkpoint", "empty", "extreme_values", "float16", "float32", "float64", "int16", "int64", "int8",
        "legacy_with_offsets", "mixed_types", "mnist", "nested_dict", "parameter", "scalar", "simple_legacy",
        "special_values", "state_dict", "tensor_2d", "uint8"]


@pytest.mark.parametrize("name", REAL)
def test_archives_of_others(test_data, name):
    path = test_data / "pytorch" / f"{name}.pt"
    file, expected = ingot.open(path), oracle(path)
    assert set(file) == set(expected)
    for key, tensor in file.items():
        same_bits(tensor, expected[key])


def test_a_broken_archive(test_data):
    with pytest.raises(ingot.InvalidFileError, match="broken.pt: 3 bytes that are neither a ZIP archive nor"):
        ingot.open(test_data / "pytorch" / "broken.pt")


# --- by hand --------------------------------------------------------------------------------------------------------


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return b"X" + struct.pack("<I", len(raw)) + raw


def integer(value):
    if -2**31 <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(16, "little", signed=True)[: 8 if -2**63 <= value < 2**63 else 16]
    return b"\x8a" + bytes([len(raw)]) + raw


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def group(*values):
    return b"(" + b"".join(integer(v) if isinstance(v, int) else v for v in values) + b"t"


def storage(key="0", kind="FloatStorage", elements=6, more=()):
    return group(text("storage"), name("torch", kind), text(key), text("cpu"), elements, *more) + b"Q"


HOOKS = b"\x89" + name("collections", "OrderedDict") + b")R"


def tensor(size=(2, 3), stride=(3, 1), offset=0, held=None):
    return name("torch._utils", "_rebuild_tensor_v2") + group(held or storage(), offset, group(*size), group(*stride), HOOKS) + b"R"


def one(value=None):
    return b"\x80\x02}" + text("w") + (tensor() if value is None else value) + b"s."


def archive(path, pickled, data=None, **more):
    entries = {"x/data.pkl": pickled, "x/byteorder": more.pop("byteorder", b"little")}
    entries |= {f"x/data/{k}": v for k, v in ({"0": np.arange(6, dtype="<f4").tobytes()} if data is None else data).items()}
    with zipfile.ZipFile(path, "w", more.pop("method", zipfile.ZIP_STORED)) as file:
        for key, content in entries.items():
            file.writestr(key, content)
    return path


def legacy(path, pickled, keys=("0",), behind=struct.pack("<q", 6) + bytes(24)):
    pickles = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    head = b"".join(pickle.dumps(value, 2) for value in pickles)
    path.write_bytes(head + pickled + pickle.dumps(list(keys), 2) + behind)
    return path


def test_a_minimal_archive(tmp_path):
    expected = np.arange(6, dtype="f4").reshape(2, 3)
    np.testing.assert_array_equal(np.asarray(ingot.open(archive(tmp_path / "a.pt", one()))["w"]), expected)
    assert ingot.open(legacy(tmp_path / "b.pt", one(tensor(held=storage(more=(b"N",))))))["w"].shape == (2, 3)
    # PyTorch never deflates; other programs that pack archives again do.
    file = ingot.open(archive(tmp_path / "c.pt", one(), method=zipfile.ZIP_DEFLATED))
    np.testing.assert_array_equal(np.asarray(file["w"]), expected)
    assert "compressed" in file.notes[0]


def test_big_endian_archives(tmp_path):
    held = {"0": np.arange(6, dtype=">f4").tobytes(), "1": np.arange(4, dtype=">i2").tobytes(), "2": b"\1\2"}
    pickled = (b"\x80\x02}(" + text("a") + tensor((3, 2), (1, 3)) + text("b") + tensor((2,), (2,), 1, storage("1", "ShortStorage", 4)) +
               text("c") + tensor((2,), (1,), 0, storage("2", "ByteStorage", 2)) + text("d") + tensor((2,), (1,), 4) + b"u.")
    file = ingot.open(archive(tmp_path / "a.pt", pickled, held, byteorder=b"big"))
    assert {k: t.tolist() for k, t in file.items()} == {"a": [[0, 3], [1, 4], [2, 5]], "b": [1, 3], "c": [1, 2], "d": [4, 5]}
    assert "big-endian" in file.notes[0]


def test_python_2_dictionaries(tmp_path):
    pairs = b"]" + b"]" + text("w") + b"a" + tensor() + b"aa"
    pickled = b"\x80\x02" + name("collections", "OrderedDict") + b"(" + pairs + b"tR."
    assert list(ingot.open(archive(tmp_path / "a.pt", pickled))) == ["w"]


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


BAD_PICKLES = {
    "empty": (b"", "byte 0: pickle: 0 bytes remain"),
    "no protocol": (b"}.", "does not begin with PROTO"),
    "protocol 4": (b"\x80\x04}.", "protocol 4, expected 2"),
    "no stop": (b"\x80\x02}", "0 bytes remain"),
    "bytes behind": (one() + b"x", "1 bytes behind"),
    "values left over": (b"\x80\x02}}.", "1 values are left over"),
    "unknown opcode": (b"\x80\x02i.", "opcode 0x69"),
    "extension": (b"\x80\x02\x82\x01.", "opcode 0x82"),
    "stack": (b"\x80\x02a.", "bottom of the stack"),
    "stack below a mark": (b"\x80\x02](\x85.", "bottom of the stack"),
    "no mark": (b"\x80\x02t.", "without a mark"),
    "memo ahead": (b"\x80\x02}r\xff\xff\xff\x7f.", "memo 2147483647 before 0"),
    "memo absent": (b"\x80\x02h\x05.", "memo 5 of 0"),
    "long name": (b"\x80\x02c" + b"a" * 1000 + b"\nb\n.", "more than 256 bytes"),
    "text past the end": (b"\x80\x02X\xff\xff\xff\xff.", "expected 4294967295"),
    "odd items": (b"\x80\x02}(Nu.", "key without a value"),
    "items of a list in a dictionary": (b"\x80\x02}Na.", "no list"),
    "items for a tuple": (b"\x80\x02)Na.", "no list"),
    "state of a list": (b"\x80\x02]Nb.", "no dictionary"),
    "call of a list": (b"\x80\x02])R.", "no function"),
    "call of a class": (b"\x80\x02" + name("torch", "Tensor") + b")R.", "no function"),
    "call of a storage": (b"\x80\x02" + name("torch", "FloatStorage") + b")R.", "no function"),
    "arguments": (b"\x80\x02" + name("torch._utils", "_rebuild_tensor_v2") + b")R.", "do not fit"),
    "from a type of itself": (b"\x80\x02" + name("torch._tensor", "_rebuild_from_type_v2") +
                              group(name("torch._tensor", "_rebuild_from_type_v2"), b"N", b")", b"N") + b"R.", "do not fit"),
    "parameter of nothing": (b"\x80\x02" + name("torch._utils", "_rebuild_parameter") + group(b"N") + b"R.", "do not fit"),
    "persistent id": (b"\x80\x02" + text("0") + b"Q.", "no storage"),
    "module": (b"\x80\x02" + group(text("module"), b"N", b"N", b"N", b"N") + b"Q.", "no storage"),
    "negative storage": (one(tensor(held=storage(elements=-1))), "no storage"),
    "large storage": (one(tensor(held=storage(elements=2**62))), "its size overflows"),
    "view of a storage": (one(tensor(held=storage(more=(group(text("1"), 0, 1),)))), "view of a storage"),
    "unknown storage": (one(tensor(held=storage(kind="QInt8Storage"))), "global torch.QInt8Storage"),
    "eval": (pickle.dumps(Evil(eval, "1"), 2), "global __builtin__.eval is none that tensors need"),
    "getattr": (b"\x80\x02" + name("builtins", "getattr") + b".", "global builtins.getattr"),
    "dotted": (b"\x80\x02" + name("torch", "serialization.os.system") + b".", "global torch.serialization.os.system"),
    "numpy": (pickle.dumps(np.float32(1), 2), "multiarray"),
    "depth": (b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "nested more than 64 deep"),
    "itself": (b"\x80\x02]q\0h\0a.", "nested more than 64 deep"),
    "marks": (b"\x80\x02" + b"(" * 5_000_000, "more than 4194304 values"),
    "values": (b"\x80\x02(" + b"N" * 5_000_000 + b"t.", "more than 4194304 values"),
    "memo": (b"\x80\x02" + b"N" + b"".join(b"r" + struct.pack("<I", i) for i in range(4_200_000)), "more than 4194304 values"),
    "key": (b"\x80\x02}" + group(1) + tensor() + b"s.", "neither texts nor integers"),
    "key that is no text": (b"\x80\x02}" + text(b"\xff") + tensor() + b"s.", "not valid UTF-8"),
    "key with a NUL": (b"\x80\x02}" + text(b"a\0") + tensor() + b"s.", "without NUL"),
    "name twice": (b"\x80\x02}(" + text("a.b") + tensor() + text("a") + b"}" + text("b") + tensor() + b"su.",
                   "tensor a.b .* has the name"),
}


@pytest.mark.parametrize("case", BAD_PICKLES)
def test_bad_pickles(tmp_path, case):
    pickled, why = BAD_PICKLES[case]
    path = archive(tmp_path / "x.pt", pickled)
    before = time.process_time()
    with pytest.raises(ingot.InvalidFileError, match=why):
        ingot.open(path)
    assert time.process_time() - before < 5


def test_nothing_is_called(tmp_path):
    marker = tmp_path / "called"
    for function, arguments in ((open, (str(marker), "w")), (exec, (f"open({str(marker)!r}, 'w')",))):
        pickled = pickle.dumps({"w": Evil(function, *arguments)}, 2)
        for path in (archive(tmp_path / "x.pt", pickled), legacy(tmp_path / "y.pt", pickled, (), b"")):
            with pytest.raises(ingot.InvalidFileError, match="nothing was imported or called"):
                ingot.open(path)
    assert not marker.exists()


@pytest.mark.parametrize("leaf", [b"", tensor()], ids=["nothing", "tensor"])
def test_memo_bombs(tmp_path, leaf):
    """Lists of ten times the list before: 10**20 leaves in some hundred bytes."""
    out = b"\x80\x02](" + leaf + b"eq\0"
    for level in range(20):
        out += b"](" + (b"h" + bytes([level])) * 10 + b"eq" + bytes([level + 1])
    pickled = out[:2] + b"](" + out[2:] + b"e."
    with pytest.raises(ingot.InvalidFileError, match="hold each other too often"):
        ingot.open(archive(tmp_path / "x.pt", pickled))


def test_long_names_for_many(tmp_path):
    """One long key over many values: the names would take 100 GB."""
    pickled = b"\x80\x02}" + text("k" * 1_000_000) + b"](" + b"K\x01" * 100_000 + b"es."
    with pytest.raises(ingot.InvalidFileError, match="too often"):
        ingot.open(archive(tmp_path / "x.pt", pickled))


@pytest.mark.parametrize("value,why", [
    (tensor((2, 3), (3, 1), 1), "reaches past its storage of 24 bytes"),
    (tensor((2, 3), (4, 1)), "reaches past"),
    (tensor((7,), (1,)), "reaches past"),
    (tensor((), (), 6), "reaches past"),
    (tensor((2, 3), (2**62, 1)), "overflows"),
    (tensor((2,), (2**60,), 0), "overflows|reaches past"),
    (tensor((2**40, 2**40), (0, 0)), "overflows"),
    (tensor((2**62, 0, 4), (0, 0, 0)), "overflows"),
    (tensor((2, 3), (-3, 1), 3), "non-negative"),
    (tensor((-2, 3), (3, 1)), "non-negative"),
    (tensor((2, 3), (3, 1), -1), "non-negative"),
    (tensor((2, 3), (3, 1), 2**64), "non-negative"),
    (tensor((2, 3), (3,)), "2 sizes with 1 strides"),
    (tensor((1,) * 9, (1,) * 9), "9 dimensions"),
    (tensor(held=storage(elements=7)), "storage 0 should have 28 bytes, found 24"),
    (tensor(held=storage(key="1")), "storage 1: the archive has no entry"),
    (tensor(held=storage(key="../data.pkl")), "no entry"),
], ids=str)
def test_tensors_outside_their_storage(tmp_path, value, why):
    with pytest.raises(ingot.InvalidFileError, match=why):
        ingot.open(archive(tmp_path / "x.pt", one(value)))


def test_strides_may_repeat_elements(tmp_path):
    file = ingot.open(archive(tmp_path / "x.pt", one(tensor((4, 3), (1, 1)))))
    assert file["w"].tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    large = ingot.open(archive(tmp_path / "y.pt", one(tensor((2**22, 3), (0, 1)))))["w"]  # a view takes no memory
    assert large.shape == (2**22, 3) and large[2**21].tolist() == [0, 1, 2]
    with pytest.raises(ingot.InvalidFileError, match="more than 1024 times as many"):
        ingot.open(archive(tmp_path / "z.pt", one(tensor((2**40, 3), (0, 1)))))


def test_archives_that_are_none_of_pytorchs(tmp_path):
    for entries, why in [({"a/b.txt": b""}, "without data.pkl"), ({"data/data.pkl/x": b""}, "without data.pkl"),
                         ({"a/data.pkl": one(), "b/data.pkl": one()}, "both a/data.pkl and b/data.pkl"),
                         ({"a/data.pkl": one(), "a/byteorder": b"middle"}, "byteorder middle, expected little or big")]:
        with zipfile.ZipFile(tmp_path / "x.pt", "w") as file:
            for key, content in entries.items():
                file.writestr(key, content)
        with pytest.raises(ingot.InvalidFileError, match=why):
            ingot.open(tmp_path / "x.pt")


def test_a_damaged_pickle(tmp_path):
    path = archive(tmp_path / "x.pt", one())
    content = bytearray(path.read_bytes())
    content[content.index(b"FloatStorage")] ^= 1
    path.write_bytes(content)
    with pytest.raises(ingot.InvalidFileError, match="entry x/data.pkl: checksum"):
        ingot.open(path)


def test_verify_compares_checksums(call, tmp_path):
    path = archive(tmp_path / "x.pt", one())
    call("verify", path)
    content = bytearray(path.read_bytes())
    content[content.index(np.arange(6, dtype="<f4").tobytes()) + 4] ^= 1
    path.write_bytes(content)
    assert ingot.open(path)["w"].shape == (2, 3)  # opening reads no storage
    out = call("verify", path, status=1)
    assert b"x/data/0" in out.stdout + out.stderr and b"checksum" in out.stdout + out.stderr


def test_every_truncation_is_refused(tmp_path):
    for path in MADE:
        content = path.read_bytes()
        for size in range(0, len(content), 1 if len(content) < 2000 else 97):
            (tmp_path / "x.pt").write_bytes(content[:size])
            with pytest.raises(ingot.InvalidFileError):
                ingot.open(tmp_path / "x.pt")


@pytest.mark.parametrize("keys,behind,why", [
    ((), b"", "storage 0: the file does not hold it"),
    (("1",), struct.pack("<q", 6) + bytes(24), "a key that no tensor names"),
    ((1,), struct.pack("<q", 6) + bytes(24), "a key that no tensor names"),
    (("0", "0"), (struct.pack("<q", 6) + bytes(24)) * 2, "storage 0: is there twice"),
    (("0",), struct.pack("<q", 7) + bytes(28), "7 elements, its tensor says 6"),
    (("0",), struct.pack("<q", -1), "its tensor says 6"),
    (("0",), struct.pack("<q", 6) + bytes(23), "23 bytes remain, expected 24"),
    (("0",), struct.pack("<q", 6) + bytes(25), "1 bytes behind the last"),
])
def test_bad_legacy_files(tmp_path, keys, behind, why):
    with pytest.raises(ingot.InvalidFileError, match=why):
        ingot.open(legacy(tmp_path / "x.pt", one(), keys, behind))


# --- ours -----------------------------------------------------------------------------------------------------------


def arrays():
    random = np.random.default_rng(11)
    shapes = [(), (3,), (0, 4), (2, 3, 4), (300, 2), (70_000,)]
    out = {}
    for kind in [*STORAGES.values(), *DTYPES.values()]:
        dtype = np.dtype(kind)
        if dtype.kind == "c" or dtype.name in ("float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"):
            continue  # tensors of these are carried from file to file, but not made
        for shape in shapes:
            raw = random.integers(0, 2 if dtype == bool else 256, int(np.prod(shape)) * dtype.itemsize, np.uint8)
            out[f"é.{dtype.name}.{len(out)}"] = raw.view(dtype).reshape(shape)
    return out


def test_others_read_what_we_write(tmp_path):
    expected = arrays()
    ingot.save(tmp_path / "x.pt", {key: ingot.asarray(value) for key, value in expected.items()})
    found = oracle(tmp_path / "x.pt")
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key].dtype == value.dtype and found[key].shape == value.shape
        assert np.ascontiguousarray(found[key]).tobytes() == value.tobytes()
    file = ingot.open(tmp_path / "x.pt")
    for key, value in expected.items():
        same_bits(file[key], value)


def test_entries_lie_where_torch_puts_them(tmp_path):
    ingot.save(tmp_path / "x.pt", {"a": np.ones(3, "f4"), "b": np.ones(100, "f8")})
    with zipfile.ZipFile(tmp_path / "x.pt") as file, open(tmp_path / "x.pt", "rb") as raw:
        assert file.namelist() == ["archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/data/1", "archive/version"]
        assert file.read("archive/byteorder") == b"little" and file.read("archive/version") == b"3\n"
        for entry in file.infolist():
            raw.seek(entry.header_offset + 26)
            name_bytes, extra_bytes = struct.unpack("<HH", raw.read(4))
            assert (entry.header_offset + 30 + name_bytes + extra_bytes) % 64 == 0
            assert entry.compress_type == zipfile.ZIP_STORED


@pytest.mark.parametrize("path", [p for p in MADE if "checkpoint" not in p.stem], ids=lambda p: p.stem)
def test_there_and_back(call, tmp_path, path):
    """Through our writer every tensor keeps its bits, and the strided ones become row-major."""
    call("convert", path, tmp_path / "x.pth")
    before, after = oracle(path), oracle(tmp_path / "x.pth")
    assert set(before) == set(after)
    for key, value in before.items():
        assert after[key].flags.c_contiguous and after[key].dtype == value.dtype
        assert after[key].tobytes() == np.ascontiguousarray(value).tobytes()


def test_checkpoints_become_safetensors(call, tmp_path):
    source = ROOT / "tests" / "data" / "pytorch" / "checkpoint.pt"
    call("convert", source, tmp_path / "x.safetensors")
    call("verify", tmp_path / "x.safetensors")
    file = ingot.open(tmp_path / "x.safetensors")
    assert set(file) == set(ingot.open(source)) and file.metadata["epoch"] == "3" and file.metadata["best"] == "true"
    assert b"metadata not written, pytorch holds tensors alone: epoch" in call("convert", source, tmp_path / "x.pt").stderr


def test_shards(call, tmp_path):
    expected = {f"t{i}": np.full((100, 100), i, np.float32) for i in range(8)}
    ingot.save(tmp_path / "whole.pt", expected)
    ingot.save(tmp_path / "shards", expected, format="pytorch", max_shard_bytes=100_000)
    index = json.loads((tmp_path / "shards" / "pytorch_model.bin.index.json").read_text())
    assert index["metadata"]["total_size"] == 320_000 and set(index["weight_map"]) == set(expected)
    assert {p.name for p in (tmp_path / "shards").glob("*.bin")} == set(index["weight_map"].values())
    for key, part in index["weight_map"].items():
        np.testing.assert_array_equal(oracle(tmp_path / "shards" / part)[key], expected[key])
    for path in (tmp_path / "shards", tmp_path / "shards" / "pytorch_model.bin.index.json"):
        file = ingot.open(path)
        assert file.format == "pytorch" and len(file.files) == 4
        for key, value in expected.items():
            same_bits(file[key], value)
    index["weight_map"]["t0"] = "pytorch_model-00004-of-00004.bin"
    (tmp_path / "shards" / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    with pytest.raises(ingot.InvalidFileError, match="tensor t0 is in pytorch_model-00001"):
        ingot.open(tmp_path / "shards")


def test_a_models_directory(call, root, tmp_path):
    """A Hugging Face model with PyTorch's weights is the same model."""
    model = root / "tests" / "golden" / "llama-gqa-llama3"
    (tmp_path / "model").mkdir()
    shutil.copy(model / "config.json", tmp_path / "model")
    call("convert", model / "model.safetensors", tmp_path / "model" / "pytorch_model.bin")
    assert ingot.open(tmp_path / "model").format == "huggingface"
    call("verify", tmp_path / "model")
    call("convert", model, tmp_path / "a.gguf")
    call("convert", tmp_path / "model", tmp_path / "b.gguf")
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()
    call("convert", tmp_path / "a.gguf", tmp_path / "c.pt")
    safetensors = ingot.open(model)
    for key, value in oracle(tmp_path / "c.pt").items():
        same_bits(safetensors[key], value)


@pytest.mark.parametrize("value", ["i4", "Q8_0"])
def test_what_pytorch_has_no_dtype_for(tmp_path, value):
    x = ingot.zeros((2, 32))
    x = ingot.quantize(x, "Q8_0") if value == "Q8_0" else ingot.astype(x, "int4")
    with pytest.raises(ValueError, match=f"tensor w: PyTorch has no dtype for {value}"):
        ingot.save(tmp_path / "x.pt", {"w": x})
    with pytest.raises(ValueError, match="metadata k"):
        ingot.save(tmp_path / "x.pt", {"w": ingot.zeros(1)}, {"k": "v"})
    assert list(tmp_path.iterdir()) == []
