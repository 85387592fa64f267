"""Checkpoints quantized by other tools: decoded values against those tools' own (tests/golden/quantized, made by
tools/make_quantized_goldens.py) and against NumPy readings of their layouts; broken ones; whole models.

Equality is exact throughout: a code less its zero point has at most 9 significant bits and a scale 11 or 24, so the
product in f32 is exact or rounded once, as the tools' own is, before the one rounding to the weight's dtype.
"""

import json
import os
import shutil

import gguf
import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
from conftest import raw_tensors

DTYPES = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}


def arrays(file):
    """The floating tensors of a file."""
    return {name: np.frombuffer(content, DTYPES[dtype]).reshape(shape)
            for name, (dtype, shape, content) in raw_tensors(file).items() if dtype in DTYPES}


@pytest.fixture
def decode(call, tmp_path):
    """decode(directory) → what `ingot convert --to safetensors` makes of it."""

    def run(directory):
        call("convert", directory, tmp_path / "decoded.safetensors", "--to", "safetensors", "--force")
        return arrays(tmp_path / "decoded.safetensors")

    return run


@pytest.fixture
def checkpoint(tmp_path):
    """checkpoint(quantization_config, tensors) → a directory."""

    def write(quantization, tensors, dtype="float16"):
        directory = tmp_path / "quantized"
        directory.mkdir(exist_ok=True)
        (directory / "config.json").write_text(json.dumps({"torch_dtype": dtype, "quantization_config": quantization}))
        safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()},
                                    directory / "model.safetensors")
        return directory

    return write


GOLDENS = ["float-block", "float-channel", "float-tensor", "fp4", "fp4-nested", "fp8-block", "fp8-block-bf16",
           "int-channel", "int-tensor", "int-zeros", "int8", "nf4", "nf4-nested", "packed-3-group", "packed-4-group",
           "packed-4-zeros", "packed-5-zeros", "packed-8-channel"]


def test_goldens_are_all_named(root):
    assert sorted(GOLDENS) == sorted(p.name for p in (root / "tests" / "golden" / "quantized").iterdir())


@pytest.mark.parametrize("name", GOLDENS)
def test_values_are_the_tools_own(call, decode, root, name):
    directory = root / "tests" / "golden" / "quantized" / name
    expected = arrays(directory / "expected.safetensors")["layer.weight"]
    found = decode(directory)
    assert list(found) == ["layer.weight"]
    assert found["layer.weight"].dtype == expected.dtype
    np.testing.assert_array_equal(found["layer.weight"].astype(np.float32), expected.astype(np.float32))
    rows = json.loads(call("inspect", directory, "--json", "--stats").stdout)["tensors"]
    assert len(rows) == 1 and rows[0]["shape"] == list(expected.shape)
    stored = raw_tensors(directory / "model.safetensors")
    assert sorted(rows[0]["parts"]) == sorted(stored)
    assert rows[0]["bytes"] == sum(len(content) for _, _, content in stored.values())
    assert rows[0]["stats"]["max"] == pytest.approx(float(expected.astype(np.float64).max()), rel=1e-12)


@pytest.mark.parametrize("name", GOLDENS)
def test_files_may_hold_parts_at_any_byte(decode, root, tmp_path, name):
    source = root / "tests" / "golden" / "quantized" / name
    shutil.copytree(source, tmp_path / name)
    content = (source / "model.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    (tmp_path / name / "model.safetensors").write_bytes(
        (length + 1).to_bytes(8, "little") + content[8 : 8 + length] + b" " + content[8 + length :])
    found, expected = decode(tmp_path / name), arrays(source / "expected.safetensors")
    np.testing.assert_array_equal(found["layer.weight"].astype(np.float32), expected["layer.weight"].astype(np.float32))


# GPTQ -----------------------------------------------------------------------------------------------------------------

def pack_column(codes, bits):
    """AutoGPTQ's packing of a vector, word by word; three bits, in three words: ten, a split one, ten, a split one, ten."""
    words = []
    each = 32 if bits == 3 else 32 // bits
    for block in codes.reshape(-1, each):
        if bits == 3:
            w0 = sum(int(block[j]) << 3 * j for j in range(10)) | (int(block[10]) & 3) << 30
            w1 = (int(block[10]) >> 2 & 1) | sum(int(block[j]) << 3 * (j - 11) + 1 for j in range(11, 21)) | (
                int(block[21]) & 1) << 31
            w2 = (int(block[21]) >> 1 & 3) | sum(int(block[j]) << 3 * (j - 22) + 2 for j in range(22, 32))
            words += [w0, w1, w2]
        else:
            words.append(sum(int(c) << bits * j for j, c in enumerate(block)))
    return np.array(words, np.uint32).view(np.int32)


