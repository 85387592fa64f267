"""The command in hostile or clumsy hands: one clear error, the right exit status, nothing half written, no crash."""

import json
import os
import resource
import shutil
import struct
import subprocess

import gguf
import numpy as np
import pytest


@pytest.fixture(scope="session")
def call(ingot):
    """call(*arguments, status=0) → the finished process, in little memory; asserts the exit status."""

    def little_memory():
        resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))

    def run(*arguments, status=0, **options):
        process = subprocess.run([ingot, *arguments] if options.pop("raw", False) else [ingot, *map(str, arguments)],
                                 capture_output=True, timeout=60, preexec_fn=little_memory, **options)
        assert process.returncode == status, process.stderr.decode(errors="replace")
        if status:
            assert len(process.stderr.splitlines()) == 1, process.stderr
        return process

    run.ingot = ingot
    return run


@pytest.fixture(scope="session")
def tiny(root):
    return root / "models" / "tiny-bitnet"


@pytest.fixture
def changed(tiny, tmp_path):
    """changed(key=value…) → a copy of the bundled model with another configuration."""

    def make(**changes):
        directory = tmp_path / "changed"
        shutil.copytree(tiny, directory)
        config = json.loads((directory / "config.json").read_text()) | changes
        (directory / "config.json").write_text(json.dumps(config))
        return directory

    return make


def text_of(call, model, *options):
    return call("run", model, "--prompt", "Hi", "-n", 8, "--temperature", 0, *options).stdout


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [
    ["--threads", "-1"], ["--threads", "4294967297"], ["--threads", "99999999999"], ["-n", "-5"],
])
def test_numbers_out_of_range_are_wrong_use(call, tiny, options):
    call("run", tiny, *options, status=2)


@pytest.mark.parametrize("options", [
    ["--temperature", "nan"], ["--temperature", "-1"], ["--top-k", "-3"], ["--top-p", "nan"], ["-c", "-1"],
])
def test_numbers_that_mean_nothing_are_errors(call, tiny, options):
    assert not call("run", tiny, "--prompt", "Hi", *options, status=1).stdout


def test_huge_numbers_mean_all(call, tiny):
    call("run", tiny, "--prompt", "Hi", "-n", 2**63 - 1, "-c", 20)
    wide = call("run", tiny, "--prompt", "Hi", "-n", 40, "--temperature", 5, "--top-p", 1, "--min-p", 0, "--top-k", 2**32 + 1)
    every = call("run", tiny, "--prompt", "Hi", "-n", 40, "--temperature", 5, "--top-p", 1, "--min-p", 0, "--top-k", 0)
    assert wide.stdout == every.stdout


def test_shard_sizes_do_not_wrap(call, tiny, tmp_path):
    call("convert", tiny, tmp_path / "out.gguf", "--max-shard-size", 2**44, status=2)
    assert not list(tmp_path.iterdir())


# --- paths and streams ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["inspect", "--json"], ["verify", "--json"], ["perplexity", "-c", "16", "--json", "--text"]])
def test_json_survives_a_path_that_is_no_utf8(call, tiny, root, tmp_path, command):
    path = os.fsencode(tmp_path) + b"/bad\xff"
    shutil.copytree(os.fsencode(tiny), path)
    (tmp_path / "text").write_bytes((root / "models/heldout/kjv.txt").read_bytes()[:2000])
    text = [os.fsencode(tmp_path / "text")] if command[0] == "perplexity" else []
    report = json.loads(call(command[0], path, *command[1:], *text, raw=True).stdout)
    assert report["path"].endswith("bad\ufffd")


def test_names_the_file_system_refuses(call, tiny):
    call("tokenize", tiny, "--text", "x", "--tokenizer", "a" * 5000, status=1)


