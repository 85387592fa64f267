"""MLX directories: what mlx and mlx-lm make is the oracle, on the CPU."""

import json
import shutil

import gguf
import numpy as np
import pytest
import safetensors.numpy
from conftest import raw_tensors, write_raw_tensors

mx = pytest.importorskip("mlx.core", reason="mlx[cpu]")
mlx_utils = pytest.importorskip("mlx_lm.utils", reason="mlx-lm")
from mlx_lm.convert import mixed_quant_predicate_builder  # noqa: E402
from mlx_lm.generate import generate_step  # noqa: E402

mx.set_default_device(mx.cpu)

CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 128, "num_hidden_layers": 9,
          "intermediate_size": 256, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 96,
          "rms_norm_eps": 1e-5, "max_position_embeddings": 64, "rope_theta": 10000.0, "tie_word_embeddings": False}
DTYPES = {"bfloat16": ("BF16", mx.bfloat16), "float16": ("F16", mx.float16), "float32": ("F32", mx.float32)}


def to_bf16(x):
    return np.asarray(mx.array(x).astype(mx.bfloat16).view(mx.uint16))


def random_llama(path, dtype="bfloat16", **changes):
    """A model without a vocabulary; one matrix has constant rows, as padded embeddings do."""
    config = CONFIG | {"torch_dtype": dtype} | changes
    hidden, ffn, vocab = (config[k] for k in ("hidden_size", "intermediate_size", "vocab_size"))
    kv = hidden * config["num_key_value_heads"] // config["num_attention_heads"]
    shapes = {"model.embed_tokens": (vocab, hidden), "model.norm": (hidden,), "lm_head": (vocab, hidden)}
    for i in range(config["num_hidden_layers"]):
        layer = {"input_layernorm": (hidden,), "post_attention_layernorm": (hidden,),
                 "self_attn.q_proj": (hidden, hidden), "self_attn.k_proj": (kv, hidden),
                 "self_attn.v_proj": (kv, hidden), "self_attn.o_proj": (hidden, hidden),
                 "mlp.gate_proj": (ffn, hidden), "mlp.up_proj": (ffn, hidden), "mlp.down_proj": (hidden, ffn)}
        shapes |= {f"model.layers.{i}.{name}": shape for name, shape in layer.items()}
    random = np.random.default_rng(7)
    name, theirs = DTYPES[dtype]
    tensors = {}
    for key, shape in shapes.items():
        x = random.standard_normal(shape) * (0.3 if len(shape) == 2 else 1)
        if key == "model.embed_tokens":
            x[-3:] = 0
        bits = mx.array(x.astype(np.float32)).astype(theirs).view(mx.uint8)
        tensors[f"{key}.weight"] = (name, list(shape), np.asarray(bits).tobytes())
    path.mkdir()
    (path / "config.json").write_text(json.dumps(config))
    write_raw_tensors(path / "model.safetensors", tensors)
    return path


def quantized_by_mlx_lm(source, out, group_size=None, bits=None, mode="affine", recipe=None):
    """What mlx_lm.convert writes, but for the tokenizer."""
    model, config = mlx_utils.load_model(source, lazy=True)
    predicate = mixed_quant_predicate_builder(recipe, model, group_size or 64) if recipe else None
    if recipe:
        bits = {"mixed_2_6": 2, "mixed_3_4": 3, "mixed_3_6": 3, "mixed_4_6": 4}[recipe]
    model, config = mlx_utils.quantize_model(model, config, group_size, bits, mode=mode, quant_predicate=predicate)
    mlx_utils.save_model(out, model)
    mlx_utils.save_config(config, out / "config.json")
    return out


def arrays(path):
    return mx.load(str(path / "model.safetensors"))


