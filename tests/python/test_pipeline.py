"""Writing by tiles: the same bytes for any threads and memory, and what is left when a run does not end well."""

import json
import os
import random
import resource
import signal
import subprocess
import time

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

ROWS, COLUMNS = 3000, 1024  # 12 tiles of f32


@pytest.fixture(scope="module")
def golden(root):
    return root / "tests" / "golden"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of matrices, vectors and what has odd shapes."""
    rng = np.random.default_rng(11)
    path = tmp_path_factory.mktemp("weights") / "in.safetensors"
    arrays = {f"matrix{i}": rng.standard_normal((ROWS, COLUMNS)).astype(np.float32) for i in range(4)}
    arrays["vector"] = rng.standard_normal(700_001).astype(np.float32)
    arrays["wide"] = rng.standard_normal((3, 500_000)).astype(np.float32)
    arrays["stack"] = rng.standard_normal((5, 300, 256)).astype(np.float32)
    arrays["scalar"] = np.array(2.5, np.float32)
    save_file(arrays, path)
    return path


@pytest.fixture(scope="module")
def gguf(call, weights):
    """The matrices under a name that quantize takes as a weight's."""
    import gguf as reference

    path = weights.parent / "in.gguf"
    writer = reference.GGUFWriter(str(path), "llama")
    for name, array in load_file(weights).items():
        if array.ndim == 2:
            writer.add_tensor(f"blk.0.{name}.weight", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


WAYS = [(threads, memory) for threads in (1, 2, 7) for memory in (16, 512)]


@pytest.mark.parametrize("to", ["safetensors", "pytorch", "npz", "hf"])
def test_conversions_are_the_same_bytes(call, golden, weights, tmp_path, to):
    seen = set()
    for threads, memory in WAYS:
        out = tmp_path / f"{threads}-{memory}"
        source = golden / "mistral" if to == "hf" else weights
        call("convert", source, out, "--to", to, "--dtype", "f16", "--threads", threads, "--memory", memory)
        file = out / "model.safetensors" if to == "hf" else out
        seen.add(file.read_bytes())
        file.unlink()
    assert len(seen) == 1


@pytest.mark.parametrize("scheme", ["q8_0", "q4_k", "i2_s", "tq2_0"])
def test_quantized_files_are_the_same_bytes(call, gguf, tmp_path, scheme):
    seen = set()
    for threads, memory in WAYS:
        out = tmp_path / "out.gguf"
        call("quantize", gguf, out, "--type", scheme, "--pure", "--force", "--threads", threads, "--memory", memory)
        seen.add(out.read_bytes())
    assert len(seen) == 1


def test_values_pass_through_tiles(call, weights, tmp_path):
    call("convert", weights, tmp_path / "out.safetensors", "--dtype", "f16")
    ours = load_file(tmp_path / "out.safetensors")
    for name, array in load_file(weights).items():
        assert np.array_equal(ours[name], array.astype(np.float16)), name
    # torch and numpy check the checksums of what they read: those were put together from tiles.
    call("convert", weights, tmp_path / "out.npz", "--dtype", "f32")
    with np.load(tmp_path / "out.npz") as archive:
        for name, array in load_file(weights).items():
            assert np.array_equal(archive[name], array), name


def test_rounding_is_told(call, weights, tmp_path):
    out = call("convert", weights, tmp_path / "out.safetensors", "--dtype", "bf16", "--json")
    rounded = {entry["tensor"]: entry for entry in json.loads(out.stdout)["rounded"]}
    ours = load_bf16(tmp_path / "out.safetensors")
    for name, array in load_file(weights).items():
        error = np.abs(ours[name].astype(np.float64) - array)
        if not error.max():
            assert name not in rounded
            continue
        entry = rounded[name]
        assert (entry["from"], entry["to"]) == ("f32", "bf16")
        # Differences of neighbours in f32 are exact; the quotient is rounded once.
        assert entry["max_error"] == error.max()
        assert entry["max_relative_error"] == pytest.approx((error / np.abs(array)).max(), rel=2**-23)
    # A dtype that holds all numbers rounds nothing.
    out = call("convert", weights, tmp_path / "wide.safetensors", "--dtype", "f64", "--json")
    assert json.loads(out.stdout)["rounded"] == []


def load_bf16(path):
    from conftest import raw_tensors

    return {
        name: (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
        for name, (_, shape, data) in raw_tensors(path).items()
    }


def test_numbers_past_the_largest_are_told(call, tmp_path):
    save_file({"w": np.array([[1.0, 1e6]], np.float32)}, tmp_path / "in.safetensors")
    out = call("convert", tmp_path / "in.safetensors", tmp_path / "out.safetensors", "--dtype", "f16")
    assert b"rounded: w from f32 to f16, by at most inf" in out.stderr


def test_a_dry_run_prints_the_plan_and_writes_nothing(call, golden, gguf, tmp_path):
    out = call("convert", golden / "mistral", tmp_path / "x.gguf", "--dry-run", "--json")
    plan = json.loads(out.stdout)
    call("convert", golden / "mistral", tmp_path / "real.gguf")
    import gguf as reference

    real = {tensor.name: tensor for tensor in reference.GGUFReader(tmp_path / "real.gguf").tensors}
    assert [entry["name"] for entry in plan["tensors"]] == list(real)
    for entry in plan["tensors"]:
        tensor = real[entry["name"]]
        assert entry["shape"] == [int(n) for n in reversed(tensor.shape)]
        assert entry["bytes"] == tensor.n_bytes
        assert entry["type"].upper() == tensor.tensor_type.name
    assert plan["bytes"] == sum(tensor.n_bytes for tensor in real.values())
    table = call("quantize", gguf, tmp_path / "x.gguf", "--type", "q8_0", "-n").stdout.decode()
    assert "blk.0.matrix0.weight" in table and "Q8_0" in table and "nothing was written" in table
    assert os.listdir(tmp_path) == ["real.gguf"]


# --- runs that do not end well ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow(gguf):
    """A job of some seconds for one thread."""
    return ["quantize", gguf, "--type", "q4_k", "--pure", "--threads", "1"]


def start(ingot, slow, out, **options):
    command, source, *rest = map(str, slow)
    return subprocess.Popen([ingot, command, source, out, *rest], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def wait_for_work(directory, process):
    """Until the temporary file stands."""
    while process.poll() is None and not os.listdir(directory):
        time.sleep(0.001)


def test_a_killed_run_leaves_nothing_under_the_name(call, ingot, slow, tmp_path):
    begin = time.monotonic()
    call(slow[0], slow[1], tmp_path / "whole.gguf", *slow[2:])
    took = time.monotonic() - begin
    whole = (tmp_path / "whole.gguf").read_bytes()
    (tmp_path / "whole.gguf").unlink()
    killed = 0
    for moment in random.Random(3).choices(range(1000), k=20):
        process = start(ingot, slow, tmp_path / "out.gguf")
        time.sleep(took * moment / 1000)
        process.kill()
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            killed += 1
            assert not (tmp_path / "out.gguf").exists() or (tmp_path / "out.gguf").read_bytes() == whole
        else:
            assert (tmp_path / "out.gguf").read_bytes() == whole
        (tmp_path / "out.gguf").unlink(missing_ok=True)
        assert all(name.startswith(".") and name.endswith(".partial") for name in os.listdir(tmp_path))
    assert killed >= 10
    call(slow[0], slow[1], tmp_path / "out.gguf", *slow[2:])
    assert (tmp_path / "out.gguf").read_bytes() == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_removes_what_was_begun(ingot, slow, tmp_path, number):
    # A shell in the background, or a test's runner, may have it ignored.
    process = start(ingot, slow, tmp_path / "out.gguf", preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
    wait_for_work(tmp_path, process)
    process.send_signal(number)
    process.communicate()
    assert process.returncode == -number
    assert os.listdir(tmp_path) == []


def test_a_source_that_changes_is_an_error(ingot, slow, gguf, tmp_path):
    for change in ("time", "size"):
        source = tmp_path / "source" / "in.gguf"
        source.parent.mkdir(exist_ok=True)
        source.write_bytes(gguf.read_bytes())
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        process = start(ingot, [slow[0], source, *slow[2:]], out / "out.gguf")
        wait_for_work(out, process)
        if change == "time":
            os.utime(source, (1, 1))
        else:
            with source.open("ab") as file:
                file.write(b"more")
        _, errors = process.communicate()
        assert process.returncode == 1
        assert b"in.gguf changed while it was read" in errors
        assert os.listdir(out) == []


def test_a_full_disk_is_known_before_the_work(ingot, gguf, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("mount: a file system of 1 MiB cannot be made here")
    try:
        out = subprocess.run([ingot, "convert", gguf, disk / "out.gguf"], capture_output=True)
        assert out.returncode == 1
        assert b"the disk is full" in out.stderr and b"are free" in out.stderr
        assert os.listdir(disk) == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_memory_stays_within_its_limit(ingot, tmp_path):
    """The file is larger than the data segment may be, and so is one of its tensors."""
    rows = np.random.default_rng(1).standard_normal((20_000, 2048)).astype(np.float32)  # 164 MB
    save_file({"w": rows, "v": rows[:5000]}, tmp_path / "in.safetensors")
    limit = 96 << 20

    def limited():
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    for to in ("safetensors", "pytorch"):
        out = subprocess.run(
            [ingot, "convert", tmp_path / "in.safetensors", tmp_path / f"out.{to}", "--to", to, "--dtype", "bf16"]
            + ["--memory", "16", "--threads", "2"],
            capture_output=True, preexec_fn=limited,
        )  # fmt: skip
        assert out.returncode == 0, out.stderr.decode()
    ours = load_bf16(tmp_path / "out.safetensors")["w"]
    assert np.abs(ours - rows).max() <= 2**-8 * np.abs(rows).max()


@pytest.mark.parametrize("arguments", [["--memory", "15"], ["--threads", "-1"], ["--shard-size", "-1"]])
def test_limits_of_options(call, weights, tmp_path, arguments):
    call("convert", weights, tmp_path / "x.safetensors", *arguments, status=2)