def gptq(bits=4, group=32, order=False, version=1, inputs=128, outputs=96, dtype=np.float16):
    """(config, parts of one weight, the weight)"""
    rng = np.random.default_rng([bits, group + 1, order, version])
    groups = 1 if group == -1 else -(-inputs // group)
    index = np.zeros(inputs, np.int32) if group == -1 else (np.arange(inputs) // group).astype(np.int32)
    if order:
        index = rng.permutation(index)
    codes = rng.integers(0, 2**bits, (inputs, outputs))
    zeros = rng.integers(0, 2**bits, (groups, outputs))
    scales = rng.uniform(0.001, 0.1, (groups, outputs)).astype(dtype)
    stored = (zeros - 1) % 2**bits if version == 1 else zeros
    parts = {"layer.qweight": np.stack([pack_column(c, bits) for c in codes.T], axis=1),
             "layer.qzeros": np.stack([pack_column(z, bits) for z in stored]),
             "layer.scales": scales, "layer.g_idx": index}
    config = {"quant_method": "gptq", "bits": bits, "group_size": group, "desc_act": order, "sym": False,
              "checkpoint_format": "gptq" if version == 1 else "gptq_v2"}
    return config, parts, (scales[index] * (codes - zeros[index]).astype(dtype)).T


def test_shapes_hold_for_any_number_of_threads_and_rows(call, checkpoint, tmp_path):
    """More rows than a tile and groups that no vector fits: the same bytes on one CPU and on all."""
    config, parts, weight = gptq(3, 48, True, 1, inputs=992, outputs=1056)
    directory = checkpoint(config, parts)
    every = os.sched_getaffinity(0)
    for name, cpus in ("one", {min(every)}), ("all", every):
        call("convert", directory, tmp_path / f"{name}.safetensors", preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        np.testing.assert_array_equal(arrays(tmp_path / f"{name}.safetensors")["layer.weight"], weight)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("group, order, version", [(32, False, 1), (32, True, 2), (-1, False, 1), (64, True, 1),
                                                   (48, False, 2)])
def test_gptq(call, checkpoint, decode, bits, group, order, version):
    config, parts, weight = gptq(bits, group, order, version)
    parts["layer.bias"] = np.ones(96, np.float16)
    directory = checkpoint(config, parts)
    found = decode(directory)
    np.testing.assert_array_equal(found["layer.weight"], weight)
    np.testing.assert_array_equal(found["layer.bias"], 1)
    text = call("inspect", directory, "--tensors").stdout.decode()
    scheme = f"gptq {bits}-bit, " + ("per channel" if group == -1 else f"group {group}") + ", act-order" * order
    assert scheme in text and "qweight" not in text


def test_gptq_without_g_idx_or_with_settings_of_its_own(checkpoint, decode):
    config, parts, weight = gptq()
    del parts["layer.g_idx"]
    np.testing.assert_array_equal(decode(checkpoint(config, parts))["layer.weight"], weight)
    config, parts, weight = gptq(bits=8, group=64, order=True)
    config |= {"bits": 4, "group_size": 128, "dynamic": {r"+:layer": {"bits": 8, "group_size": 64}}}
    np.testing.assert_array_equal(decode(checkpoint(config, parts))["layer.weight"], weight)


# AWQ ------------------------------------------------------------------------------------------------------------------

def awq(group=32, inputs=128, outputs=48):
    rng = np.random.default_rng(group + 1)
    groups = 1 if group == -1 else inputs // group
    index = np.arange(inputs) // (inputs if group == -1 else group)
    codes, zeros = rng.integers(0, 16, (inputs, outputs)), rng.integers(0, 16, (groups, outputs))
    scales = rng.uniform(0.001, 0.1, (groups, outputs)).astype(np.float16)

    def pack(x):
        """AutoAWQ's order_map: nibble i of a word holds output order[i]."""
        words = np.zeros((x.shape[0], x.shape[1] // 8), np.uint32)
        for i, output in enumerate([0, 2, 4, 6, 1, 3, 5, 7]):
            words |= x[:, output::8].astype(np.uint32) << np.uint32(4 * i)
        return words.view(np.int32)

    parts = {"layer.qweight": pack(codes), "layer.qzeros": pack(zeros), "layer.scales": scales}
    config = {"quant_method": "awq", "bits": 4, "group_size": group, "version": "gemm", "zero_point": True}
    return config, parts, (scales[index] * (codes - zeros[index]).astype(np.float16)).T


@pytest.mark.parametrize("group", [32, 128, -1])
def test_awq(checkpoint, decode, group):
    config, parts, weight = awq(group)
    np.testing.assert_array_equal(decode(checkpoint(config, parts))["layer.weight"], weight)


# FP8 and compressed-tensors beyond the goldens --------------------------------------------------------------------------

@pytest.mark.parametrize("scale_shape", [(), (1,), (70, 1), (70,), (3, 2)])
def test_fp8_scales_of_every_shape(checkpoint, decode, scale_shape):
    """DeepSeek's blocks may end beyond the matrix: (3, 2) blocks of (32, 48) for (70, 80)."""
    rng = np.random.default_rng(3)
    codes = rng.standard_normal((70, 80)).astype(ml_dtypes.float8_e4m3fn)
    scale = rng.uniform(0.5, 2, scale_shape).astype(np.float32)
    spread = scale.reshape(-1, 1) if scale_shape == (70,) else scale
    if scale_shape == (3, 2):
        spread = scale.repeat(32, 0).repeat(48, 1)[:70, :80]
    name = "layer.weight_scale_inv" if len(scale_shape) == 2 and scale_shape[1] == 2 else "layer.weight_scale"
    config = {"quant_method": "fp8", "weight_block_size": [32, 48]}
    found = decode(checkpoint(config, {"layer.weight": codes, name: scale}, "bfloat16"))
    expected = (codes.astype(np.float32) * spread).astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(found["layer.weight"].astype(np.float32), expected.astype(np.float32))


def packed(order):
    rng = np.random.default_rng(order)
    codes, scales = rng.integers(0, 16, (24, 64)), rng.uniform(0.01, 0.1, (24, 4)).astype(np.float16)
    index = rng.permutation(np.arange(64) // 16) if order else np.arange(64) // 16
    parts = {"layer.weight_packed": np.stack([pack_column(c, 4) for c in codes]),
             "layer.weight_scale": scales, "layer.weight_shape": np.array([24, 64]),
             "layer.weight_g_idx": (index if order else np.full(64, -1)).astype(np.int32)}
    config = {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"group_0": {
        "targets": ["Linear"], "weights": {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 16}}}}
    return config, parts, scales[:, index] * (codes - 8).astype(np.float16)


@pytest.mark.parametrize("order", [False, True])
def test_compressed_tensors_with_g_idx(checkpoint, decode, order):
    config, parts, weight = packed(order)
    np.testing.assert_array_equal(decode(checkpoint(config, parts))["layer.weight"], weight)


# What cannot be right ---------------------------------------------------------------------------------------------------

def without(name):
    return lambda config, parts: parts.pop(name)


def settings(**changes):
    return lambda config, parts: config.update(changes)


def changed(name, change):
    def apply(config, parts):
        parts[name] = change(parts[name].copy())

    return apply


def put(value):
    def change(array):
        array.flat[5] = value
        return array

    return change


BROKEN = [
    (gptq, without("layer.scales"), "layer.qweight", "layer.scales"),
    (gptq, without("layer.qzeros"), "layer.qweight", "layer.qzeros"),
    (gptq, changed("layer.g_idx", put(4)), "layer.g_idx", "input 5 is of group 4, but there are 4 groups"),
    (gptq, changed("layer.g_idx", put(-1)), "layer.g_idx", "input 5 is of group -1"),
    (gptq, changed("layer.g_idx", lambda x: x[:-1]), "layer.g_idx", "(127,)", "(128,)"),
    (gptq, changed("layer.g_idx", lambda x: x.astype(np.int64)), "layer.g_idx", "i64", "i32 was expected"),
    (gptq, settings(bits=8), "layer.qzeros", "(4, 12)", "(4, 24)"),
    (gptq, settings(bits=5), "layer.qweight", "5 bits"),
    (gptq, settings(bits=-1), "-1 bits"),
    (gptq, settings(bits="4"), "'bits'", "an integer was expected"),
    (gptq, settings(group_size=0), "groups of 0"),
    (gptq, settings(group_size=-2), "groups of -2"),
    (gptq, settings(group_size=64), "layer.scales", "4 groups", "groups of 64"),
    (gptq, settings(group_size=2**62), "layer.scales", "4 groups"),
    (gptq, changed("layer.scales", lambda x: x[:, :-1]), "layer.scales", "(4, 95)", "(4, 96)"),
    (gptq, changed("layer.scales", lambda x: x.astype(np.int16)), "layer.scales", "i16"),
    (gptq, changed("layer.qweight", lambda x: x[:, :0]), "layer.qweight", "empty"),
    (gptq, changed("layer.qweight", lambda x: x[0]), "layer.qweight", "2 dimensions"),
    (awq, without("layer.scales"), "layer.qweight", "layer.scales"),
    (awq, settings(bits=8), "layer.qweight", "8 bits", "4 were expected"),
    (awq, settings(group_size=64), "layer.scales", "(4, 48)", "(2, 48)"),
    (awq, changed("layer.qzeros", lambda x: x[1:]), "layer.qzeros", "(3, 6)", "(4, 6)"),
    (lambda: packed(True), changed("layer.weight_g_idx", put(4)), "weight_g_idx", "group 4"),
    (lambda: packed(True), changed("layer.weight_shape", lambda x: x + [1, 0]), "weight_shape",
     "25 rows"),
    (lambda: packed(True), changed("layer.weight_shape", lambda x: x * [1, -1]), "weight_shape", "-64"),
    (lambda: packed(True), changed("layer.weight_shape", lambda x: x * [1, 2**40]), "weight_packed", "8 words"),
    (lambda: packed(True), changed("layer.weight_scale", lambda x: x[:, :3]), "weight_scale", "(24, 3)", "(24, 4)"),
    (lambda: packed(True), without("layer.weight_scale"), "weight_packed", "layer.weight_scale"),
    (lambda: packed(True), without("layer.weight_shape"), "weight_packed", "layer.weight_shape"),
    (lambda: packed(True), settings(config_groups={"a": {"weights": {"num_bits": 4, "strategy": "group"}}}),
     "without a group_size"),
    (lambda: packed(True), settings(config_groups=[1]), "config_groups"),
]


@pytest.mark.parametrize("case", range(len(BROKEN)))
def test_contradictions_are_named(call, checkpoint, case):
    make, break_it, *expected = BROKEN[case]
    config, parts, _ = make()
    break_it(config, parts)
    message = call("inspect", checkpoint(config, parts), status=1).stderr.decode()
    assert all(text in message for text in expected), message
    assert message.count("\n") == 1


@pytest.mark.parametrize("change, what", [({"checkpoint_format": "marlin"}, "marlin"), ({"quant_method": "exl2"}, "exl2"),
                                          ({"pack_dtype": "int64"}, "int64")])
def test_what_is_not_built_stays_in_parts_and_says_so(call, checkpoint, change, what):
    config, parts, _ = gptq()
    found = json.loads(call("inspect", checkpoint(config | change, parts), "--json").stdout)
    assert {t["name"] for t in found["tensors"]} == set(parts) and any(what in note for note in found["notes"])


STATE = b'{"quant_type":"nf4","blocksize":64,"dtype":"bfloat16","shape":[48,96]}'


@pytest.mark.parametrize("state, expected", [
    (b"{", "an object was expected"), (STATE.replace(b"64", b"0"), "blocksize"), (STATE.replace(b"48", b"-1"), "shape"),
    (STATE.replace(b"48", b"49"), "(49, 96)"), (STATE.replace(b"96", b"9223372036854775807"), ""),
    (STATE.replace(b"64", b"32"), "layer.weight.absmax"), (b"[" * 100000, ""),
    (STATE.replace(b"}", b',"nested_blocksize":256}'), "layer.weight.absmax")])
def test_states_of_bitsandbytes_that_cannot_be(call, root, tmp_path, state, expected):
    tensors = dict(raw_tensors(root / "tests" / "golden" / "quantized" / "nf4" / "model.safetensors"))
    kinds = {"U8": np.uint8, "F32": np.float32}
    read = {n: np.frombuffer(c, kinds[d]).reshape(s) for n, (d, s, c) in tensors.items()}
    read["layer.weight.quant_state.bitsandbytes__nf4"] = np.frombuffer(state, np.uint8)
    shutil.copytree(root / "tests" / "golden" / "quantized" / "nf4", tmp_path / "x")
    safetensors.numpy.save_file(read, tmp_path / "x" / "model.safetensors")
    assert expected in call("inspect", tmp_path / "x", status=1).stderr.decode()


# Whole models -----------------------------------------------------------------------------------------------------------

@pytest.fixture
def models(root, tmp_path):
    """A small model with the vocabulary of another in GPTQ, and in f16 what that decodes to."""
    source, tokens = root / "tests" / "golden" / "llama-gqa-llama3", root / "models" / "tiny-bitnet"
    vocabulary = json.loads((tokens / "config.json").read_text())["vocab_size"]
    rng = np.random.default_rng(6)
    quantized, plain = {}, {}
    for name, (dtype, shape, content) in raw_tensors(source / "model.safetensors").items():
        weight = np.frombuffer(content, DTYPES[dtype]).reshape(shape).astype(np.float16)
        if name in ("model.embed_tokens.weight", "lm_head.weight"):
            weight = rng.standard_normal((vocabulary, shape[1])).astype(np.float16)
        if not name.endswith("_proj.weight"):
            quantized[name] = plain[name] = weight
            continue
        parts = weight.astype(np.float64).T.reshape(-1, 32, shape[0])  # groups of 32 inputs
        scales = (np.ptp(parts, axis=1) / 15 + 1e-6).astype(np.float16)
        zeros = np.clip(np.round(-parts.min(axis=1) / scales), 0, 15).astype(np.int64)
        codes = np.clip(np.round(parts / scales[:, None]) + zeros[:, None], 0, 15).astype(np.int64)
        decoded = scales[:, None] * (codes - zeros[:, None]).astype(np.float16)
        plain[name] = np.ascontiguousarray(decoded.reshape(shape[::-1]).T)
        stem = name.removesuffix(".weight")
        quantized[stem + ".qweight"] = np.stack([pack_column(c, 4) for c in codes.reshape(shape[::-1]).T], axis=1)
        quantized[stem + ".qzeros"] = np.stack([pack_column((z - 1) % 16, 4) for z in zeros])
        quantized[stem + ".scales"] = scales
    for directory, tensors in (("gptq", quantized), ("plain", plain)):
        (tmp_path / directory).mkdir()
        safetensors.numpy.save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()},
                                    tmp_path / directory / "model.safetensors")
        config = json.loads((source / "config.json").read_text())
        config.pop("dtype", None)
        config |= {"torch_dtype": "float16", "vocab_size": vocabulary, "bos_token_id": 0, "eos_token_id": 1}
        if directory == "gptq":
            config["quantization_config"] = {"quant_method": "gptq", "bits": 4, "group_size": 32, "desc_act": False}
        (tmp_path / directory / "config.json").write_text(json.dumps(config))
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(tokens / file, tmp_path / directory)
    return tmp_path / "gptq", tmp_path / "plain"


@pytest.mark.parametrize("command", [
    ["convert"], ["convert", "--dtype", "f32"], ["convert", "--to", "safetensors"], ["quantize", "--type", "q8_0"]])
def test_models_become_what_their_decoded_weights_become(call, models, tmp_path, command):
    for directory in models:
        call(command[0], directory, tmp_path / f"{directory.name}.out", *command[1:],
             *(["--to", "gguf"] if command in (["convert"], ["convert", "--dtype", "f32"]) else []))
    if "safetensors" in command:
        a, b = (raw_tensors(tmp_path / f"{d.name}.out") for d in models)
        assert a == b
    else:
        read = [{t.name: (t.tensor_type, t.shape.tolist(), t.data.tobytes()) for t in gguf.GGUFReader(
            tmp_path / f"{d.name}.out").tensors} for d in models]
        assert read[0] == read[1]


def test_directories_keep_their_parts_unless_the_dtype_changes(call, models, tmp_path):
    quantized, plain = models
    call("convert", quantized, tmp_path / "same", "--to", "hf")
    assert raw_tensors(tmp_path / "same" / "model.safetensors") == raw_tensors(quantized / "model.safetensors")
    assert "quantization_config" in json.loads((tmp_path / "same" / "config.json").read_text())
    call("convert", quantized, tmp_path / "decoded", "--to", "hf", "--dtype", "f16")
    assert raw_tensors(tmp_path / "decoded" / "model.safetensors") == raw_tensors(plain / "model.safetensors")
    assert "quantization_config" not in json.loads((tmp_path / "decoded" / "config.json").read_text())


def test_models_compute_with_their_decoded_weights(call, models, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("In the beginning God created the heaven and the earth. " * 9)
    quantized, plain = (call("run", m, "--prompt", "In the", "-n", 12, "--temperature", 0).stdout for m in models)
    assert quantized == plain and plain
    quantized, plain = (json.loads(call("perplexity", m, "--text", text, "--context", 64, "--json").stdout)["perplexity"]
                        for m in models)
    assert quantized == plain
    call("verify", models[0])