@pytest.mark.parametrize("arguments", [["version"], ["inspect"], ["run", "--prompt", "Hi", "-n", "2"]])
def test_a_full_device_is_an_error(ingot, tiny, arguments):
    model = [] if arguments == ["version"] else [tiny]
    with open("/dev/full", "w") as full:
        process = subprocess.run([ingot, arguments[0], *model, *arguments[1:]], stdout=full, stderr=subprocess.PIPE)
    assert process.returncode == 1 and len(process.stderr.splitlines()) == 1


def test_control_characters_do_not_reach_the_terminal(call, tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "other\x1b[2J")
    writer.add_tensor("a\x1b]0;title\x07", np.zeros(3, np.float32))
    write(writer)
    assert b"\x1b" not in call("inspect", tmp_path / "x.gguf", "--tensors").stdout


@pytest.mark.parametrize("to", ["gguf", "hf"])
def test_output_over_input(call, tiny, tmp_path, to):
    path = tmp_path / "model"
    call("convert", tiny, path, "--to", to)
    text = text_of(call, path)
    before = {p.name: p.read_bytes() for p in ([path] if path.is_file() else path.iterdir())}
    call("convert", path, path, "--to", to, "--dtype", "f32", status=1)
    assert {p.name: p.read_bytes() for p in ([path] if path.is_file() else path.iterdir())} == before
    call("convert", path, path, "--to", to, "--dtype", "f32", "--force")
    assert text_of(call, path) == text
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


# --- configurations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes, named", [
    ({"num_hidden_layers": 10**9}, "model.layers.4.input_layernorm.weight"),
    ({"num_hidden_layers": 3}, "model.layers.3."),
    ({"head_dim": 0}, "head size is 0"),
    ({"head_dim": 2**31}, "size of all heads"),
    ({"hidden_size": 2**31}, "(2048, 256)"),
    ({"intermediate_size": 96}, "(96, 256)"),
    ({"vocab_size": 5000}, "(5000, 256)"),
    ({"num_attention_heads": 2**40}, "number of heads"),
    ({"vocab_size": 1.5}, "vocab_size"),
    ({"rms_norm_eps": 1e300}, "norm epsilon"),
    ({"architectures": []}, "architectures"),
    ({"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 1,
                       "original_max_position_embeddings": 8192}, "rope_parameters": None}, "low_freq_factor"),
])
@pytest.mark.parametrize("command", ["run", "convert", "quantize"])
def test_absurd_configurations_fail_at_once(call, changed, tmp_path, command, changes, named):
    more = {"run": ["--prompt", "Hi"], "convert": [tmp_path / "out.gguf"], "quantize": [tmp_path / "out.gguf", "-t", "q8_0", "--pure"]}
    process = call(command, changed(**changes), *more[command], status=1)
    assert named in process.stderr.decode() and not process.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["changed"]


@pytest.mark.parametrize("text", ["", "[]", '{"a":' + "[" * 200_000 + "]" * 200_000 + "}",
                                  '{"architectures":' + "[" * 200_000 + "]" * 200_000 + "}", "[" * 100_000_000])
def test_configurations_that_are_none(call, changed, text):
    directory = changed()
    (directory / "config.json").write_text(text)
    assert b"config.json" in call("run", directory, status=1).stderr


def test_a_vocabulary_larger_than_the_embedding(call, changed, tmp_path):
    directory = changed()
    tokenizer = json.loads((directory / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["entirely new"] = 2048
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer))
    for arguments in (["run", directory, "--prompt", "Hi"], ["convert", directory, tmp_path / "out.gguf"]):
        assert b"2049 tokens, the embedding 2048 rows" in call(*arguments, status=1).stderr
    assert not (tmp_path / "out.gguf").exists()


# --- GGUF -----------------------------------------------------------------------------------------------------------


