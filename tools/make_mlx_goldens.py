#!/usr/bin/env python3
"""Writes tests/golden/mlx.safetensors: what mx.quantize and mx.dequantize make of a few matrices in every mode.

    build/venv/bin/python tools/make_mlx_goldens.py

Tensors: "DTYPE" the matrix, then "DTYPE/MODE/BITS/GROUP/codes", ".../scales", ".../biases", and ".../values", what every
fourth row decodes to in f32 (scales and biases widened first). The file is as mx.save_safetensors writes it, data at any
byte. Runs on the CPU: MLX's GPU kernels break ties of 4-bit floats otherwise.
"""

import pathlib

import mlx.core as mx
import numpy as np

COLUMNS = 128
MODES = [("affine", bits, group) for bits in (2, 3, 4, 5, 6, 8) for group in (32, 64, 128)]
MODES += [("mxfp4", 4, 32), ("mxfp8", 8, 32), ("nvfp4", 4, 16)]


def matrix():
    """Ordinary rows, and those where rules differ: constants, ties, one sign, tiny numbers, outliers."""
    random = np.random.default_rng(1)
    rows = random.standard_normal((16, COLUMNS))
    rows[1] = 0
    rows[2] = -0.0
    rows[3] = 1
    rows[4] = -3.5
    rows[5] = abs(rows[5])
    rows[6] = -abs(rows[6])
    rows[7] *= 2.0**-20
    rows[8] *= 1e-7
    rows[9] *= 3000
    rows[10] = np.round(rows[10] * 4) / 4
    rows[11] = random.choice([-1, 1], COLUMNS)
    rows[12, ::3] = 0
    rows[13] = random.standard_t(2, COLUMNS)
    rows[14] = np.arange(COLUMNS) % 49 / 8 - 3
    rows[15] = 6 * 2.0 ** (np.arange(COLUMNS) // 16 - 4)
    return rows.astype(np.float32)


def main():
    mx.set_default_device(mx.cpu)
    out = {}
    for dtype in (mx.float16, mx.bfloat16, mx.float32):
        name = {mx.float16: "f16", mx.bfloat16: "bf16", mx.float32: "f32"}[dtype]
        x = mx.array(matrix()).astype(dtype)
        out[name] = x
        for mode, bits, group in MODES:
            codes, scales, *biases = mx.quantize(x, group_size=group, bits=bits, mode=mode)
            key = f"{name}/{mode}/{bits}/{group}"
            out |= {f"{key}/codes": codes, f"{key}/scales": scales}
            if mode == "affine":
                out[f"{key}/biases"] = biases[0]
                scales, biases = scales.astype(mx.float32), [biases[0].astype(mx.float32)]
            if name == "bf16":
                out[f"{key}/values"] = mx.dequantize(codes, scales, *biases, group_size=group, bits=bits, mode=mode,
                                                     dtype=mx.float32)[::4]
    path = pathlib.Path(__file__).resolve().parents[1] / "tests" / "golden" / "mlx.safetensors"
    mx.save_safetensors(str(path), out)
    print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