def same_bytes(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and bytes(memoryview(a.view(mx.uint8))) == bytes(memoryview(b.view(mx.uint8)))


def dequantized(path):
    """name → f32, as mx.dequantize makes of scales and biases in f32."""
    weights, config = arrays(path), json.loads((path / "config.json").read_text())
    quantization = config["quantization"]
    out = {}
    for name, weight in weights.items():
        stem = name.removesuffix(".weight")
        if name.endswith((".scales", ".biases")):
            continue
        if f"{stem}.scales" not in weights:
            out[name] = np.asarray(weight.astype(mx.float32))
            continue
        own = quantization.get(stem, quantization)
        scales, biases = weights[f"{stem}.scales"], weights.get(f"{stem}.biases")
        if biases is not None:
            scales, biases = scales.astype(mx.float32), biases.astype(mx.float32)
        out[name] = np.asarray(mx.dequantize(weight, scales, biases, group_size=own["group_size"], bits=own["bits"],
                                             mode=own.get("mode", "affine"), dtype=mx.float32))
    return out


def ours_decoded(call, path, out):
    call("convert", path, out, "--dtype", "f32")
    return safetensors.numpy.load_file(out)


CHOICES = [({"bits": b, "group_size": g}, "bfloat16") for b in (2, 3, 4, 5, 6, 8) for g in (32, 64, 128)]
CHOICES += [({"bits": 4, "group_size": 64}, "float16"), ({"bits": 5, "group_size": 32}, "float32")]
CHOICES += [({"mode": mode}, dtype) for mode in ("mxfp4", "mxfp8", "nvfp4") for dtype in DTYPES]
CHOICES += [({"recipe": f"mixed_{name}"}, "bfloat16") for name in ("2_6", "3_4", "3_6", "4_6")]
CHOICES += [({"recipe": "mixed_3_6", "group_size": 32}, "float16"), ({}, "bfloat16")]


@pytest.mark.parametrize("choice, dtype", CHOICES, ids=lambda x: x if isinstance(x, str) else "-".join(map(str, x.values())))
def test_we_quantize_as_mlx_lm_does(call, tmp_path, choice, dtype):
    source = random_llama(tmp_path / "model", dtype)
    theirs = quantized_by_mlx_lm(source, tmp_path / "theirs", **choice)
    names = {"bits": "--bits", "group_size": "--group-size", "mode": "--mode", "recipe": "--type"}
    options = [x for key, value in choice.items() for x in (names[key], value)]
    ours = tmp_path / "ours"
    call("convert", source, ours, "--to", "mlx", "-q", *options)

    expected, found = arrays(theirs), arrays(ours)
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        assert same_bytes(array, found[name]), name
    before, after = (json.loads((d / "config.json").read_text()) for d in (theirs, ours))
    # mixed recipes: mlx-lm writes every module's choice, we those that differ from the base
    base = {k: before["quantization"][k] for k in ("group_size", "bits", "mode")}
    full = {k: v for k, v in before["quantization"].items() if not isinstance(v, dict) or v != base}
    assert after["quantization"] == after["quantization_config"] == full
    assert {k: v for k, v in after.items() if "quantization" not in k} == json.loads((source / "config.json").read_text())
    index, own_index = (json.loads((d / "model.safetensors.index.json").read_text()) for d in (theirs, ours))
    assert own_index == index

    # Both directories decode to what MLX decodes them to.
    values = dequantized(theirs)
    for directory in (theirs, ours):
        decoded = ours_decoded(call, directory, tmp_path / f"{directory.name}.safetensors")
        assert decoded.keys() == values.keys()
        for name, value in values.items():
            assert np.array_equal(decoded[name].view(np.uint32), value.view(np.uint32)), name


def test_their_aliases_are_understood(call, tmp_path):
    source = random_llama(tmp_path / "model")
    call("convert", source, tmp_path / "a", "-q", "--q-bits", "3", "--q-group-size", "32", "--q-mode", "affine")
    call("convert", source, tmp_path / "b", "--to", "mlx", "--bits", "3", "--group-size", "32")
    assert raw_tensors(tmp_path / "a" / "model.safetensors") == raw_tensors(tmp_path / "b" / "model.safetensors")


def test_plain_directories(call, tmp_path):
    source = random_llama(tmp_path / "model")
    call("convert", source, tmp_path / "same", "--to", "mlx")
    assert raw_tensors(tmp_path / "same" / "model.safetensors") == raw_tensors(source / "model.safetensors")
    assert mx.load(str(tmp_path / "same" / "model.safetensors"), return_metadata=True)[1] == {"format": "mlx"}
    index = json.loads((tmp_path / "same" / "model.safetensors.index.json").read_text())
    count = sum(int(np.prod(shape)) for _, shape, _ in raw_tensors(source / "model.safetensors").values())
    assert index["metadata"] == {"total_size": 2 * count, "total_parameters": count}
    mlx_utils.load_model(tmp_path / "same")
    call("convert", source, tmp_path / "half", "--to", "mlx", "--dtype", "f16")
    assert {a.dtype for a in arrays(tmp_path / "half").values()} == {mx.float16}


def test_quantized_directories_keep_their_bytes(call, tmp_path):
    source = quantized_by_mlx_lm(random_llama(tmp_path / "model"), tmp_path / "theirs", recipe="mixed_3_6")
    call("convert", source, tmp_path / "same", "--to", "mlx")
    assert raw_tensors(tmp_path / "same" / "model.safetensors") == raw_tensors(source / "model.safetensors")
    for name in ("config.json", "model.safetensors.index.json"):
        assert json.loads((tmp_path / "same" / name).read_text()) == json.loads((source / name).read_text())


# --- blocks of GGUF ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "mxfp4", "nvfp4"])
def test_blocks_become_mlx_and_return_without_rounding(call, tmp_path, scheme):
    call("quantize", random_llama(tmp_path / "model"), tmp_path / "a.gguf", "--type", scheme, "--pure")
    call("convert", tmp_path / "a.gguf", tmp_path / "mlx", "--to", "mlx")
    call("convert", tmp_path / "mlx", tmp_path / "b.gguf")
    first, second = ({t.name: t for t in gguf.GGUFReader(tmp_path / f).tensors} for f in ("a.gguf", "b.gguf"))
    assert first.keys() == second.keys()
    encoded = 0
    for name, tensor in first.items():
        assert second[name].tensor_type == tensor.tensor_type, name
        assert second[name].data.tobytes() == tensor.data.tobytes(), name
        encoded += tensor.tensor_type.name == scheme.upper()
    assert encoded == 9 * 7 + 2

    values = dequantized(tmp_path / "mlx")
    weights = {"blk.2.ffn_down.weight": "model.layers.2.mlp.down_proj.weight", "token_embd.weight": "model.embed_tokens.weight"}
    for ours, theirs in weights.items():
        expected = gguf.quants.dequantize(first[ours].data, first[ours].tensor_type)
        assert np.array_equal(values[theirs], expected), ours  # but for signs of zeros
    q = gguf.quants.dequantize(first["blk.1.attn_q.weight"].data, first["blk.1.attn_q.weight"].tensor_type)
    q = q.reshape(4, 16, 2, 128).swapaxes(1, 2).reshape(128, 128)
    assert np.array_equal(values["model.layers.1.self_attn.q_proj.weight"], q)


def test_mlx_codes_go_to_gguf_in_blocks_where_nothing_is_lost(call, tmp_path):
    source = random_llama(tmp_path / "model")
    for bits, group, kind in ((4, 64, "Q4_1"), (5, 128, "Q5_1"), (3, 64, "F32"), (8, 32, "F32")):
        name = f"{bits}-{group}"
        mlx = quantized_by_mlx_lm(source, tmp_path / name, group, bits)
        call("convert", mlx, tmp_path / f"{name}.gguf")
        tensors = {t.name: t for t in gguf.GGUFReader(tmp_path / f"{name}.gguf").tensors}
        values = dequantized(mlx)
        for ours, theirs in (("blk.4.ffn_up", "model.layers.4.mlp.up_proj"), ("token_embd", "model.embed_tokens")):
            tensor = tensors[f"{ours}.weight"]
            assert tensor.tensor_type.name == kind
            decoded = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            assert np.array_equal(decoded, values[f"{theirs}.weight"])


# --- generation ----------------------------------------------------------------------------------------------------


def greedy(directory, ids, count):
    model, _ = mlx_utils.load_model(directory)
    steps = generate_step(mx.array(ids), model, max_tokens=count)
    return [int(token) for token, _ in steps]


@pytest.mark.parametrize("options", [(), ("--dtype", "bf16"), ("-q", "--bits", "8", "--group-size", "32")],
                         ids=["plain", "bf16", "8-bit"])
def test_mlx_lm_says_what_ingot_run_says(call, tmp_path, test_data, options):
    from transformers import AutoTokenizer

    call("convert", test_data / "stories260K" / "checkpoint.bin", tmp_path / "mlx", "--to", "mlx", *options)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "mlx")
    prompt = "Once upon a time, there was a little"
    ids = tokenizer(prompt).input_ids
    theirs = tokenizer.decode(ids + greedy(tmp_path / "mlx", ids, 48), skip_special_tokens=True)
    ours = call("run", tmp_path / "mlx", "-p", prompt, "-n", 48, "--temperature", 0).stdout.decode()
    assert ours.strip() == theirs.strip()


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.fixture
def quantized(tmp_path):
    return quantized_by_mlx_lm(random_llama(tmp_path / "model", num_hidden_layers=1), tmp_path / "mlx", 64, 4)


