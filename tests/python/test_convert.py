"""Conversion and quantization of whole models, read back by other packages and held against the originals."""

import hashlib
import json
import math
import pathlib
import subprocess

import gguf
import numpy as np
import pytest
import transformers
from conftest import raw_tensors, write_raw_tensors

MODELS = ["llama-gqa-llama3", "llama-linear-tied", "llama-headdim", "mistral", "bitnet-2b4t", "bitnet-silu", "qwen2", "qwen3",
          "gemma", "gemma2", "gemma3", "phi3", "phi3-longrope"]


@pytest.fixture(params=["models/tiny-bitnet"] + [f"tests/golden/{name}" for name in MODELS])
def model(root, request):
    return root / request.param


def test_there_and_back_every_byte_is_the_same(call, model, tmp_path):
    there = call("convert", model, tmp_path / "model.gguf")
    back = call("convert", tmp_path / "model.gguf", tmp_path / "back", "--to", "hf")
    assert b", 0 dropped" in there.stdout and b", 0 dropped" in back.stdout
    assert raw_tensors(tmp_path / "back" / "model.safetensors") == raw_tensors(model / "model.safetensors")
    kept = ["hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
            "rms_norm_eps", "hidden_act", "tie_word_embeddings", "max_position_embeddings", "architectures",
            "intermediate_size"]
    before = json.loads((model / "config.json").read_text())
    after = json.loads((tmp_path / "back" / "config.json").read_text())
    for key in kept:
        if before.get(key) is not None:
            assert after[key] == before[key], key
    if (model / "tokenizer.json").exists():
        a, b = (json.loads((d / "tokenizer.json").read_text())["model"] for d in (model, tmp_path / "back"))
        assert a["vocab"] == b["vocab"] and len(a["merges"]) == len(b["merges"])


def test_transformers_reads_the_configuration_we_write(call, model, tmp_path):
    call("convert", model, tmp_path / "model.gguf")
    call("convert", tmp_path / "model.gguf", tmp_path / "back", "--to", "hf")
    config = transformers.AutoConfig.from_pretrained(tmp_path / "back")
    original = json.loads((model / "config.json").read_text())
    assert type(config).__name__ == {"llama": "LlamaConfig", "mistral": "MistralConfig", "bitnet": "BitNetConfig",
                                     "qwen2": "Qwen2Config", "qwen3": "Qwen3Config", "gemma": "GemmaConfig",
                                     "gemma2": "Gemma2Config", "gemma3_text": "Gemma3TextConfig",
                                     "phi3": "Phi3Config"}[original["model_type"]]
    assert config.hidden_size == original["hidden_size"]
    # What transformers makes of both; one set of rotary parameters, or one for each kind of layer.
    theirs = transformers.AutoConfig.from_pretrained(model)
    for kind in ("full_attention", "sliding_attention"):
        ours, expected = (c.rope_parameters.get(kind, c.rope_parameters) for c in (config, theirs))
        for key in ("rope_type", "rope_theta", "factor", "short_factor", "long_factor", "partial_rotary_factor",
                    "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"):
            assert ours.get(key) == expected.get(key), (kind, key)
    for key in ("sliding_window", "layer_types", "query_pre_attn_scalar", "attn_logit_softcapping",
                "final_logit_softcapping", "hidden_activation", "head_dim"):
        assert getattr(theirs, key, None) is None or getattr(config, key) == getattr(theirs, key), key


def test_gguf_package_reads_what_we_write(call, model, tmp_path):
    call("convert", model, tmp_path / "model.gguf")
    reader = gguf.GGUFReader(tmp_path / "model.gguf")
    arch = reader.fields["general.architecture"].contents()
    config = json.loads((model / "config.json").read_text())
    assert reader.fields[f"{arch}.block_count"].contents() == config["num_hidden_layers"]
    assert reader.fields[f"{arch}.attention.head_count_kv"].contents() == config["num_key_value_heads"]
    names = {t.name for t in reader.tensors}
    assert {"token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight", "blk.0.ffn_down.weight"} <= names
    assert ("output.weight" in names) != config["tie_word_embeddings"]
    assert ("rope_freqs.weight" in names) == ("llama3" in (model / "config.json").read_text())
    assert all(t.tensor_type == gguf.GGMLQuantizationType.F32 for t in reader.tensors if len(t.shape) == 1)


