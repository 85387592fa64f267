"""Small weights as other tools quantize them, with the values those tools decode them to: tests/golden/quantized.

    pip install torch transformers compressed-tensors==0.20.0 bitsandbytes==0.50.2
    python tools/make_quantized_goldens.py

Each directory holds config.json and model.safetensors, as the tool's own compressor lays them out, and
expected.safetensors, what its own decompressor makes of them on a CPU.
"""

import json
import pathlib

import bitsandbytes.functional as bnb
import torch
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from compressed_tensors.compressors.base import BaseCompressor
from compressed_tensors.quantization import QuantizationScheme
from safetensors.torch import save_file
from transformers.integrations.finegrained_fp8 import Fp8Dequantize

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "tests" / "golden" / "quantized"
ROWS, COLUMNS = 48, 96


def write(name, quantization, tensors, expected, dtype):
    directory = GOLDEN / name
    directory.mkdir(parents=True, exist_ok=True)
    config = {"torch_dtype": dtype, "quantization_config": quantization}
    (directory / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file({f"layer.{k}": v.contiguous() for k, v in tensors.items()}, directory / "model.safetensors")
    save_file({"layer.weight": expected.contiguous()}, directory / "expected.safetensors")


def cells(weight, weights):
    """The weight's view (…) with an axis for what shares a scale last."""
    if weights["strategy"] == "tensor":
        return weight.reshape(1, -1)
    if weights["strategy"] == "channel":
        return weight
    if weights["strategy"] == "group":
        return weight.reshape(ROWS, -1, weights["group_size"])
    rows, columns = weights["block_structure"]
    return weight.reshape(ROWS // rows, rows, COLUMNS // columns, columns).transpose(1, 2).flatten(2)


def compressed(name, layout, dtype=torch.bfloat16, **weights):
    weight = torch.randn(ROWS, COLUMNS).to(dtype)
    parts = cells(weight.float(), weights)
    zero = None
    if weights["type"] == "float":
        scale = parts.abs().amax(-1) / 448
    elif weights.get("symmetric", True):
        scale = parts.abs().amax(-1) / (2 ** (weights["num_bits"] - 1) - 1)
    else:
        low, high = parts.amin(-1).clamp(max=0), parts.amax(-1).clamp(min=0)
        scale = (high - low) / (2 ** weights["num_bits"] - 1)
        zero = (-(2 ** (weights["num_bits"] - 1)) - low / scale).round().to(torch.int8)
    scale = scale.to(dtype)
    if weights["strategy"] == "channel":
        scale, zero = scale[:, None], None if zero is None else zero[:, None]
    scheme = QuantizationScheme(targets=["Linear"], weights=weights)
    state = {"weight": weight, "weight_scale": scale}
    if zero is not None:
        state["weight_zero_point"] = zero
    compressor = BaseCompressor.get_value_from_registry(layout)
    tensors = compressor.compress(state, scheme)
    expected = compressor.decompress(tensors, scheme)["weight"]
    write(name, {"quant_method": "compressed-tensors", "format": layout, "quantization_status": "compressed",
                 "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}}, "ignore": ["lm_head"]},
          tensors, expected, str(dtype).removeprefix("torch."))


def fp8(name, block, dtype=torch.float32):
    weight = torch.randn(ROWS, COLUMNS)
    rows, columns = block
    scale = cells(weight, {"strategy": "block", "block_structure": block}).abs().amax(-1) / 448
    spread = scale.repeat_interleave(rows, 0).repeat_interleave(columns, 1)
    codes = (weight / spread).to(torch.float8_e4m3fn)
    scale = scale.to(dtype)
    expected = Fp8Dequantize(None)._dequantize_one(codes, scale, torch.bfloat16)
    write(name, {"quant_method": "fp8", "activation_scheme": "dynamic", "fmt": "e4m3", "weight_block_size": block},
          {"weight": codes, "weight_scale_inv": scale}, expected, "bfloat16")


def four_bits(name, kind, dtype, nested, rows=ROWS, columns=COLUMNS):
    weight = torch.randn(rows, columns).to(dtype)
    codes, state = bnb.quantize_4bit(weight, blocksize=64, quant_type=kind, compress_statistics=nested)
    tensors = {"weight": codes} | {f"weight.{k}": v for k, v in state.as_dict(packed=True).items()}
    # The generic implementation, which is CUDA's: the CPU kernel of 0.50.2 starts a block at each row.
    absmax = state.absmax
    if nested:
        absmax = bnb.dequantize_blockwise(absmax, state.state2) + state.offset
    expected = _dequantize_4bit_compute(codes.reshape(-1), absmax.float(), state.code, 64, state.shape, dtype)
    if columns % 64 == 0:
        assert torch.equal(expected, bnb.dequantize_4bit(codes, state))
    write(name, {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": kind,
                 "bnb_4bit_use_double_quant": nested}, tensors, expected, str(dtype).removeprefix("torch."))


def eight_bits(name):
    weight = torch.randn(ROWS, COLUMNS).to(torch.float16)
    codes, scales, _ = bnb.int8_vectorwise_quant(weight)
    expected = bnb.int8_vectorwise_dequant(codes, scales).to(torch.float16)
    write(name, {"quant_method": "bitsandbytes", "load_in_8bit": True},
          {"weight": codes, "SCB": scales, "weight_format": torch.tensor(0, dtype=torch.uint8)}, expected, "float16")


def main():
    torch.manual_seed(5)
    group = {"type": "int", "strategy": "group"}
    compressed("packed-4-group", "pack-quantized", num_bits=4, group_size=32, **group)
    compressed("packed-3-group", "pack-quantized", num_bits=3, group_size=32, **group)
    compressed("packed-4-zeros", "pack-quantized", num_bits=4, group_size=32, symmetric=False, **group)
    compressed("packed-5-zeros", "pack-quantized", num_bits=5, strategy="channel", type="int", symmetric=False)
    compressed("packed-8-channel", "pack-quantized", torch.float16, num_bits=8, strategy="channel", type="int")
    compressed("int-channel", "int-quantized", num_bits=8, strategy="channel", type="int")
    compressed("int-zeros", "int-quantized", num_bits=8, group_size=32, symmetric=False, **group)
    compressed("int-tensor", "int-quantized", torch.float32, num_bits=8, strategy="tensor", type="int")
    compressed("float-tensor", "float-quantized", num_bits=8, strategy="tensor", type="float")
    compressed("float-channel", "float-quantized", torch.float16, num_bits=8, strategy="channel", type="float")
    compressed("float-block", "float-quantized", num_bits=8, strategy="block", type="float", block_structure=[16, 32])
    fp8("fp8-block", [16, 32])
    fp8("fp8-block-bf16", [48, 24], torch.bfloat16)
    four_bits("nf4", "nf4", torch.bfloat16, False)
    four_bits("nf4-nested", "nf4", torch.float16, True, 192, 128)
    four_bits("fp4", "fp4", torch.float32, False)
    four_bits("fp4-nested", "fp4", torch.bfloat16, True, 256, 72)
    eight_bits("int8")


if __name__ == "__main__":
    main()