def change_config(directory, change):
    config = json.loads((directory / "config.json").read_text())
    change(config["quantization"])
    (directory / "config.json").write_text(json.dumps(config))


UP = "model.layers.0.mlp.up_proj"


@pytest.mark.parametrize("change, words", [
    (lambda q: q.update(bits=8), ["scales", "expected bf16"]),
    (lambda q: q.update(group_size=32), ["scales", "expected bf16"]),
    (lambda q: q.update(bits=7), ["7-bit", "does not exist"]),
    (lambda q: q.update(bits=10**12), ["bits is 1000000000000"]),
    (lambda q: q.update(mode="nf4"), ["mode nf4"]),
    (lambda q: q.update(mode="mxfp4", group_size=32), ["scales", "expected u8"]),
    (lambda q: q.update({UP: {"group_size": 64, "bits": 3}}), [f"{UP}.weight", "whole groups"]),
    (lambda q: q.update({UP: False}), [f"{UP}.weight", "false"]),
    (lambda q: q.update({UP: {"mode": 3}}), [UP, "a text was expected"]),
], ids=["bits", "group", "no-such-bits", "absurd-bits", "mode", "floats", "module", "false", "type"])
def test_a_configuration_that_contradicts_the_tensors(call, quantized, change, words):
    change_config(quantized, change)
    error = call("inspect", quantized, status=1).stderr.decode()
    for word in words:
        assert word in error, error


