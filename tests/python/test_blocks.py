"""Block formats against the `gguf` package: encoded bytes and decoded bits equal, in both columns."""

import os
import pathlib
import subprocess

import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODEC = pathlib.Path(os.environ.get("INGOT_BIN", ROOT / "build/release/bin")) / "block_codec"
ENCODED = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "TQ1_0", "TQ2_0", "MXFP4", "NVFP4"]
DECODED = [*ENCODED, "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS",
           "IQ3_S", "IQ1_S", "IQ1_M"]
COLUMNS = 512


def run(mode, scheme, data, column, *importance, columns=COLUMNS):
    command = [CODEC, mode, scheme, str(columns), column, *importance]
    done = subprocess.run(command, input=data.tobytes(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, np.uint8 if mode == "encode" else np.float32)


def inputs():
    rng = np.random.default_rng(20)
    normal = rng.standard_normal((40, COLUMNS)).astype(np.float32)
    halves = rng.integers(-20, 21, (40, COLUMNS)).astype(np.float32) / 2  # many ties
    halves[:, ::32] = 63.5
    zeros = np.zeros((4, COLUMNS), np.float32)
    yield "normal", normal
    yield "heavy-tailed", normal**5
    yield "ties", halves
    yield "ternary", rng.integers(-1, 2, (40, COLUMNS)).astype(np.float32) * np.float32(0.37)
    for value in (0.0, 1.0, -1.0, 0.1, -3.3, 65504.0, 1e-5):
        yield f"constant {value}", np.full((2, COLUMNS), value, np.float32)
    yield "negative zero", -zeros
    yield "tiny", normal * np.float32(1e-30)
    yield "below the least f16", normal * np.float32(1e-8)
    yield "subnormal", normal * np.float32(1e-40)
    yield "least subnormal", np.where(normal > 0, np.float32(1e-45), np.float32(0))
    yield "huge", (normal * np.float32(8e37)).clip(-3.4e38, 3.4e38)
    yield "past f16", normal * np.float32(1e6)
    mixed = normal.copy()
    mixed[:, 1::2] = np.where(mixed[:, 1::2] > 0, np.float32(0.0), np.float32(-0.0))
    yield "signed zeros among values", mixed
    yield "one value among zeros", np.where(np.arange(COLUMNS) % 256 == 77, np.float32(-2.5), np.float32(0)) * np.ones(
        (3, 1), np.float32
    )
    yield "all bit patterns", rng.integers(0, 2**32, (200, COLUMNS), dtype=np.uint32).view(np.float32).clip(-3e38, 3e38)


CASES = [(name, np.nan_to_num(data, nan=1.0)) for name, data in inputs()]


def encoded(scheme, data):
    if scheme != "NVFP4":  # which the package only decodes
        return quants.quantize(data, GGMLQuantizationType[scheme]).reshape(-1)
    groups = data.reshape(-1, 16)
    scales = quants.NVFP4.fp32_to_ue4m3(np.abs(groups).max(axis=1) / np.float32(6))
    values = quants.NVFP4.ue4m3_to_fp32(scales).astype(np.float32)[:, None] * np.float32(quants.NVFP4.kvalues)
    codes = np.abs(values[:, None, :] - groups[:, :, None]).argmin(axis=2).astype(np.uint8)
    nibbles = (codes[:, :8] | codes[:, 8:] << 4).reshape(-1, 32)
    return np.concatenate([scales.reshape(-1, 4), nibbles], axis=1).reshape(-1)


@pytest.mark.parametrize("column", ["reference", "cpu"])
@pytest.mark.parametrize("scheme", ENCODED)
@pytest.mark.parametrize("name,data", CASES, ids=[name for name, _ in CASES])
def test_encoded_bytes(scheme, name, data, column):
    with np.errstate(all="ignore"):
        expected = encoded(scheme, data)
    assert np.array_equal(run("encode", scheme, data, column), expected)


def equal_bits(found, expected):
    same = found.view(np.uint32) == expected.view(np.uint32)
    assert np.all(same | (np.isnan(found) & np.isnan(expected)))


@pytest.mark.parametrize("column", ["reference", "cpu"])
@pytest.mark.parametrize("scheme", DECODED)
def test_decoded_bits(scheme, column):
    """Any bytes at all: every code, and every f16 as a scale."""
    kind = GGMLQuantizationType[scheme]
    row_bytes = quants.quant_shape_to_byte_shape((1, COLUMNS), kind)[1]
    blocks = np.random.default_rng(21).integers(0, 256, (500, row_bytes), dtype=np.uint8)
    with np.errstate(all="ignore"):
        expected = quants.dequantize(blocks, kind).reshape(-1)
    equal_bits(run("decode", scheme, blocks, column), expected)


def split(blocks, *types):
    """Blocks of one column of bytes → their fields."""
    widths = np.cumsum([np.dtype(kind).itemsize * count for kind, count in types])[:-1]
    parts = np.split(blocks, widths, axis=1)
    return [np.ascontiguousarray(part).view(kind) for part, (kind, _) in zip(parts, types)]


# Formats that the package lacks: from the structs of ggml-common.h and the loops of dequantize_row_…
def q8_1(blocks):
    d, _, q = split(blocks, ("<f2", 1), ("<f2", 1), ("i1", 32))
    return d.astype(np.float32) * q


def q8_k(blocks):
    d, q, _ = split(blocks, ("<f4", 1), ("i1", 256), ("<i2", 16))
    return d * q.astype(np.float32)


def q1_0(blocks):
    d, bits = split(blocks, ("<f2", 1), ("u1", 16))
    d = d.astype(np.float32)
    return np.where(np.unpackbits(bits, axis=1, bitorder="little") == 1, d, -d)


def q2_0(blocks):
    d, pairs = split(blocks, ("<f2", 1), ("u1", 16))
    codes = (pairs[:, :, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).reshape(len(pairs), 64)
    return d.astype(np.float32) * (codes.astype(np.float32) - 1)


@pytest.mark.parametrize("column", ["reference", "cpu"])
@pytest.mark.parametrize("expected,size,elements", [(q8_1, 36, 32), (q8_k, 292, 256), (q1_0, 18, 128), (q2_0, 18, 64)])
def test_decoded_bits_of_formats_without_a_package(expected, size, elements, column):
    blocks = np.random.default_rng(22).integers(0, 256, (500 * COLUMNS // elements, size), dtype=np.uint8)
    with np.errstate(all="ignore"):
        equal_bits(run("decode", expected.__name__.upper(), blocks, column), expected(blocks).reshape(-1))


def k_quant_arrays():
    rng = np.random.default_rng(23)
    shape = (64, 1024)
    yield "normal", rng.standard_normal(shape).astype(np.float32)
    yield "student", (rng.standard_t(3, shape) * 0.02).astype(np.float32)
    yield "uniform", rng.random(shape, dtype=np.float32)
    size = np.where(rng.random(shape) < 0.004, 30, 1).astype(np.float32)
    yield "outliers", size * rng.standard_normal(shape).astype(np.float32)


# Σ w (x − y)² / Σ w x² of what llama.cpp's quantize_… (from the sources of llama-cpp-python 0.3.36) makes of these
# arrays, w being the weights that it minimises for.
GGML_ERRORS = {
    ("normal", "Q2_K"): 3.7236e-02, ("normal", "Q3_K"): 6.7314e-03, ("normal", "Q4_K"): 3.4384e-03,
    ("normal", "Q5_K"): 8.9300e-04, ("normal", "Q6_K"): 7.6028e-05, ("student", "Q2_K"): 1.9040e-02,
    ("student", "Q3_K"): 1.2639e-03, ("student", "Q4_K"): 3.4421e-03, ("student", "Q5_K"): 8.8791e-04,
    ("student", "Q6_K"): 1.5980e-05, ("uniform", "Q2_K"): 1.1378e-02, ("uniform", "Q3_K"): 5.5145e-03,
    ("uniform", "Q4_K"): 6.7371e-04, ("uniform", "Q5_K"): 1.6685e-04, ("uniform", "Q6_K"): 7.7580e-05,
    ("outliers", "Q2_K"): 1.6287e-03, ("outliers", "Q3_K"): 2.4587e-05, ("outliers", "Q4_K"): 1.5245e-03,
    ("outliers", "Q5_K"): 4.4292e-04, ("outliers", "Q6_K"): 1.4278e-06,
    ("normal", "IQ4_NL"): 2.5006e-03, ("normal", "IQ4_XS"): 2.5996e-03, ("student", "IQ4_NL"): 4.0078e-04,
    ("student", "IQ4_XS"): 4.6552e-04, ("uniform", "IQ4_NL"): 2.4646e-03, ("uniform", "IQ4_XS"): 2.5387e-03,
    ("outliers", "IQ4_NL"): 2.5778e-05, ("outliers", "IQ4_XS"): 3.0768e-05,
}  # fmt: skip
SEARCHED = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]
# The same with the importance of the columns known.
GGML_WEIGHTED_ERRORS = {
    ("normal", "Q2_K"): 2.0206e-02, ("normal", "Q3_K"): 9.4347e-03, ("normal", "Q4_K"): 1.9057e-03,
    ("normal", "Q5_K"): 5.6150e-04, ("normal", "Q6_K"): 1.7924e-04, ("normal", "IQ4_NL"): 2.7503e-03,
    ("normal", "IQ4_XS"): 2.8534e-03, ("normal", "Q4_0"): 3.0443e-03, ("normal", "Q4_1"): 1.6047e-03,
    ("normal", "Q5_0"): 7.5476e-04, ("normal", "Q5_1"): 3.8201e-04, ("student", "Q2_K"): 1.8865e-02,
    ("student", "Q3_K"): 1.1424e-02, ("student", "Q4_K"): 2.4473e-03, ("student", "Q5_K"): 7.6538e-04,
    ("student", "Q6_K"): 4.6112e-04, ("student", "IQ4_NL"): 4.3425e-03, ("student", "IQ4_XS"): 3.7982e-03,
    ("student", "Q4_0"): 4.9150e-03, ("student", "Q4_1"): 1.6850e-03, ("student", "Q5_0"): 1.2906e-03,
    ("student", "Q5_1"): 4.0155e-04, ("uniform", "Q2_K"): 7.1223e-03, ("uniform", "Q3_K"): 4.7589e-03,
    ("uniform", "Q4_K"): 3.7961e-04, ("uniform", "Q5_K"): 9.3726e-05, ("uniform", "Q6_K"): 8.5427e-05,
    ("uniform", "IQ4_NL"): 1.9462e-03, ("uniform", "IQ4_XS"): 2.0463e-03, ("uniform", "Q4_0"): 1.4493e-03,
    ("uniform", "Q4_1"): 3.4581e-04, ("uniform", "Q5_0"): 3.6039e-04, ("uniform", "Q5_1"): 7.7658e-05,
    ("outliers", "Q2_K"): 3.6189e-03, ("outliers", "Q3_K"): 1.0674e-03, ("outliers", "Q4_K"): 5.0648e-04,
    ("outliers", "Q5_K"): 1.6231e-04, ("outliers", "Q6_K"): 7.4324e-04, ("outliers", "IQ4_NL"): 1.5589e-03,
    ("outliers", "IQ4_XS"): 8.4439e-04, ("outliers", "Q4_0"): 7.5008e-04, ("outliers", "Q4_1"): 2.7078e-04,
    ("outliers", "Q5_0"): 3.0956e-04, ("outliers", "Q5_1"): 6.9615e-05,
}  # fmt: skip
WEIGHTED = [*SEARCHED, "Q4_0", "Q4_1", "Q5_0", "Q5_1"]


def search_weights(scheme, x, importance=None):
    x = x.astype(np.float64)
    if importance is not None:
        if scheme == "Q6_K":
            return np.broadcast_to(importance, x.shape)
        simple = scheme in ("Q4_0", "Q4_1", "Q5_0", "Q5_1")
        blocks = x.reshape(-1, x.shape[1] if simple else 32 if scheme == "IQ4_NL" else 256)
        variance = (1 if simple or scheme == "Q2_K" else 2) * (blocks**2).mean(axis=1, keepdims=True)
        return importance * np.sqrt(np.broadcast_to(variance, blocks.shape).reshape(x.shape) + x * x)
    if scheme == "Q2_K":
        return np.abs(x)
    if scheme in ("Q3_K", "Q6_K", "IQ4_NL", "IQ4_XS"):
        return x * x
    groups = x.reshape(-1, 32)
    return (np.sqrt((groups * groups).mean(axis=1, keepdims=True)) + np.abs(groups)).reshape(x.shape)


def decoded(scheme, blocks, shape):
    kind = GGMLQuantizationType[scheme]
    row_bytes = quants.quant_shape_to_byte_shape((1, COLUMNS), kind)[1]
    return quants.dequantize(blocks.reshape(-1, row_bytes), kind).reshape(shape)


def relative_error(x, y, w):
    return (w * (x.astype(np.float64) - y) ** 2).sum() / (w * x.astype(np.float64) ** 2).sum()


@pytest.mark.parametrize("scheme", SEARCHED)
def test_searched_formats_err_no_more_than_ggml(scheme):
    for name, x in k_quant_arrays():
        y = decoded(scheme, run("encode", scheme, x, "cpu"), x.shape)
        assert relative_error(x, y, search_weights(scheme, x)) <= GGML_ERRORS[name, scheme], name


def importance_of_columns():
    """Over four orders of magnitude, as activations' are."""
    return (np.random.default_rng(24).standard_normal(1024) ** 4 + 0.01).astype(np.float32)


@pytest.mark.parametrize("scheme", WEIGHTED)
def test_weighted_search_errs_no_more_than_ggml(scheme, tmp_path):
    importance = importance_of_columns()
    importance.tofile(tmp_path / "importance")
    for name, x in k_quant_arrays():
        blocks = run("encode", scheme, x, "cpu", tmp_path / "importance", columns=1024)
        assert np.array_equal(blocks, run("encode", scheme, x, "reference", tmp_path / "importance", columns=1024))
        y = decoded(scheme, blocks, x.shape)
        assert relative_error(x, y, search_weights(scheme, x, importance)) <= GGML_WEIGHTED_ERRORS[name, scheme], name


@pytest.mark.parametrize("scheme", ["Q8_0", "TQ2_0", "MXFP4", "NVFP4"])
def test_importance_is_nothing_to_formats_without_a_search(scheme, tmp_path):
    importance_of_columns().tofile(tmp_path / "importance")
    for name, x in k_quant_arrays():
        blocks = run("encode", scheme, x, "cpu", tmp_path / "importance", columns=1024)
        assert np.array_equal(blocks, run("encode", scheme, x, "cpu", columns=1024)), name


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1])
def test_refuses_importance_that_is_none(bad, tmp_path):
    importance = importance_of_columns()
    importance[5] = bad
    importance.tofile(tmp_path / "importance")
    command = [CODEC, "encode", "Q4_K", "1024", "cpu", tmp_path / "importance"]
    done = subprocess.run(command, input=np.ones(1024, np.float32).tobytes(), capture_output=True)
    assert done.returncode == 1 and done.stdout == b""
    assert b"importance" in done.stderr and b" 5 " in done.stderr


@pytest.mark.parametrize("scheme", SEARCHED)
def test_searched_formats_of_odd_blocks(scheme):
    """What leaves nothing to divide by, and the ends of f16's range, in both columns alike."""
    steps = np.arange(COLUMNS, dtype=np.float32)
    rows = {
        "zeros": 0 * steps,
        "one value": np.where(steps == 300, np.float32(-2.5), np.float32(0)),
        "all equal": 0 * steps + np.float32(0.7),
        "all negative": -1 - steps / COLUMNS,
        "a ramp": steps / COLUMNS - np.float32(0.5),
        "tiny": (steps - 255) * np.float32(1e-12),
        "subnormal": (steps - 255) * np.float32(1e-41),
        "past f16": (steps - 255) * np.float32(1e9),
        "greatest": np.where(steps % 2 == 0, np.float32(3e38), np.float32(-3e38)),
    }
    x = np.stack(list(rows.values()))
    blocks = run("encode", scheme, x, "cpu")
    assert np.array_equal(blocks, run("encode", scheme, x, "reference"))
    y = decoded(scheme, blocks, x.shape)
    assert np.isfinite(y).all()
    # One step of the coarsest grid that the format can lay over the row: half the range for 2 and 3 bits.
    step = {"Q2_K": 1 / 3, "Q3_K": 1 / 4, "Q4_K": 1 / 15, "Q5_K": 1 / 31, "Q6_K": 1 / 32}.get(scheme, 23 / 127)
    for name in ("zeros", "one value", "all equal", "all negative", "a ramp"):
        i = list(rows).index(name)
        reach = max(rows[name].max(), 0) - min(rows[name].min(), 0)
        assert np.abs(y[i] - rows[name]).max() <= step * reach, name


@pytest.mark.parametrize("scheme", ENCODED)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_refuses_what_is_not_finite(scheme, bad):
    data = np.ones((4, COLUMNS), np.float32)
    data[2, 7] = data[3, 0] = bad
    done = subprocess.run([CODEC, "encode", scheme, str(COLUMNS), "cpu"], input=data.tobytes(), capture_output=True)
    assert done.returncode == 1 and done.stdout == b""
    assert f"element {2 * COLUMNS + 7}".encode() in done.stderr
