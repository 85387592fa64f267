"""Weight files against the packages that define them: what others write we read, what we write they read."""

import json
import subprocess

import gguf
import numpy as np
import pytest
import safetensors.numpy

RELEASE_HELPER = "build/release/bin/rewrite"


@pytest.fixture(scope="module")
def rewrite(root):
    """IN FORMAT OUT: opens a file and writes what it holds."""
    helper = root / RELEASE_HELPER
    if not helper.exists():
        pytest.fail(f"{helper} is missing: run ./dev build")

    def run(source, form, target):
        subprocess.run([helper, source, form, target], check=True, capture_output=True, text=True)

    return run


def arrays():
    random = np.random.default_rng(7)
    return {
        "z.f32": random.standard_normal((3, 5)).astype(np.float32),
        "a.f16": random.standard_normal((4,)).astype(np.float16),
        "a.i64": np.array(-7, dtype=np.int64),
        "b.u8": np.arange(7, dtype=np.uint8),
        "b.bool": np.array([[True, False]]),
        'quote " \\ \n \x01 é': np.zeros((2, 0), dtype=np.float64),
        "c.u64": np.array([2**64 - 1], dtype=np.uint64),
        "c.i16": np.array([[-1], [2]], dtype=np.int16),
    }


def test_safetensors_bytes_equal_the_reference_writer(tmp_path, rewrite):
    reference, ours = tmp_path / "reference.safetensors", tmp_path / "ours.safetensors"
    safetensors.numpy.save_file(arrays(), reference, metadata={"format": "np"})
    rewrite(reference, "safetensors", ours)
    assert ours.read_bytes() == reference.read_bytes()


def test_safetensors_reads_our_shards(tmp_path, rewrite):
    safetensors.numpy.save_file(arrays(), tmp_path / "in.safetensors")
    rewrite(tmp_path / "in.safetensors", "huggingface", tmp_path / "out")
    found = safetensors.numpy.load_file(tmp_path / "out" / "model.safetensors")
    for name, expected in arrays().items():
        np.testing.assert_array_equal(found[name], expected)


def write_reference_gguf(path, endian):
    writer = gguf.GGUFWriter(path, "llama", endianess=endian)
    writer.add_uint8("k.u8", 200)
    writer.add_int8("k.i8", -5)
    writer.add_uint16("k.u16", 60000)
    writer.add_int16("k.i16", -300)
    writer.add_uint32("k.u32", 4_000_000_000)
    writer.add_int32("k.i32", -70000)
    writer.add_float32("k.f32", 0.1)
    writer.add_bool("k.bool", True)
    writer.add_string("k.string", "h\u00e9")
    writer.add_uint64("k.u64", 2**63)
    writer.add_int64("k.i64", -(2**62))
    writer.add_float64("k.f64", 0.1)
    writer.add_array("k.strings", ["a", "", "\u2581b"])
    writer.add_array("k.floats", [0.5, -2.0])
    random = np.random.default_rng(7)
    matrix = random.standard_normal((4, 256)).astype(np.float32)
    writer.add_tensor("f32", matrix)
    writer.add_tensor("f16", matrix.astype(np.float16))
    if endian == gguf.GGUFEndian.LITTLE:
        for kind in (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.TQ2_0):
            writer.add_tensor(kind.name, gguf.quants.quantize(matrix, kind), raw_dtype=kind)
    writer.add_tensor("i32", np.arange(6, dtype=np.int32).reshape(1, 2, 3))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def contents(path):
    reader = gguf.GGUFReader(path)
    fields = {name: (field.types, field.contents()) for name, field in reader.fields.items()
              if not name.startswith("GGUF.")}
    tensors = {t.name: (t.tensor_type, t.shape.tolist(), t.data.copy()) for t in reader.tensors}
    return fields, tensors


def test_gguf_reads_what_we_write(tmp_path, rewrite):
    reference, ours = tmp_path / "reference.gguf", tmp_path / "ours.gguf"
    write_reference_gguf(reference, gguf.GGUFEndian.LITTLE)
    rewrite(reference, "gguf", ours)
    assert ours.read_bytes() == reference.read_bytes()
    (fields, tensors), (our_fields, our_tensors) = contents(reference), contents(ours)
    assert our_fields == fields and len(fields) == 15
    assert our_tensors.keys() == tensors.keys() and len(tensors) == 6
    for name, (kind, shape, data) in tensors.items():
        assert our_tensors[name][:2] == (kind, shape)
        np.testing.assert_array_equal(our_tensors[name][2], data)


def test_big_endian_gguf(tmp_path, rewrite):
    write_reference_gguf(tmp_path / "big.gguf", gguf.GGUFEndian.BIG)
    rewrite(tmp_path / "big.gguf", "gguf", tmp_path / "little.gguf")
    (fields, tensors), (our_fields, our_tensors) = contents(tmp_path / "big.gguf"), contents(tmp_path / "little.gguf")
    assert our_fields == fields
    for name, (kind, shape, data) in tensors.items():
        assert our_tensors[name][:2] == (kind, shape)
        np.testing.assert_array_equal(our_tensors[name][2], data)


def test_index_is_read_by_json(tmp_path, rewrite):
    safetensors.numpy.save_file({f"t{i}": np.full(64, i, dtype=np.float32) for i in range(4)}, tmp_path / "in.safetensors")
    rewrite(tmp_path / "in.safetensors", "safetensors:600", tmp_path / "out")
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    assert index["metadata"] == {"total_size": 1024}
    for name, file in index["weight_map"].items():
        np.testing.assert_array_equal(safetensors.numpy.load_file(tmp_path / "out" / file)[name],
                                      np.full(64, int(name[1:]), dtype=np.float32))