@pytest.mark.parametrize("name", [f"{UP}.scales", f"{UP}.biases"])
def test_missing_parts(call, quantized, name):
    tensors = raw_tensors(quantized / "model.safetensors")
    del tensors[name]
    write_raw_tensors(quantized / "model.safetensors", tensors)
    (quantized / "model.safetensors.index.json").unlink()
    assert f"{name} is missing" in call("inspect", quantized, status=1).stderr.decode()


def test_weights_that_no_mode_holds(call, tmp_path):
    source = random_llama(tmp_path / "model", num_hidden_layers=1)
    tensors = raw_tensors(source / "model.safetensors")
    dtype, shape, content = tensors["lm_head.weight"]
    tensors["lm_head.weight"] = (dtype, shape, content[:514] + b"\xc0\x7f" + content[516:])
    write_raw_tensors(source / "model.safetensors", tensors)
    error = call("convert", source, tmp_path / "out", "-q", status=1).stderr.decode()
    assert "lm_head.weight" in error and "element (2, 1) is nan" in error
    assert not (tmp_path / "out").exists()


def test_choices_that_mlx_has_not(call, tmp_path):
    source = random_llama(tmp_path / "model", num_hidden_layers=1)
    for options, word in ((["--bits", 7], "does not exist"), (["--mode", "mxfp4", "--bits", 8], "does not exist"),
                          (["--type", "mixed_2_6", "--bits", 4], "says the mode and the bits itself")):
        assert word in call("convert", source, tmp_path / "out", "--to", "mlx", *options, status=1).stderr.decode()
    assert "--to mlx" in call("convert", source, tmp_path / "out.gguf", "-q", "--to", "gguf", status=2).stderr.decode()
    shutil.rmtree(source)


def test_shards_of_quantized_directories(call, tmp_path):
    source = quantized_by_mlx_lm(random_llama(tmp_path / "model"), tmp_path / "theirs", recipe="mixed_3_6")
    call("shard", source, tmp_path / "two", "--count", 2)
    files = sorted((tmp_path / "two").glob("*.safetensors"))
    assert len(files) == 2
    assert {k: v for f in files for k, v in raw_tensors(f).items()} == raw_tensors(source / "model.safetensors")
