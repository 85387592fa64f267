"""ingot.open and ingot.save beside the readers and writers that other tools use."""

import collections.abc
import gguf
import numpy as np
import pytest
import safetensors
import safetensors.numpy

import ingot


@pytest.fixture
def weights():
    generator = np.random.default_rng(1)
    return {"a": generator.standard_normal((4, 64)).astype("float32"), "b": np.arange(6, dtype="int32")}


def test_save_safetensors_for_others(tmp_path, weights):
    path = tmp_path / "x.safetensors"
    ingot.save(path, {"a": ingot.asarray(weights["a"]).T, "b": weights["b"]}, metadata={"author": "tést"})
    read = safetensors.numpy.load_file(path)
    assert np.array_equal(read["a"], weights["a"].T) and np.array_equal(read["b"], weights["b"])
    with safetensors.safe_open(path, "numpy") as file:
        assert file.metadata() == {"author": "tést"}


def test_open_safetensors_of_others(tmp_path, weights):
    path = tmp_path / "x.safetensors"
    safetensors.numpy.save_file(weights, path, metadata={"k": "v"})
    file = ingot.open(path)
    assert isinstance(file, collections.abc.Mapping) and file.format == "safetensors" and file.metadata == {"k": "v"}
    assert set(file) == set(file.keys()) == {"a", "b"} and len(file) == 2 and "a" in file and "c" not in file
    assert 3 not in file
    for name, tensor in file.items():
        assert np.array_equal(np.asarray(tensor), weights[name]) and memoryview(tensor).readonly
    first = next(iter(file.values()))
    del file
    assert first.tolist()  # the mapping lives as long as its tensors


def test_missing_names_and_files(tmp_path, weights):
    path = tmp_path / "x.safetensors"
    safetensors.numpy.save_file(weights, path)
    file = ingot.open(str(path))
    with pytest.raises(KeyError) as caught:
        file["c"]
    assert isinstance(caught.value, ingot.Error) and "no tensor" in str(caught.value)
    assert file.get("c") is None and file.get("c", 1) == 1
    with pytest.raises(FileNotFoundError):
        ingot.open(tmp_path / "absent.gguf")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ingot.InvalidFileError):
        ingot.open(path)
    with pytest.raises(TypeError):
        ingot.open(3)


def test_gguf_both_ways(tmp_path, weights):
    path = tmp_path / "x.gguf"
    metadata = {"general.architecture": "llama", "x.small": 7, "x.negative": -7, "x.large": 2**40, "x.huge": 2**63,
                "x.real": 0.5, "x.flag": True, "x.words": ["a", "é"], "x.numbers": [1, 2], "x.mixed": [1, 2.5],
                "x.typed": np.float64(0.1), "x.byte": np.uint8(3), "x.signed": [-1, 2]}
    q = ingot.quantize(ingot.asarray(weights["a"]), "Q8_0")
    ingot.save(path, {"w": q, "a": weights["a"]}, metadata)
    reader = gguf.GGUFReader(path)
    types = {name: str(field.types[0].name) for name, field in reader.fields.items() if name.startswith("x.")}
    assert types == {"x.small": "UINT32", "x.negative": "INT32", "x.large": "INT64", "x.huge": "UINT64",
                     "x.real": "FLOAT32", "x.flag": "BOOL", "x.words": "ARRAY", "x.numbers": "ARRAY",
                     "x.mixed": "ARRAY", "x.typed": "FLOAT64", "x.byte": "UINT8", "x.signed": "ARRAY"}
    assert {name: reader.fields[name].contents() for name in metadata} == metadata
    theirs = {tensor.name: tensor for tensor in reader.tensors}
    assert np.array_equal(theirs["w"].data.reshape(-1), gguf.quants.quantize(weights["a"], gguf.GGMLQuantizationType.Q8_0).reshape(-1))

    file = ingot.open(path)
    assert {name: file.metadata[name] for name in metadata} == metadata
    assert file["w"].encoding.scheme == "Q8_0" and file["w"].shape == (4, 64) and file["w"].dtype == ingot.float32
    decoded = gguf.quants.dequantize(theirs["w"].data, theirs["w"].tensor_type)
    assert np.array_equal(np.asarray(ingot.dequantize(file["w"])), decoded.reshape(4, 64))
    with pytest.raises(TypeError, match="dequantize"):
        np.asarray(file["w"])


@pytest.mark.parametrize("value", [None, object(), [1, "a"], ["a", 1], [True, 2], 2**64, -2**63 - 1, [[1], 2], {}], ids=lambda v: type(v).__name__)
def test_metadata_that_cannot_be_written(tmp_path, value):
    with pytest.raises((TypeError, OverflowError)):
        ingot.save(tmp_path / "x.gguf", {"a": [1.0]}, {"k": value})
    assert list(tmp_path.iterdir()) == []


def test_save_refuses(tmp_path):
    path = tmp_path / "x.safetensors"
    ingot.save(path, {"a": [1.0]})
    before = path.read_bytes()
    for call, error in [
        (lambda: ingot.save(path, {"a": [2.0]}), ValueError),
        (lambda: ingot.save(path, {"a": [2.0]}, {"k": 3}, force=True), (TypeError, ValueError)),
        (lambda: ingot.save(tmp_path / "noname", {"a": [2.0]}), ValueError),
        (lambda: ingot.save(tmp_path / "x.gguf", {"a": "text"}), TypeError),
        (lambda: ingot.save(tmp_path / "no" / "x.gguf", {"a": [2.0]}), OSError),
        (lambda: ingot.save(tmp_path / "y.gguf", {"a": [2.0]}, progress=lambda done, total: 1 / 0), ZeroDivisionError),
        (lambda: ingot.save(tmp_path / "y.gguf", ["a"]), (TypeError, AttributeError)),
    ]:
        with pytest.raises(error):
            call()
        assert [p.name for p in tmp_path.iterdir()] == ["x.safetensors"] and path.read_bytes() == before
    seen = []
    ingot.save(path, {"a": [2.0]}, force=True, progress=lambda done, total: seen.append((done, total)))
    assert ingot.open(path)["a"].tolist() == [2.0] and seen and seen[-1][0] == seen[-1][1]


def test_weights_held_in_several_tensors_are_decoded_when_asked_for(root):
    directory = root / "tests" / "golden" / "quantized" / "nf4"
    expected = ingot.open(directory / "expected.safetensors")["layer.weight"]
    file = ingot.open(directory)
    assert list(file) == ["layer.weight"] and file.scheme("layer.weight") == "bitsandbytes nf4, block 64"
    weight = file["layer.weight"]
    assert weight.dtype == ingot.bfloat16 and weight.shape == (48, 96) and weight.encoding is None
    assert weight.tolist() == expected.tolist() == file.get("layer.weight").tolist()
    with pytest.raises(KeyError):
        file.scheme("absent")
