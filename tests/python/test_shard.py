"""shard: the files it writes, read by `gguf` and `safetensors`; splitting and merging give back every byte."""

import json
import math

import gguf
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file


def arrays(sizes):
    rng = np.random.default_rng(61)
    return {f"blk.{i}.w": rng.standard_normal((size, 32)).astype(np.float32) for i, size in enumerate(sizes)}


def write_gguf(path, tensors):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(2)
    for name, data in tensors.items():
        writer.add_tensor(name, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def held(files):
    """name → array, and the names of each file, as `gguf` reads them."""
    found, parts = {}, []
    for file in files:
        tensors = {t.name: np.array(t.data) for t in gguf.GGUFReader(file).tensors}
        parts.append(list(tensors))
        found.update(tensors)
    return found, parts


# Equal ones; one larger than the rest together; one file each; one tensor; more files than help.
@pytest.mark.parametrize(
    "sizes,count,files_made",
    [([8] * 12, 4, 4), ([100, 1, 1, 1], 3, 2), ([3, 9, 9, 9, 9, 9], 6, 6), ([5], 1, 1), ([8] * 4, 3, 2)],
)
def test_gguf_by_count(call, tmp_path, sizes, count, files_made):
    tensors = arrays(sizes)
    write_gguf(tmp_path / "model.gguf", tensors)
    call("shard", tmp_path / "model.gguf", tmp_path / "shards", "--count", count)
    files = sorted((tmp_path / "shards").glob("*.gguf"))
    assert len(files) == files_made
    found, parts = held(files)
    assert sum(parts, []) == list(tensors) and all(np.array_equal(found[n], tensors[n]) for n in tensors)
    # No cut of consecutive tensors into at most so many files has a smaller largest one.
    best = [0] + [math.inf] * len(sizes)
    for _ in range(count):
        best = [min(max(best[begin], sum(sizes[begin:end])) for begin in range(end + 1)) for end in range(len(best))]
    assert max(sum(sizes[list(tensors).index(n)] for n in part) for part in parts) == best[-1]
    call("shard", tmp_path / "shards", tmp_path / "merged.gguf", "--merge")
    call("diff", tmp_path / "model.gguf", tmp_path / "merged.gguf")
    again, _ = held([tmp_path / "merged.gguf"])
    assert list(again) == list(tensors)
    assert "split.count" not in gguf.GGUFReader(tmp_path / "merged.gguf").fields


def test_safetensors_by_size_and_anew(call, tmp_path):
    tensors = {f"t{i:02}": np.full((1 << 18,), i, np.float16) for i in range(7)}  # 512 KiB each
    save_file(tensors, tmp_path / "model.safetensors")
    call("shard", tmp_path / "model.safetensors", tmp_path / "one", "--max-size", 1)
    call("shard", tmp_path / "one", tmp_path / "two", "--count", 2)
    for folder, sizes in (("one", [2, 2, 2, 1]), ("two", [4, 3])):
        index = json.loads((tmp_path / folder / "model.safetensors.index.json").read_text())
        assert index["metadata"]["total_size"] == 7 << 19 and set(index["weight_map"]) == set(tensors)
        files = sorted((tmp_path / folder).glob("*.safetensors"))
        assert sorted((len(safe_open(f, "numpy").keys()) for f in files), reverse=True) == sizes
        for name, file in index["weight_map"].items():
            with safe_open(tmp_path / folder / file, "numpy") as opened:
                assert np.array_equal(opened.get_tensor(name), tensors[name])
    call("shard", tmp_path / "two", tmp_path / "merged.safetensors", "--merge")
    call("diff", tmp_path / "model.safetensors", tmp_path / "merged.safetensors")


def test_a_model_keeps_its_documents(call, root, tmp_path):
    source = root / "tests/golden/llama-headdim"
    call("shard", source, tmp_path / "out", "--count", 3)
    assert json.loads((tmp_path / "out/config.json").read_text()) == json.loads((source / "config.json").read_text())
    assert len(list((tmp_path / "out").glob("*.safetensors"))) == 3
    call("verify", tmp_path / "out")
    call("diff", source, tmp_path / "out")


def test_wrong_use(call, tmp_path):
    write_gguf(tmp_path / "model.gguf", arrays([4, 4]))
    for arguments in ((), ("--merge", "--count", 2), ("--count", 2, "--max-size", 1), ("--count", -1)):
        call("shard", tmp_path / "model.gguf", tmp_path / "out", *arguments, status=2)
    done = call("shard", tmp_path / "model.gguf", tmp_path / "out", "--count", 3, status=1)
    assert b"3 files for the 2 tensors" in done.stderr and not (tmp_path / "out").exists()
    np.save(tmp_path / "x.npy", np.zeros(4))
    assert b"npy files in shards" in call("shard", tmp_path / "x.npy", tmp_path / "out", "--merge", status=1).stderr