LAYOUTS = json.loads((pathlib.Path(__file__).parents[1] / "golden/gguf_layouts.json").read_text())


@pytest.mark.parametrize("name", LAYOUTS)
def test_tensors_and_keys_are_those_of_llama_cpps_converter(call, root, tmp_path, name):
    """tools/make_gguf_layouts.py ran it; every element counts, so permutations and Gemma's 1 + weight are in this."""
    call("convert", root / "tests/golden" / name, tmp_path / "model.gguf", "--dtype", "f32")
    reader = gguf.GGUFReader(tmp_path / "model.gguf")
    tensors = {t.name: [[int(n) for n in reversed(t.shape)], hashlib.sha256(t.data.tobytes()).hexdigest()]
               for t in reader.tensors}
    expected = LAYOUTS[name]["tensors"]
    factors = "rope_freqs.weight"  # theirs are computed in f32, test_rope_factors_are_llama_cpps has the limit
    assert tensors.pop(factors, [None])[0] == expected.pop(factors, [None])[0]
    assert tensors == expected
    for key, value in LAYOUTS[name]["keys"].items():
        if key == "phi3.rope.scaling.original_context_length" and "longrope" not in name:
            continue  # a bound between two sets of factors, where there are none
        assert reader.fields[key].contents() == value, key


def permute(weights, heads):
    """llama.cpp's converter: rows of each head from halves to pairs."""
    return weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:]).swapaxes(1, 2).reshape(
        weights.shape)


