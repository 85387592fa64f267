#!/usr/bin/env python3
"""Make the golden logits under tests/golden/ with Hugging Face transformers.

Each case is a random small model. Its directory holds `config.json` and
`model.safetensors` as transformers writes them, and `golden.safetensors`:
`tokens` (i64 [T]) and `logits` (f32 [T, vocab]) of one prefill in float32,
computed by a model that was loaded back from that directory.

The weights are scaled so that the comparison can fail: attention is far from
uniform, norm weights differ from 1, and the logits' standard deviation is at
least 1. BitNet rounds its activations to integers, so a value that lies next to
a rounding boundary would turn a harmless last bit into a visible difference:
those cases take the first seed that keeps every value away from the boundaries.
So do mixtures of experts with the choice of experts.

Needs torch, transformers (5.x), accelerate, safetensors. Runs on a CPU.
"""
import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import (AutoModelForCausalLM, BitNetConfig, BitNetForCausalLM, Gemma2Config,
                          Gemma2ForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, GemmaConfig,
                          GemmaForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM,
                          MistralConfig, MistralForCausalLM, MixtralConfig, MixtralForCausalLM,
                          Phi3Config, Phi3ForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config,
                          Qwen3ForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM)
from transformers.integrations.bitnet import AutoBitLinear, BitLinear, pack_weights
from transformers.utils import logging

LENGTH = 24
BITNET_LENGTH = 16      # fewer values, so that a seed with a wide rounding margin exists
ROUNDING_MARGIN = 1.5e-4  # in units of the int8 code; float32 noise is about 2e-5
TERNARY_MARGIN = 1e-5   # in units of the ternary code
ROUTER_MARGIN = 1e-3    # between the logits of the last expert chosen and the first left out

SHAPE = dict(vocab_size=160, hidden_size=64, intermediate_size=128, num_hidden_layers=2,
             num_attention_heads=8, num_key_value_heads=2, max_position_embeddings=256,
             bos_token_id=0, eos_token_id=1, rms_norm_eps=1e-5)