def write(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_an_unknown_architecture_is_still_a_file(call, tmp_path):
    path = tmp_path / "x.gguf"
    writer = gguf.GGUFWriter(path, "mamba")
    writer.add_block_count(1)
    weights = np.random.default_rng(1).standard_normal((64, 256)).astype(np.float32)
    writer.add_tensor("a.weight", weights)
    writer.add_tensor("a.bias", weights[0])
    writer.add_tensor("odd.weight", weights[:, :100].copy())
    write(writer)
    call("inspect", path)
    assert b"mamba" in call("verify", path).stderr
    for arguments in (["run", path], ["convert", path, tmp_path / "out", "--to", "hf"]):
        assert b"mamba" in call(*arguments, status=1).stderr
    call("convert", path, tmp_path / "f16.gguf", "--dtype", "f16")
    call("quantize", path, tmp_path / "q8_0.gguf", "--type", "q8_0", "--pure")
    reader = gguf.GGUFReader(tmp_path / "q8_0.gguf")
    assert reader.fields["general.architecture"].contents() == "mamba" and "mamba.block_count" in reader.fields
    tensors = {t.name: t for t in reader.tensors}
    assert {n: t.tensor_type.name for n, t in tensors.items()} == {"a.weight": "Q8_0", "a.bias": "F32", "odd.weight": "F16"}
    expected = gguf.quants.quantize(weights, gguf.GGMLQuantizationType.Q8_0)
    np.testing.assert_array_equal(tensors["a.weight"].data.reshape(expected.shape), expected)


def test_types_that_are_only_carried(call, tmp_path):
    path = tmp_path / "f4.safetensors"
    header = {"k": {"dtype": "F4", "shape": [4, 32], "data_offsets": [0, 64]},
              "plain": {"dtype": "F32", "shape": [5], "data_offsets": [64, 84]}}
    text = json.dumps(header).encode().ljust(160)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(64) + np.ones(5, np.float32).tobytes())
    process = call("inspect", path, "--stats", "--json")
    stats = {t["name"]: t["stats"] for t in json.loads(process.stdout)["tensors"]}
    assert stats["k"] is None and stats["plain"]["mean"] == 1 and b"F4" in process.stderr
    table = call("inspect", path, "--stats").stdout.decode().split("\n")
    assert next(line for line in table if line.startswith("k ")).split()[-7:] == ["-"] * 7
    error = call("convert", path, tmp_path / "out.safetensors", "--dtype", "f16", status=1).stderr
    assert b"'k'" in error and b"F4" in error


def test_quantizing_again_must_be_allowed(call, tiny, tmp_path):
    call("quantize", tiny, tmp_path / "q4_0.gguf", "--type", "q4_0", "--pure")
    error = call("quantize", tmp_path / "q4_0.gguf", tmp_path / "q8_0.gguf", "--type", "q8_0", status=1).stderr
    assert b"token_embd.weight" in error and b"Q4_0" in error and b"--allow-requantize" in error
    assert not (tmp_path / "q8_0.gguf").exists()
    process = call("quantize", tmp_path / "q4_0.gguf", tmp_path / "q8_0.gguf", "--type", "q8_0", "--allow-requantize")
    assert b"quantized again, from Q4_0" in process.stderr


def test_types_by_option(call, tiny, tmp_path):
    """The embedding's own option goes before patterns, patterns in their order before the recipe; the tied head is the
    embedding."""
    def types(*options):
        call("quantize", tiny, tmp_path / "x.gguf", "--type", "q4_k_m", "--force", *options)
        return {t.name: t.tensor_type.name for t in gguf.GGUFReader(tmp_path / "x.gguf").tensors}

    plain = types()
    assert plain["token_embd.weight"] == "Q6_K" and plain["blk.0.attn_q.weight"] == "Q4_K"
    assert plain["blk.0.attn_norm.weight"] == "F32"
    assert types("--pure")["token_embd.weight"] == "Q4_K"
    assert types("--output-tensor-type", "q8_0")["token_embd.weight"] == "Q8_0"
    found = types("--token-embedding-type", "f16", "--tensor", r"blk\.[01]\.attn_q=q2_k", "--tensor", "attn_q|embd=q5_0")
    assert found["token_embd.weight"] == "F16" and found["blk.3.attn_q.weight"] == "Q5_0"
    assert found["blk.1.attn_q.weight"] == "Q2_K" and found["blk.1.attn_k.weight"] == "Q4_K"
    for bad in ("attn_q", "=q8_0", "attn_(q=q8_0", "attn_q=q9_9", "attn_q=iq2_xs"):
        error = call("quantize", tiny, tmp_path / "y.gguf", "--type", "q8_0", "--tensor", bad, status=1).stderr
        assert bad.split("=")[-1].encode() in error.lower()