def test_q_and_k_rows_are_where_llama_cpp_wants_them(call, root, tmp_path):
    model = root / "tests" / "golden" / "llama-gqa-llama3"
    call("convert", model, tmp_path / "model.gguf", "--dtype", "f32")
    tensors = {t.name: np.asarray(t.data) for t in gguf.GGUFReader(tmp_path / "model.gguf").tensors}
    dtype, shape, content = raw_tensors(model / "model.safetensors")["model.layers.0.self_attn.q_proj.weight"]
    assert dtype == "BF16"
    original = (np.frombuffer(content, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    np.testing.assert_array_equal(tensors["blk.0.attn_q.weight"], permute(original, 8))


def test_rope_factors_are_llama_cpps(call, root, tmp_path):
    """convert_hf_to_gguf.py's formula over wavelengths, in double."""
    model = root / "tests" / "golden" / "llama-gqa-llama3"
    rope = json.loads((model / "config.json").read_text())["rope_parameters"]
    context, low, high = (rope[k] for k in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"))
    expected = []
    for i in range(0, 8, 2):
        wavelength = 2 * math.pi * rope["rope_theta"] ** (i / 8)
        if wavelength < context / high:
            expected.append(1)
        elif wavelength > context / low:
            expected.append(rope["factor"])
        else:
            smooth = (context / wavelength - low) / (high - low)
            expected.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    call("convert", model, tmp_path / "model.gguf")
    actual = {t.name: t.data for t in gguf.GGUFReader(tmp_path / "model.gguf").tensors}["rope_freqs.weight"]
    np.testing.assert_allclose(actual, expected, rtol=3e-7)


def test_a_head_beside_tied_embeddings_is_dropped_and_named(call, root, tmp_path):
    """Some tied checkpoints carry their head all the same; it is the embedding, and readers of GGUF want it once."""
    source = root / "tests/golden/llama-linear-tied"
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text((source / "config.json").read_text())
    tensors = raw_tensors(source / "model.safetensors")
    with_head = {**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"]}
    write_raw_tensors(tmp_path / "model" / "model.safetensors", with_head)
    for command in (["convert"], ["quantize", "--type", "q8_0", "--pure"]):
        out = tmp_path / f"{command[0]}.gguf"
        done = call(*command, tmp_path / "model", out)
        assert b"dropped: lm_head.weight" in done.stderr
        assert "output.weight" not in {t.name for t in gguf.GGUFReader(out).tensors}
    call("convert", tmp_path / "convert.gguf", tmp_path / "back", "--to", "hf")
    assert raw_tensors(tmp_path / "back" / "model.safetensors") == tensors


def test_tensors_that_the_architecture_does_not_have(ingot, call, root, tmp_path):
    """Named in one error, or kept with --keep-names; an architecture that is not built likewise."""
    source = root / "tests/golden/qwen3"
    (tmp_path / "model").mkdir()
    config = (source / "config.json").read_text()
    tensors = raw_tensors(source / "model.safetensors")
    more = {**tensors, "model.layers.0.mystery.weight": tensors["model.norm.weight"],
            "other": tensors["model.norm.weight"]}
    write_raw_tensors(tmp_path / "model" / "model.safetensors", more)
    for text, words in [(config, [b"2 tensors", b"Qwen3ForCausalLM", b"model.layers.0.mystery.weight", b"other"]),
                        (config.replace("Qwen3ForCausalLM", "NewForCausalLM"), [b"NewForCausalLM", b"Qwen3ForCausalLM"])]:
        (tmp_path / "model" / "config.json").write_text(text)
        done = subprocess.run([ingot, "convert", tmp_path / "model", tmp_path / "x.gguf"], capture_output=True)
        assert done.returncode == 1 and all(word in done.stderr for word in [*words, b"--keep-names"]), done.stderr
        assert not (tmp_path / "x.gguf").exists()
        call("convert", tmp_path / "model", tmp_path / "kept.gguf", "--keep-names", "--force")
        assert {t.name for t in gguf.GGUFReader(tmp_path / "kept.gguf").tensors} == set(more)
    call("convert", tmp_path / "kept.gguf", tmp_path / "kept.safetensors", "--keep-names")
    assert raw_tensors(tmp_path / "kept.safetensors") == more


# --- quantization ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["q8_0", "q4_0", "q4_1", "q5_0", "q5_1", "tq1_0", "tq2_0"])
def test_every_matrix_gets_the_type(call, root, tmp_path, name):
    report = json.loads(call("quantize", root / "models/tiny-bitnet", tmp_path / "out.gguf", "--type", name, "--pure", "--json").stdout)
    assert report["substitutions"] == []
    reader = gguf.GGUFReader(tmp_path / "out.gguf")
    wanted = gguf.GGMLQuantizationType[name.upper()]
    assert {t.tensor_type for t in reader.tensors if len(t.shape) > 1} == {wanted}
    assert report["bytes"] == sum(t.n_bytes for t in reader.tensors)
    assert reader.fields["general.file_type"].contents() == gguf.LlamaFileType[f"MOSTLY_{name.upper()}"]


def test_substitutions_are_reported_and_recorded(call, root, tmp_path):
    """hidden 64, feed-forward 128: no row takes a block of 256, all take one of 32."""
    model = root / "tests/golden/llama-gqa-llama3"
    report = json.loads(call("quantize", model, tmp_path / "out.gguf", "--type", "tq2_0", "--pure", "--json").stdout)
    reader = gguf.GGUFReader(tmp_path / "out.gguf")
    matrices = {t.name: t for t in reader.tensors if len(t.shape) > 1}
    assert {s["tensor"] for s in report["substitutions"]} == set(matrices)
    assert {s["used"] for s in report["substitutions"]} == {"Q4_0"}
    assert {t.tensor_type for t in matrices.values()} == {gguf.GGMLQuantizationType.Q4_0}
    assert len(reader.fields["ingot.quantize.substitutions"].contents()) == len(matrices)


def test_weights_that_are_not_finite_are_refused_by_name(ingot, root, tmp_path):
    source = root / "tests/golden/llama-linear-tied"
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "config.json").write_text((source / "config.json").read_text())
    tensors = raw_tensors(source / "model.safetensors")
    name = "model.layers.1.mlp.up_proj.weight"
    dtype, shape, content = tensors[name]
    width = len(content) // math.prod(shape)
    broken = bytearray(content)
    broken[100 * width : 101 * width] = b"\xff" * width  # a NaN in f16, bf16 and f32
    tensors[name] = (dtype, shape, bytes(broken))
    write_raw_tensors(tmp_path / "bad" / "model.safetensors", tensors)
    process = subprocess.run([ingot, "quantize", tmp_path / "bad", tmp_path / "out.gguf", "--type", "q8_0", "--pure"],
                             capture_output=True)
    assert process.returncode == 1
    assert b"blk.1.ffn_up.weight" in process.stderr and b"100" in process.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["bad"]


def perplexity(call, model, text):
    return json.loads(call("perplexity", model, "--text", text, "--json").stdout)["perplexity"]


def test_the_bundled_model_loses_nothing_in_formats_that_hold_it(call, root, tmp_path):
    """Its values are ternary: TQ1_0 and TQ2_0 hold them up to the rounding of scales to f16, Q8_0 nearly."""
    model, text = root / "models/tiny-bitnet", root / "models/heldout/kjv.txt"
    own = perplexity(call, model, text)
    for name in ("q8_0", "tq1_0", "tq2_0"):
        call("quantize", model, tmp_path / f"{name}.gguf", "--type", name, "--pure")
        assert abs(perplexity(call, tmp_path / f"{name}.gguf", text) / own - 1) < 0.005, name


def test_a_ternary_gguf_becomes_a_packed_directory_and_runs_the_same(call, root, tmp_path):
    model, text = root / "models/tiny-bitnet", root / "models/heldout/kjv.txt"
    call("quantize", model, tmp_path / "tq2_0.gguf", "--type", "tq2_0", "--pure")
    call("convert", tmp_path / "tq2_0.gguf", tmp_path / "packed", "--to", "hf")
    tensors = raw_tensors(tmp_path / "packed" / "model.safetensors")
    assert tensors["model.layers.0.mlp.up_proj.weight"][:2] == ("U8", [128, 256])
    assert tensors["model.layers.0.mlp.up_proj.weight_scale"][:2] == ("F32", [1])
    a, b = perplexity(call, tmp_path / "tq2_0.gguf", text), perplexity(call, tmp_path / "packed", text)
    assert abs(a / b - 1) < 1e-3


def test_master_weights_in_a_gguf_are_ternarized_once(call, root, tmp_path):
    """TQ2_0 holds what absmean (transformers' BitLinear) makes of the masters, and must not be ternarized again."""
    source, text = root / "models/tiny-bitnet", root / "models/heldout/kjv.txt"
    (tmp_path / "model").mkdir()
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / "model" / name).write_bytes((source / name).read_bytes())
    rng, tensors = np.random.default_rng(7), raw_tensors(source / "model.safetensors")
    for name, (dtype, shape, content) in tensors.items():
        if "_proj" in name:  # the bundled values are ternary already: masters lie around them
            assert dtype == "BF16"
            values = (np.frombuffer(content, np.uint16).astype(np.uint32) << 16).view(np.float32)
            values = values + np.abs(values).mean() * rng.normal(0, 0.2, values.shape).astype(np.float32)
            tensors[name] = (dtype, shape, (values.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    write_raw_tensors(tmp_path / "model" / "model.safetensors", tensors)

    call("convert", tmp_path / "model", tmp_path / "master.gguf")
    call("quantize", tmp_path / "master.gguf", tmp_path / "tq2_0.gguf", "--type", "tq2_0", "--pure")
    master, ternary = (gguf.GGUFReader(tmp_path / f"{name}.gguf") for name in ("master", "tq2_0"))
    assert master.fields["ingot.bitnet.master_weights"].contents() is True
    assert "ingot.bitnet.master_weights" not in ternary.fields
    decoded = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in ternary.tensors}
    layers = [t for t in master.tensors if t.name.startswith("blk.") and len(t.shape) > 1]
    assert len(layers) == 4 * 7
    for tensor in layers:
        weights = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float64)
        scale = 1 / max(np.abs(weights).mean(), 1e-5)
        # np.rint rounds half to even, too. The block's scale is an f16: half a unit in its last place is 2^-11.
        np.testing.assert_allclose(decoded[tensor.name], np.clip(np.rint(weights * scale), -1, 1) / scale, rtol=2**-10)
    a, b = perplexity(call, tmp_path / "master.gguf", text), perplexity(call, tmp_path / "tq2_0.gguf", text)
    assert abs(a / b - 1) < 0.005  # as for the bundled model, above