SMALL = dict(hidden_size=32, intermediate_size=64, num_attention_heads=4)
LLAMA3_ROPE = {"rope_type": "llama3", "rope_theta": 100.0, "factor": 8.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
OLD_BITNET_NAMES = {"attn_sub_norm": "inner_attn_ln", "ffn_sub_norm": "ffn_layernorm"}


@dataclass
class Case:
    """One golden model: what it is and how it is stored."""
    model: type
    config: type
    changes: dict                  # against SHAPE
    dtype: torch.dtype = torch.bfloat16
    quantization: str = ""         # "", "online", "autobitlinear" or "bitlinear" (both packed)
    edit: dict | None = None       # keys of config.json to replace; None deletes a key
    old_names: bool = False        # store as 1bitLLM's BitnetForCausalLM
    own_shape: bool = False        # SHAPE's keys are not the class's


def bitnet(**kwargs):
    changes = dict(num_attention_heads=4, hidden_act="relu2", tie_word_embeddings=True,
                   rope_parameters={"rope_type": "default", "rope_theta": 10000.0})
    return Case(BitNetForCausalLM, BitNetConfig, changes | kwargs.pop("changes", {}), **kwargs)


def rope(theta):
    return {"rope_parameters": {"rope_type": "default", "rope_theta": theta}}


SMALL = dict(hidden_size=32, intermediate_size=48, num_attention_heads=4)

CASES = {
    # Wavelengths 6.3 | 19.9, 62.8 | 198.7 against the bounds 16 and 64: all three regions of llama3.
    "llama-gqa-llama3": Case(LlamaForCausalLM, LlamaConfig,
                             dict(head_dim=8, rope_parameters=LLAMA3_ROPE)),
    # The rope keys as transformers 4 wrote them.
    "llama-linear-tied": Case(LlamaForCausalLM, LlamaConfig,
                              dict(intermediate_size=64, num_attention_heads=4, num_key_value_heads=4,
                                   tie_word_embeddings=True, rms_norm_eps=1e-3,
                                   rope_parameters={"rope_type": "linear", "factor": 2.0,
                                                    "rope_theta": 10000.0}),
                              dtype=torch.float32,
                              edit={"rope_parameters": None, "rope_theta": 10000.0,
                                    "rope_scaling": {"type": "linear", "factor": 2.0}}),
    "llama-headdim": Case(LlamaForCausalLM, LlamaConfig,
                          dict(num_attention_heads=4, head_dim=24) | rope(10000.0), dtype=torch.float16),
    "mistral": Case(MistralForCausalLM, MistralConfig, dict(sliding_window=None) | rope(1000.0)),
    "mistral-window": Case(MistralForCausalLM, MistralConfig, dict(sliding_window=8) | rope(10000.0)),
    "qwen2": Case(Qwen2ForCausalLM, Qwen2Config, SMALL | rope(1000.0)),
    "qwen3": Case(Qwen3ForCausalLM, Qwen3Config, SMALL | dict(head_dim=16, tie_word_embeddings=True) | rope(1000.0)),
    "gemma": Case(GemmaForCausalLM, GemmaConfig, SMALL | dict(head_dim=16, num_key_value_heads=1) | rope(10000.0)),
    # Caps low enough to bend scores and logits; a root that is not the head size's.
    "gemma2": Case(Gemma2ForCausalLM, Gemma2Config,
                   SMALL | dict(num_hidden_layers=3, head_dim=16, sliding_window=8, query_pre_attn_scalar=9,
                                attn_logit_softcapping=4.0, final_logit_softcapping=5.0) | rope(10000.0)),
    # Every third layer sees everything, with its own rotary base, scaled.
    "gemma3": Case(Gemma3ForCausalLM, Gemma3TextConfig,
                   SMALL | dict(num_hidden_layers=4, head_dim=16, sliding_window=8, query_pre_attn_scalar=16,
                                sliding_window_pattern=3,
                                rope_parameters={
                                    "sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                                    "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}})),
    "phi3": Case(Phi3ForCausalLM, Phi3Config, SMALL | dict(sliding_window=8, pad_token_id=None) | rope(1000.0)),
    # A quarter of each head stays, and 24 tokens are more than the original context: the long factors.
    "phi3-longrope": Case(Phi3ForCausalLM, Phi3Config,
                          SMALL | dict(num_attention_heads=2, num_key_value_heads=1, sliding_window=None, pad_token_id=None,
                                       original_max_position_embeddings=16,
                                       rope_parameters={"rope_type": "longrope", "rope_theta": 1000.0,
                                                        "partial_rotary_factor": 0.75,
                                                        "original_max_position_embeddings": 16,
                                                        "short_factor": [1.0, 1.25, 1.5, 1.75, 2.0, 2.5],
                                                        "long_factor": [1.5, 2.0, 3.0, 4.0, 6.0, 8.0]}),
                          edit={"rope_parameters": None, "rope_theta": 1000.0, "partial_rotary_factor": 0.75,
                                "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.25, 1.5, 1.75, 2.0, 2.5],
                                                 "long_factor": [1.5, 2.0, 3.0, 4.0, 6.0, 8.0]}}),
    "bitnet-2b4t": bitnet(quantization="online"),
    "bitnet-2b4t-packed": bitnet(quantization="autobitlinear"),
    "bitnet-packed-bitlinear": bitnet(quantization="bitlinear"),
    # 1bitLLM's utils_quant.py has the formulas of transformers' online AutoBitLinear.
    "bitnet-silu": bitnet(changes=dict(hidden_act="silu"), quantization="online", dtype=torch.float16,
                          old_names=True),
    # Experts are stored one by one, whatever they are in memory.
    "mixtral": Case(MixtralForCausalLM, MixtralConfig,
                    SMALL | dict(num_local_experts=4, num_experts_per_tok=2) | rope(10000.0)),
    "qwen3-moe": Case(Qwen3MoeForCausalLM, Qwen3MoeConfig,
                      SMALL | dict(num_experts=6, num_experts_per_tok=3, moe_intermediate_size=24, head_dim=16,
                                   norm_topk_prob=True) | rope(1000.0)),
    # The weights of the chosen experts as the softmax over all gives them; the key of transformers 4.
    "qwen3-moe-unnormalized": Case(Qwen3MoeForCausalLM, Qwen3MoeConfig,
                                   SMALL | dict(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=24,
                                                head_dim=8, num_hidden_layers=1) | rope(10000.0),
                                   edit={"num_local_experts": None, "num_experts": 6}),
    "gpt2": Case(GPT2LMHeadModel, GPT2Config, dict(n_embd=32, n_layer=2, n_head=4, n_positions=64),
                 dtype=torch.float16, own_shape=True),
    "gpt2-inner": Case(GPT2LMHeadModel, GPT2Config, dict(n_embd=32, n_layer=1, n_head=2, n_positions=32, n_inner=48,
                                                         layer_norm_epsilon=1e-3), own_shape=True),
}


