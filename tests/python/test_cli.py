"""The command, as a person uses it: text, statistics, round trips, errors and exit statuses."""

import json
import math
import re
import resource
import subprocess

import numpy as np
import pytest
from conftest import raw_tensors
from safetensors.numpy import save_file


@pytest.fixture(scope="session")
def stories(test_data):
    return test_data / "stories260K"


@pytest.fixture(scope="session")
def golden(root):
    return root / "tests" / "golden"


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def stories_forms(call, stories, tmp_path_factory):
    """The checkpoint itself, and what convert makes of it."""
    directory = tmp_path_factory.mktemp("stories")
    call("convert", stories / "checkpoint.bin", directory / "stories.gguf", "--dtype", "f32")
    call("convert", stories / "checkpoint.bin", directory / "stories-hf", "--to", "hf")
    return {"llama2c": stories / "checkpoint.bin", "gguf": directory / "stories.gguf", "hf": directory / "stories-hf"}


@pytest.mark.parametrize("form", ["llama2c", "gguf", "hf"])
@pytest.mark.parametrize("prompt, n, file", [("", 256, "greedy-256.txt"), ("The dog", 61, "greedy-64-the-dog.txt")])
def test_greedy_text_is_llama2cs(call, stories, stories_forms, form, prompt, n, file):
    out = call("run", stories_forms[form], "--prompt", prompt, "-n", n, "--temperature", 0)
    assert out.stdout == (stories / file).read_bytes()


def test_a_pipe_gets_text_alone_and_speed_goes_to_stderr(call, stories):
    out = call("run", stories / "checkpoint.bin", "-n", 3, "--seed", 1)
    assert b"\x1b" not in out.stdout + out.stderr
    assert b"tokens/s" in out.stderr and b"tokens/s" not in out.stdout


def test_the_seed_decides(call, stories):
    texts = {call("run", stories / "checkpoint.bin", "-n", 40, "--temperature", 1, "--seed", s).stdout for s in (1, 1, 2)}
    assert len(texts) == 2


# --- inspect and verify ---------------------------------------------------------------------------------------------


def random_arrays():
    rng = np.random.default_rng(7)
    wild = rng.standard_normal(5000).astype(np.float32)
    wild[[3, 77, 4000]] = [np.nan, np.inf, -np.inf]
    wild[10:20] = 0
    return {
        "normal": rng.standard_normal((257, 129)).astype(np.float32),
        "half": rng.standard_normal((64, 33)).astype(np.float16),
        "double": rng.standard_normal(1000) * 1e-300,
        "integers": rng.integers(-100, 100, (7, 11), dtype=np.int64),
        "wild": wild,
        "constant": np.full(9, 2.5, np.float32),
        "scalar": np.array(-3.0, np.float32),
        "empty": np.zeros((0, 4), np.float32),
    }


def assert_stats(stats, array):
    values = array.astype(np.float64).ravel()
    finite = values[np.isfinite(values)]
    assert stats["nan"] == np.isnan(values).sum()
    assert stats["inf"] == np.isinf(values).sum()
    assert stats["zeros"] == (finite == 0).sum()
    if not finite.size:
        assert stats["mean"] is None
        return
    assert stats["min"] == finite.min() and stats["max"] == finite.max()
    # Both sum in double: pairwise sums of n terms differ by less than 2·log2(n)·eps relative to Σ|x|.
    bound = 2 * max(1, math.log2(finite.size)) * 2.0**-52
    assert abs(stats["mean"] - finite.mean()) <= bound * np.abs(finite).mean()
    assert abs(stats["std"] - finite.std()) <= 4 * bound * (finite.std() + np.abs(finite).max() * 2.0**-52)
    assert stats["histogram"] == np.histogram(finite, 32)[0].tolist()


def test_statistics_equal_numpys(call, tmp_path):
    arrays = random_arrays()
    save_file(arrays, tmp_path / "arrays.safetensors")
    report = json.loads(call("inspect", tmp_path / "arrays.safetensors", "--stats", "--json").stdout)
    assert {t["name"] for t in report["tensors"]} == set(arrays)
    for tensor in report["tensors"]:
        assert tensor["shape"] == list(arrays[tensor["name"]].shape)
        assert tensor["bytes"] == arrays[tensor["name"]].nbytes
        assert_stats(tensor["stats"], arrays[tensor["name"]])