def test_a_gguf_beside_a_config_json_describes_itself(call, root, tmp_path):
    """The order of q and k rows differs between the two: with the wrong one the text is noise."""
    call("convert", root / "tests/golden/llama-gqa-llama3", tmp_path / "alone.gguf")
    (tmp_path / "both").mkdir()
    shutil.copy(tmp_path / "alone.gguf", tmp_path / "both")
    config = json.loads((root / "tests/golden/llama-gqa-llama3/config.json").read_text())
    (tmp_path / "both/config.json").write_text(json.dumps(config | {"num_hidden_layers": 77}))
    assert b"sound" in call("verify", tmp_path / "both").stdout
    for source in ("alone.gguf", "both"):
        call("convert", tmp_path / source, tmp_path / f"{source}.back", "--to", "hf")
    a, b = ((tmp_path / f"{s}.back/model.safetensors").read_bytes() for s in ("alone.gguf", "both"))
    assert a == b


def test_every_packing_of_i2_s_is_known_by_its_key(call, tiny, tmp_path):
    text = None
    for packing in ("x86", "arm", "rows"):
        path = tmp_path / f"{packing}.gguf"
        call("quantize", tiny, path, "--type", "i2_s", "--pure", "--i2s-packing", packing)
        process = call("run", path, "--prompt", "Hi", "-n", 8, "--temperature", 0)
        text = text or process.stdout
        assert process.stdout == text and b"as the key ingot.i2_s.packing says" in process.stderr
        call("convert", path, tmp_path / f"{packing}-hf", "--to", "hf")
        assert text_of(call, tmp_path / f"{packing}-hf") == text
        call("quantize", path, tmp_path / f"{packing}-rows.gguf", "--type", "i2_s", "--pure", "--i2s-packing", "rows")
        assert text_of(call, tmp_path / f"{packing}-rows.gguf") == text
        call("quantize", path, tmp_path / f"{packing}-tq2_0.gguf", "--type", "tq2_0", "--pure")
        assert "ingot.i2_s.packing" not in gguf.GGUFReader(tmp_path / f"{packing}-tq2_0.gguf").fields


def test_i2_s_without_the_key_is_what_the_option_says(call, tiny, tmp_path):
    call("quantize", tiny, tmp_path / "arm.gguf", "--type", "i2_s", "--pure", "--i2s-packing", "arm")
    text = text_of(call, tmp_path / "arm.gguf")
    content = (tmp_path / "arm.gguf").read_bytes()
    (tmp_path / "unmarked.gguf").write_bytes(content.replace(b"ingot.i2_s.packing", b"other.i2_s.packing"))
    assert text_of(call, tmp_path / "unmarked.gguf", "--i2s-packing", "arm") == text
    assert text_of(call, tmp_path / "unmarked.gguf") != text
    call("convert", tmp_path / "unmarked.gguf", tmp_path / "marked.gguf", "--i2s-packing", "arm")
    assert text_of(call, tmp_path / "marked.gguf") == text


def test_substitutions_are_forgotten_when_they_no_longer_hold(call, root, tmp_path):
    call("quantize", root / "tests/golden/mistral", tmp_path / "a.gguf", "--type", "tq2_0", "--pure")
    assert "ingot.quantize.substitutions" in gguf.GGUFReader(tmp_path / "a.gguf").fields
    call("quantize", tmp_path / "a.gguf", tmp_path / "b.gguf", "--type", "q8_0", "--pure", "--allow-requantize")
    assert "ingot.quantize.substitutions" not in gguf.GGUFReader(tmp_path / "b.gguf").fields


