"""diff against NumPy: numbers, names across formats, exit statuses."""

import json

import gguf
import numpy as np
import pytest
from gguf import quants
from safetensors.numpy import save_file


def report(call, *arguments, status):
    return json.loads(call("diff", *arguments, "--json", status=status).stdout)


def write_gguf(path, tensors):
    writer = gguf.GGUFWriter(path, "none")
    for name, (data, kind) in tensors.items():
        writer.add_tensor(name, quants.quantize(data, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_numbers_are_numpys(call, tmp_path):
    rng = np.random.default_rng(41)
    a = {"w": rng.standard_normal((300, 512)).astype(np.float32), "same": rng.standard_normal(7).astype(np.float16),
         "half": rng.standard_normal((3, 5, 64)).astype(np.float32), "wide": np.array([2**60, 5, -1], np.int64)}  # fmt: skip
    b = {"w": a["w"].copy(), "same": a["same"], "half": a["half"].astype(np.float16), "wide": np.array([2**60 + 1, 5, -1])}
    b["w"][17, ::3] += rng.standard_normal(171).astype(np.float32)
    save_file(a, tmp_path / "a.safetensors")
    save_file(b, tmp_path / "b.safetensors")
    out = report(call, tmp_path / "a.safetensors", tmp_path / "b.safetensors", status=1)
    found = {t["name"]: t for t in out["tensors"]}
    assert set(found) == set(a) and not out["same"]
    for name in ("w", "half", "same"):
        x, y = a[name].astype(np.float64), b[name].astype(np.float64)
        assert found[name]["elements"] == x.size and found[name]["unequal"] == (x != y).sum()
        assert found[name]["maximum"] == np.abs(x - y).max()
        # Sums of at most 2¹⁸ doubles, in another order.
        assert found[name]["relative"] == pytest.approx(np.linalg.norm(x - y) / np.linalg.norm(x), rel=1e-10)
        cosine = (x * y).sum() / np.linalg.norm(x) / np.linalg.norm(y)
        assert found[name]["cosine"] == pytest.approx(cosine, rel=1e-10)
    assert found["wide"]["unequal"] == 1  # a double does not tell these apart
    assert found["half"]["a"] == {"dtype": "f32", "shape": [3, 5, 64]} and found["half"]["b"]["dtype"] == "f16"
    assert report(call, tmp_path / "a.safetensors", tmp_path / "a.safetensors", status=0)["same"]


def test_what_is_not_finite(call, tmp_path):
    nan, inf = np.nan, np.inf
    save_file({"x": np.array([nan, inf, -inf, 1, nan], np.float32)}, tmp_path / "a.safetensors")
    save_file({"x": np.array([nan, inf, inf, 1, 2], np.float32)}, tmp_path / "b.safetensors")
    (row,) = report(call, tmp_path / "a.safetensors", tmp_path / "b.safetensors", status=1)["tensors"]
    assert row["unequal"] == 2 and row["maximum"] is None and row["relative"] is None
    assert report(call, tmp_path / "a.safetensors", tmp_path / "a.safetensors", status=0)["same"]


def test_tensors_in_one_file_only_and_shapes(call, tmp_path):
    save_file({"x": np.zeros((2, 3), np.float32), "only": np.zeros(1, np.float32)}, tmp_path / "a.safetensors")
    save_file({"x": np.zeros((3, 2), np.float32), "other": np.zeros(1, np.float32)}, tmp_path / "b.safetensors")
    out = report(call, tmp_path / "a.safetensors", tmp_path / "b.safetensors", status=1)
    rows = {t["name"]: t for t in out["tensors"]}
    assert rows["only"]["b"] is None and rows["other"]["a"] is None and "unequal" not in rows["x"]
    text = call("diff", tmp_path / "a.safetensors", tmp_path / "b.safetensors", "--tolerance", 9, status=1).stdout.decode()
    assert "only in A" in text and "only in B" in text and "(2, 3) → (3, 2)" in text


def test_quantized_against_plain(call, tmp_path):
    x = np.random.default_rng(42).standard_normal((64, 256)).astype(np.float32)
    save_file({"x": x}, tmp_path / "a.safetensors")
    for kind in (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0):
        write_gguf(tmp_path / "b.gguf", {"x": (x, kind)})
        y = quants.dequantize(quants.quantize(x, kind), kind).astype(np.float64)
        (row,) = report(call, tmp_path / "a.safetensors", tmp_path / "b.gguf", status=1)["tensors"]
        expected = np.linalg.norm(x - y) / np.linalg.norm(x.astype(np.float64))
        assert row["relative"] == pytest.approx(expected, rel=1e-10) and row["b"]["dtype"] == kind.name
        call("diff", tmp_path / "a.safetensors", tmp_path / "b.gguf", "--tolerance", expected * 1.001)
        call("diff", tmp_path / "a.safetensors", tmp_path / "b.gguf", "--tolerance", expected * 0.999, status=1)


def test_a_model_against_its_conversion(call, root, tmp_path):
    """q and k have their rows in another order in GGUF, and every tensor another name."""
    for model in ("llama-headdim", "mistral"):
        source = root / "tests/golden" / model
        call("convert", source, tmp_path / f"{model}.gguf", "--dtype", "f32")
        out = report(call, source, tmp_path / f"{model}.gguf", "--tolerance", 0, status=0)
        assert out["same"] and all(t["unequal"] == 0 and t["a"] and t["b"] for t in out["tensors"])
        assert any("attn_q" in t["name"] for t in out["tensors"])
    call("diff", root / "tests/golden/llama-headdim", tmp_path / "mistral.gguf", "--tolerance", 0.5, status=1)