def test_statistics_are_drawn(call, tmp_path):
    counts = [1, 0, 2, 3, 7, 8, 9, 50, 63, 64, 0, 127, 128, 200, 256, 257, 511, 512, *[0] * 10, 1, 0, 0, 7]
    assert len(counts) == 32
    # Centres of bins that are 1 wide from 0 to 32: the ends of the range are added to the first bin and the last.
    values = np.repeat(np.arange(32) + 0.5, np.array(counts)).astype(np.float32)
    values = np.concatenate([values, np.array([0, 32, np.nan, np.inf, -np.inf], np.float32)])
    finite = values[np.isfinite(values)]
    histogram = np.histogram(finite, 32)[0]
    assert histogram.tolist() == [counts[0] + 1, *counts[1:-1], counts[-1] + 1]
    save_file({"drawn": values, "nothing": np.zeros((0, 2), np.float32), "one": np.full(3, 2.5, np.float32)},
              tmp_path / "x.safetensors")
    lines = call("inspect", tmp_path / "x.safetensors", "--stats").stdout.decode().split("\n")
    row = {line.split()[0]: line for line in lines if line.split() and line.split()[0] in ("drawn", "nothing", "one")}
    # Eighths of the fullest bin, rounded up: what is counted shows.
    blocks = " ▁▂▃▄▅▆▇█"
    bars = "".join(blocks[-(-8 * int(n) // int(histogram.max()))] for n in histogram)
    assert row["drawn"].endswith("  " + bars)
    doubles = finite.astype(np.float64)
    numbers = [f"{x:.4g}" for x in (doubles.min(), doubles.max(), doubles.mean(), doubles.std())]
    assert row["drawn"][: -len(bars)].split()[-6:] == [*numbers, "1", "3"]
    assert row["nothing"].endswith(" " * 32) and row["nothing"].split()[-6:] == ["nan"] * 4 + ["0", "0"]
    assert row["one"].endswith("  " + " " * 16 + "█" + " " * 15)


def test_offsets_point_at_the_bytes(call, tmp_path):
    arrays = random_arrays()
    save_file(arrays, tmp_path / "arrays.safetensors")
    content = (tmp_path / "arrays.safetensors").read_bytes()
    for tensor in json.loads(call("inspect", tmp_path / "arrays.safetensors", "--json").stdout)["tensors"]:
        begin = tensor["offset"]
        assert content[begin : begin + tensor["bytes"]] == arrays[tensor["name"]].tobytes()


def test_tables_for_people(call, golden):
    out = call("inspect", golden / "mistral", "--stats").stdout.decode()
    assert "model.layers.0.self_attn.q_proj.weight" in out and "█" in out
    assert "sound" in call("verify", golden / "mistral").stdout.decode()


def test_verify_finds_what_is_not_finite(call, tmp_path):
    save_file(random_arrays(), tmp_path / "arrays.safetensors")
    out = call("verify", tmp_path / "arrays.safetensors", "--json", status=1)
    report = json.loads(out.stdout)
    assert not report["sound"]
    assert report["findings"] == [{"tensor": "wild", "what": "1 NaN and 2 infinite of 5000 elements"}]


def test_verify_finds_a_configuration_that_contradicts_the_tensors(call, golden, tmp_path):
    config = json.loads((golden / "mistral" / "config.json").read_text())
    config["intermediate_size"] = 96
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((golden / "mistral" / "model.safetensors").read_bytes())
    out = call("verify", tmp_path, status=1).stdout.decode()
    assert "model.layers.0.mlp.gate_proj.weight" in out and "(128, 64)" in out and "(96, 64)" in out


# --- conversion -----------------------------------------------------------------------------------------------------


def test_refuses_to_overwrite_without_force(call, golden, tmp_path):
    out = tmp_path / "out.safetensors"
    call("convert", golden / "mistral", out)
    before = out.read_bytes()
    assert b"out.safetensors" in call("convert", golden / "mistral", out, "--dtype", "f32", status=1).stderr
    assert out.read_bytes() == before
    call("convert", golden / "mistral", out, "--dtype", "f32", "--force")
    assert {dtype for dtype, _, _ in raw_tensors(out).values()} == {"F32"}


def test_a_full_disk_leaves_nothing(ingot, golden, tmp_path):
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    process = subprocess.run([ingot, "convert", golden / "mistral", tmp_path / "out.gguf", "--dtype", "f32"],
                             capture_output=True, preexec_fn=small_files)
    assert process.returncode == 1
    assert b"out.gguf" in process.stderr
    assert list(tmp_path.iterdir()) == []


# --- wrong use ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [
    [], ["frobnicate"], ["inspect"], ["inspect", "a", "b"], ["run"], ["quantize", "a", "b"],
    ["quantize", "a", "b", "--type", "q9_9"], ["convert", "a", "b", "--dtype", "i8"], ["perplexity", "a"],
    ["run", "x", "-n", "many"],
])
def test_wrong_use_is_status_2(call, arguments):
    process = call(*arguments, status=2)
    assert process.stderr and not process.stdout


@pytest.mark.parametrize("command", ["inspect", "verify", "convert", "quantize", "run", "perplexity", "embed", "tokenize",
                                     "calibrate", "diff", "shard", "devices", "version"])
def test_help_has_an_example(call, command):
    assert re.search(rf"Examples?: ingot {command}\b", call(command, "--help").stdout.decode())


def test_version_and_devices(call):
    assert call("version").stdout.startswith(b"ingot ")
    device = json.loads(call("devices", "--json").stdout)[0]
    assert device["device"] == "cpu" and device["threads"] >= 1 and device["memory_bytes"] > 2**28


def error_of(call, *arguments):
    process = call(*arguments, status=1)
    assert not process.stdout
    lines = process.stderr.decode().strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_errors_are_one_line(call, golden, tmp_path):
    assert "absent.gguf" in error_of(call, "inspect", tmp_path / "absent.gguf")
    message = error_of(call, "run", "nobody/nothing", "--prompt", "x")
    assert "nobody/nothing" in message and "download" in message
    (tmp_path / "empty").mkdir()
    assert "empty" in error_of(call, "inspect", tmp_path / "empty")
    (tmp_path / "bad.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{\"a\":1}.")
    assert "bad.safetensors" in error_of(call, "verify", tmp_path / "bad.safetensors")
    assert "tokenizer" in error_of(call, "run", golden / "mistral", "--prompt", "x")
    assert "no-such-text" in error_of(call, "perplexity", golden / "mistral", "--text", tmp_path / "no-such-text")


def test_a_prompt_longer_than_the_context(call, stories):
    message = error_of(call, "run", stories / "checkpoint.bin", "--prompt", "dog " * 600)
    assert "the context 512" in message