@torch.no_grad()
def randomize(model, seed):
    """Fills the model so that every part of it shows in the logits."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() == 1:  # Gemma's norms multiply by 1 + weight
            mean = 0 if name.endswith("bias") or "gemma" in model.config.model_type else 1
            parameter.copy_(mean + 0.25 * noise)
        elif "embed_tokens" in name or name.endswith((".wte.weight", ".wpe.weight")):
            parameter.copy_(0.25 * noise)
        else:
            fan_in = parameter.shape[0 if ".c_" in name else -1]  # GPT-2's Conv1D is (in, out)
            parameter.copy_(1.5 * noise / fan_in ** 0.5)


def pack(tensors, linear_class):
    """Packs the projections as uint8, four ternary values a byte, beside their scale."""
    packed = {}
    for name, tensor in tensors.items():
        if not name.endswith("_proj.weight"):
            packed[name] = tensor
            continue
        mean = tensor.float().abs().mean().clamp(min=1e-5)
        packed[name] = pack_weights((tensor.float() / mean).round().clamp(-1, 1))
        scale = mean if linear_class == "autobitlinear" else 1 / mean
        packed[name.replace(".weight", ".weight_scale")] = scale.reshape(1).to(tensor.dtype)
    return packed


def store(case, seed, directory):
    """Writes config.json and model.safetensors as transformers would load them."""
    shape = dict(vocab_size=SHAPE["vocab_size"], bos_token_id=0, eos_token_id=1) if case.own_shape else SHAPE
    model = case.model(case.config(**(shape | case.changes)))
    randomize(model, seed)
    model.to(case.dtype).save_pretrained(directory)
    (directory / "generation_config.json").unlink(missing_ok=True)

    config_path = directory / "config.json"
    config = json.loads(config_path.read_text())
    config |= case.edit or {}
    for key in [key for key, value in (case.edit or {}).items() if value is None]:
        del config[key]
    if case.quantization:
        packed = case.quantization != "online"
        config["quantization_config"] = {
            "quant_method": "bitnet", "modules_to_not_convert": None,
            "linear_class": case.quantization if packed else "autobitlinear",
            "quantization_mode": "offline" if packed else "online"}
        if packed:
            weights = directory / "model.safetensors"
            save_file(pack(load_file(weights), case.quantization), weights, metadata={"format": "pt"})
    config_path.write_text(json.dumps(config, indent=2) + "\n")


def use_old_names(directory):
    """Renames a stored BitNetForCausalLM to 1bitLLM's older BitnetForCausalLM."""
    weights = directory / "model.safetensors"
    renamed = {}
    for name, tensor in load_file(weights).items():
        for new, old in OLD_BITNET_NAMES.items():
            name = name.replace(new, old)
        renamed[name] = tensor
    save_file(renamed, weights, metadata={"format": "pt"})

    config_path = directory / "config.json"
    config = json.loads(config_path.read_text())
    theta = config.pop("rope_parameters")["rope_theta"]
    del config["quantization_config"]
    config |= {"architectures": ["BitnetForCausalLM"], "model_type": "llama", "rope_theta": theta,
               "rope_scaling": None, "weight_bits": 1, "input_bits": 8}
    config_path.write_text(json.dumps(config, indent=2) + "\n")


def distance_to_half(values):
    """The least distance of any value to a rounding boundary n + 1/2."""
    return ((values - values.floor()) - 0.5).abs().min().item()


@torch.no_grad()
def prefill(directory, tokens):
    """Logits of the stored model, and the margins of its activation and weight rounding and of its routers."""
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32,
                                                 attn_implementation="eager").eval()
    activation, weight, router = [1.0], [1.0], [1.0]

    def watch(_, inputs):
        x = inputs[0]
        activation.append(distance_to_half(x * (127 / x.abs().amax(-1, keepdim=True))))

    def watch_router(module, inputs):
        logits = torch.nn.functional.linear(inputs[0].reshape(-1, module.weight.shape[1]), module.weight)
        best = logits.sort(descending=True).values
        router.append((best[:, module.top_k - 1] - best[:, module.top_k]).min().item())

    for module in model.modules():
        if type(module).__name__.endswith("TopKRouter"):
            module.register_forward_pre_hook(watch_router)
        if isinstance(module, (AutoBitLinear, BitLinear)):
            module.register_forward_pre_hook(watch)
        if isinstance(module, AutoBitLinear) and module.online_quant:
            weight.append(distance_to_half(module.weight / module.weight.abs().mean()))
    return model(tokens[None]).logits[0], min(activation), min(weight), min(router)


def make(name, directory):
    """Writes one case and returns a line about it."""
    case = CASES[name]
    length = BITNET_LENGTH if case.quantization else LENGTH
    for seed in range(1, 1000):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        store(case, seed, directory)
        tokens = torch.randint(0, SHAPE["vocab_size"], (length,),
                               generator=torch.Generator().manual_seed(seed))
        logits, activation, weight, router = prefill(directory, tokens)
        if activation > ROUNDING_MARGIN and weight > TERNARY_MARGIN and router > ROUTER_MARGIN:
            break
    else:
        raise SystemExit(f"{name}: no seed keeps the rounding margins")

    deviation = logits.std().item()
    if deviation < 1:
        raise SystemExit(f"{name}: the logits' deviation is {deviation:.3f}, less than 1")
    if case.old_names:
        use_old_names(directory)
    save_file({"tokens": tokens, "logits": logits.contiguous()}, directory / "golden.safetensors",
              metadata={"case": name, "seed": str(seed)})
    size = sum(path.stat().st_size for path in directory.iterdir())
    margins = f"  margins {activation:.1e} {weight:.1e}" if case.quantization else ""
    return f"{name:24} seed {seed:3}  {size / 1000:5.0f} kB  deviation {deviation:5.2f}{margins}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"one of: {', '.join(CASES)} (default: all)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "tests/golden",
                        help="output folder (default: tests/golden)")
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - set(CASES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    for name in arguments.cases or CASES:
        print(make(name, arguments.out / name), flush=True)


if __name__ == "__main__":
    main()