# --- Hugging Face ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option, name", [("f16", "float16"), ("f32", "float32"), ("f64", "float64")])
def test_config_says_the_dtype_of_the_weights(call, tiny, tmp_path, option, name):
    call("convert", tiny, tmp_path / "out", "--to", "hf", "--dtype", option)
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config.get("torch_dtype", config.get("dtype")) == name
    assert {k: v for k, v in config.items() if "dtype" not in k} == {
        k: v for k, v in json.loads((tiny / "config.json").read_text()).items() if "dtype" not in k}


def test_a_mistral_gguf_of_others_keeps_its_window(call, root, tmp_path):
    source = root / "tests/golden/mistral-window"
    call("convert", source, tmp_path / "own.gguf")
    content = (tmp_path / "own.gguf").read_bytes()
    (tmp_path / "other.gguf").write_bytes(content.replace(b"ingot.huggingface_class", b"other.huggingface_class"))
    for name in ("own", "other"):
        call("convert", tmp_path / f"{name}.gguf", tmp_path / name, "--to", "hf")
        config = json.loads((tmp_path / name / "config.json").read_text())
        assert config["architectures"] == ["MistralForCausalLM"]
        assert config["sliding_window"] == json.loads((source / "config.json").read_text())["sliding_window"]


def test_verify_reads_infinities_and_the_total_size(call, tiny, tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.array([1, -np.inf], np.float32)}, tmp_path / "inf.safetensors")
    assert b"1 infinite" in subprocess.run([call.ingot, "verify", tmp_path / "inf.safetensors"], capture_output=True).stdout
    call("convert", tiny, tmp_path / "shards", "--max-shard-size", 1)
    index = tmp_path / "shards/model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["metadata"]["total_size"] += 1
    index.write_text(json.dumps(content))
    assert b"total_size" in subprocess.run([call.ingot, "verify", tmp_path / "shards"], capture_output=True).stdout


def test_quantizing_a_packed_directory_keeps_what_it_means(call, root, tiny, tmp_path):
    """Weights times scale: with the inverse the text is noise. Vectors are F32 and no master weights remain."""
    call("quantize", tiny, tmp_path / "tq2_0.gguf", "--type", "tq2_0", "--pure")
    reader = gguf.GGUFReader(tmp_path / "tq2_0.gguf")
    assert {t.tensor_type.name for t in reader.tensors if len(t.shape) == 1} == {"F32"}
    assert "ingot.bitnet.master_weights" not in reader.fields
    call("convert", tmp_path / "tq2_0.gguf", tmp_path / "packed", "--to", "hf")
    call("convert", tmp_path / "packed", tmp_path / "again.gguf", "--dtype", "f32")
    a, b = ({t.name: t for t in gguf.GGUFReader(tmp_path / f).tensors} for f in ("tq2_0.gguf", "again.gguf"))
    name = "blk.1.ffn_up.weight"
    np.testing.assert_array_equal(gguf.quants.dequantize(a[name].data, a[name].tensor_type), b[name].data)


def test_files_that_are_no_model(call, tmp_path):
    from safetensors.numpy import save_file

    save_file({"a": np.ones((4, 32), np.float32)}, tmp_path / "plain.safetensors")
    error = call("quantize", tmp_path / "plain.safetensors", tmp_path / "out.gguf", "--type", "q8_0", "--pure", status=1).stderr
    assert b"no config.json" in error
    call("convert", tmp_path / "plain.safetensors", tmp_path / "half.safetensors", "--dtype", "f16")
    call("convert", tmp_path / "plain.safetensors", tmp_path / "absent/x.safetensors", status=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["half.safetensors", "plain.safetensors"]
