"""Mixtures of experts and GPT-2 between Hugging Face's layout and GGUF's, read back by other packages."""

import re

import gguf
import numpy as np
import pytest
import transformers
from conftest import raw_tensors, write_raw_tensors

MIXTURES = ["mixtral", "qwen3-moe", "qwen3-moe-unnormalized"]
MODELS = MIXTURES + ["gpt2", "gpt2-inner"]
ARCHITECTURES = {"mixtral": gguf.MODEL_ARCH.LLAMA, "qwen3-moe": gguf.MODEL_ARCH.QWEN3MOE,
                 "qwen3-moe-unnormalized": gguf.MODEL_ARCH.QWEN3MOE, "gpt2": gguf.MODEL_ARCH.GPT2,
                 "gpt2-inner": gguf.MODEL_ARCH.GPT2}
PARTS = {"gate": ("w1", "gate_proj"), "up": ("w3", "up_proj"), "down": ("w2", "down_proj")}


@pytest.fixture(params=MODELS)
def model(root, request):
    return root / "tests/golden" / request.param


@pytest.fixture(params=MIXTURES)
def mixture(root, request):
    return root / "tests/golden" / request.param


def values(raw):
    """Of a tensor as raw_tensors() has it, in f32."""
    dtype, shape, content = raw
    if dtype == "BF16":
        return (np.frombuffer(content, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)
    return np.frombuffer(content, {"F16": np.float16, "F32": np.float32}[dtype]).reshape(shape).astype(np.float32)


def read(path):
    return {t.name: (list(map(int, reversed(t.shape))), gguf.quants.dequantize(t.data, t.tensor_type), t.tensor_type)
            for t in gguf.GGUFReader(path).tensors}


def test_there_and_back_every_byte_is_the_same(call, model, tmp_path):
    there = call("convert", model, tmp_path / "model.gguf")
    back = call("convert", tmp_path / "model.gguf", tmp_path / "back", "--to", "hf")
    assert b", 0 dropped" in there.stdout and b", 0 dropped" in back.stdout
    assert raw_tensors(tmp_path / "back" / "model.safetensors") == raw_tensors(model / "model.safetensors")
    ours = transformers.AutoConfig.from_pretrained(tmp_path / "back").to_dict()
    theirs = transformers.AutoConfig.from_pretrained(model).to_dict()
    for key in ("architectures", "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size",
                "num_key_value_heads", "head_dim", "intermediate_size", "moe_intermediate_size", "num_local_experts",
                "num_experts_per_tok", "norm_topk_prob", "sliding_window", "rope_parameters", "tie_word_embeddings",
                "n_positions", "layer_norm_epsilon", "activation_function", "rms_norm_eps", "max_position_embeddings"):
        if theirs.get(key) is not None:
            assert ours[key] == theirs[key], key
    if theirs["model_type"] == "gpt2":
        assert (ours["n_inner"] or 4 * ours["n_embd"]) == (theirs["n_inner"] or 4 * theirs["n_embd"])


def test_names_are_those_of_the_gguf_package(call, model, tmp_path):
    call("convert", model, tmp_path / "model.gguf")
    names = gguf.get_tensor_name_map(ARCHITECTURES[model.name], 2)
    expected = set()
    for name in raw_tensors(model / "model.safetensors"):
        stem, suffix = re.sub(r"\.experts\.\d+\.", ".experts.", name).rsplit(".", 1)
        expected.add(names.get_name(stem) + "." + suffix)
    assert set(read(tmp_path / "model.gguf")) == expected


def test_experts_are_stacked_in_their_order(call, mixture, tmp_path):
    call("convert", mixture, tmp_path / "model.gguf")
    original, tensors = raw_tensors(mixture / "model.safetensors"), read(tmp_path / "model.gguf")
    for part, endings in PARTS.items():
        experts = [values(original[n]) for n in sorted(original) if ".layers.0." in n and ".experts." in n
                   and n.endswith(tuple(f".{e}.weight" for e in endings))]
        shape, found, kind = tensors[f"blk.0.ffn_{part}_exps.weight"]
        assert shape == [len(experts), *experts[0].shape] and kind == gguf.GGMLQuantizationType.BF16
        np.testing.assert_array_equal(found.reshape(shape), np.stack(experts))
    assert tensors["blk.0.ffn_gate_inp.weight"][2] == gguf.GGMLQuantizationType.F32


def test_keys_of_mixtures(call, mixture, tmp_path):
    call("convert", mixture, tmp_path / "model.gguf")
    fields = gguf.GGUFReader(tmp_path / "model.gguf").fields
    config = transformers.AutoConfig.from_pretrained(mixture)
    arch = fields["general.architecture"].contents()
    assert arch == ("llama" if mixture.name == "mixtral" else "qwen3moe")
    assert fields[f"{arch}.expert_count"].contents() == config.num_local_experts
    assert fields[f"{arch}.expert_used_count"].contents() == config.num_experts_per_tok
    if arch == "qwen3moe":
        assert fields[f"{arch}.expert_feed_forward_length"].contents() == config.moe_intermediate_size
        assert fields[f"{arch}.expert_weights_norm"].contents() is config.norm_topk_prob


def test_experts_are_quantized_as_one_stack(call, mixture, tmp_path):
    """Rows of 32: a block each for gate and up; rows of down take blocks of 32 only where they are a multiple."""
    call("quantize", mixture, tmp_path / "model.gguf", "--type", "q8_0", "--pure")
    tensors, original = read(tmp_path / "model.gguf"), raw_tensors(mixture / "model.safetensors")
    shape, found, kind = tensors["blk.0.ffn_up_exps.weight"]
    assert kind == gguf.GGMLQuantizationType.Q8_0
    experts = np.stack([values(original[n]) for n in sorted(original) if ".layers.0." in n and ".experts." in n
                        and n.endswith((".w3.weight", ".up_proj.weight"))])
    blocks = np.abs(experts).reshape(-1, 32).max(1)
    error = np.abs(found.reshape(-1, 32) - experts.reshape(-1, 32)).max(1)
    # Half a step of max/127, whose f16 is within 2^-11 of it: 127 steps shift by at most 127 · 2^-11 of one.
    assert (error <= blocks / 127 * (0.5 + 127 * 2.0**-11)).all() and error.max() > 0
    assert tensors["blk.0.ffn_gate_inp.weight"][2] == gguf.GGMLQuantizationType.F32
    back = tmp_path / "back"
    call("convert", tmp_path / "model.gguf", back, "--to", "hf")
    assert set(raw_tensors(back / "model.safetensors")) == set(original)


def test_a_missing_expert_is_named(call, mixture, tmp_path):
    tensors = raw_tensors(mixture / "model.safetensors")
    missing = next(n for n in tensors if ".experts.1." in n)
    write_raw_tensors(tmp_path / "model.safetensors", {n: t for n, t in tensors.items() if n != missing})
    (tmp_path / "config.json").write_bytes((mixture / "config.json").read_bytes())
    process = call("convert", tmp_path, tmp_path / "out.gguf", status=1)
    assert missing.encode() in process.stderr and b"is missing" in process.stderr


def test_linear_layers_of_gpt2_are_transposed(call, root, tmp_path):
    model = root / "tests/golden/gpt2"
    call("convert", model, tmp_path / "model.gguf")
    original, tensors = raw_tensors(model / "model.safetensors"), read(tmp_path / "model.gguf")
    for ours, theirs in (("attn_qkv", "attn.c_attn"), ("attn_output", "attn.c_proj"), ("ffn_up", "mlp.c_fc"),
                         ("ffn_down", "mlp.c_proj")):
        expected = values(original[f"transformer.h.1.{theirs}.weight"]).T
        shape, found, _ = tensors[f"blk.1.{ours}.weight"]
        assert shape == list(expected.shape)
        np.testing.assert_array_equal(found, expected)
    assert tensors["position_embd.weight"][2] == gguf.GGMLQuantizationType.F32
    assert tensors["token_embd.weight"][2] == gguf.GGMLQuantizationType.F16
    fields = gguf.GGUFReader(tmp_path / "model.gguf").fields
    assert fields["gpt2.feed_forward_length"].contents() == 128 and fields["gpt2.context_length"].contents() == 64


def test_the_first_gpt2_files_convert_alike(call, root, tmp_path):
    """Without "transformer." in front, and with the causal mask of each layer."""
    source = root / "tests/golden/gpt2"
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "config.json").write_bytes((source / "config.json").read_bytes())
    old = {n.removeprefix("transformer."): t for n, t in raw_tensors(source / "model.safetensors").items()}
    for i in range(2):
        old[f"h.{i}.attn.bias"] = ("F32", [1, 1, 2, 2], np.tril(np.ones((2, 2), np.float32)).tobytes())
    write_raw_tensors(tmp_path / "old" / "model.safetensors", old)
    done = call("convert", tmp_path / "old", tmp_path / "old.gguf")
    assert b"h.1.attn.bias" in done.stderr
    call("convert", source, tmp_path / "new.gguf")
    old, new = read(tmp_path / "old.gguf"), read(tmp_path / "new.gguf")
    assert old.keys() == new.keys()
    for name in new:
        np.testing.assert_array_equal(old[name][1], new[name][1])
