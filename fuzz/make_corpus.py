#!/usr/bin/env python3
"""Writes the seed corpora of the readers of weight files and config.json: small files that reach every branch of the formats.

    python3 fuzz/make_corpus.py

The bytes are fixed, so running it again changes nothing. Nothing but the standard library is needed.
"""

import io
import json
import pathlib
import struct
import zipfile

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
PACK = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d"}


def safetensors(header, data=b"", pad=0):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    text += b" " * pad
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors_seeds():
    types = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8,
             "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32,
             "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64}
    header, at = {"__metadata__": {"format": "pt", "note": "\u00e9\n\""}}, 0
    for name, bits in types.items():
        size = 4 * bits // 8
        header[name.lower()] = entry(name, [2, 2], at, at + size)
        at += size
    yield "types", safetensors(header, bytes(at), pad=3)
    yield "empty", safetensors(b"{}")
    yield "blanks", safetensors(b" \n{ } ")
    yield "scalar", safetensors({"s": entry("F32", [], 0, 4)}, bytes(4))
    yield "none", safetensors({"z": entry("F32", [2, 0], 0, 0)})
    yield "extra", safetensors(b'{"w":{"x":[1,-2.5,null,true,{"y":"z"}],"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
                               b"x")
    yield "overlap", safetensors({"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 1, 3)}, bytes(3))


def index_seeds():
    yield "two", json.dumps({"metadata": {"total_size": 12}, "weight_map": {"a": "x-00001-of-00002.safetensors",
                                                                            "b": "x-00002-of-00002.safetensors"}}).encode()
    yield "float", b'{"metadata":{"total_size":1.5,"more":[{}]},"weight_map":{}}'
    yield "path", b'{"weight_map":{"a":"../x"}}'


class Gguf:
    def __init__(self, version=3, order="<"):
        self.version, self.order = version, order
        self.keys, self.tensors, self.data = [], [], b""

    def pack(self, form, *values):
        return struct.pack(self.order + form, *values)

    def size(self, n):
        return self.pack("I" if self.version == 1 else "Q", n)

    def text(self, text):
        raw = text.encode()
        return self.size(len(raw)) + raw

    def value(self, kind, value):
        if kind == STRING:
            return self.text(value)
        if kind == ARRAY:
            inner, values = value
            return self.pack("I", inner) + self.size(len(values)) + b"".join(self.value(inner, v) for v in values)
        return self.pack(PACK[kind], value)

    def key(self, name, kind, value):
        self.keys.append(self.text(name) + self.pack("I", kind) + self.value(kind, value))
        return self

    def tensor(self, name, dims, kind, data):
        self.data += bytes(-len(self.data) % 32)
        self.tensors.append(self.text(name) + self.pack("I", len(dims)) + b"".join(self.size(d) for d in dims) +
                            self.pack("IQ", kind, len(self.data)))
        self.data += data
        return self

    def file(self):
        out = b"GGUF" + self.pack("I", self.version) + self.size(len(self.tensors)) + self.size(len(self.keys))
        out += b"".join(self.keys) + b"".join(self.tensors)
        return out + bytes(-len(out) % 32) + self.data if self.tensors else out


def gguf_seeds():
    values = [(U8, 1), (I8, -1), (U16, 2), (I16, -2), (U32, 3), (I32, -3), (F32, 0.5), (BOOL, True), (STRING, "text"),
              (U64, 4), (I64, -4), (F64, 0.25)]
    for version, order in ((1, "<"), (2, "<"), (3, "<"), (3, ">")):
        g = Gguf(version, order).key("general.alignment", U32, 32)
        for kind, value in values:
            g.key(f"v{kind}", kind, value)
            g.key(f"a{kind}", ARRAY, (kind, [value, value]))
        g.key("nested", ARRAY, (ARRAY, [(U8, [1, 2]), (ARRAY, [(STRING, ["x"])])]))
        g.tensor("f32", [3, 2], 0, bytes(24)).tensor("scalar", [], 26, bytes(4))
        g.tensor("q4_0", [32], 2, bytes(18)).tensor("q8_0", [32, 2], 8, bytes(68)).tensor("q6_k", [256], 14, bytes(210))
        g.tensor("i2_s", [128], 36, bytes(64)).tensor("tq1_0", [256], 34, bytes(54))
        yield f"v{version}{'b' if order == '>' else 'l'}", g.file()
    yield "vocabulary", Gguf().key("tokenizer.ggml.tokens", ARRAY, (STRING, ["<s>", "\u2581a", "b"])).key(
        "tokenizer.ggml.scores", ARRAY, (F32, [0, -1, -2])).file()
    yield "split", Gguf().key("split.no", U16, 0).key("split.count", U16, 2).key("split.tensors.count", I32, 0).file()
    yield "deep", Gguf().key("deep", ARRAY, (ARRAY, [(ARRAY, [(ARRAY, [(ARRAY, [(U8, [1])])])])])).file()


def llama2c_seeds():
    dim, hidden, layers, heads, kv_heads, context = 4, 4, 1, 2, 1, 2
    for name, vocabulary in (("shared", 3), ("separate", -3)):
        floats = abs(vocabulary) * dim * (2 if vocabulary < 0 else 1) + dim + context * dim // heads
        floats += layers * (2 * dim + 2 * dim * dim + 2 * dim * dim // heads * kv_heads + 3 * dim * hidden)
        yield name, struct.pack("<7i", dim, hidden, layers, heads, kv_heads, vocabulary, context) + bytes(4 * floats)


def npy(descr, shape, data, fortran=False, major=1):
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + struct.pack("<BBH" if major == 1 else "<BBI", major, 0, len(header)) + header + data


def npy_seeds():
    for descr, size in (("|b1", 1), ("<i2", 2), (">u4", 4), ("<f2", 2), ("<V2", 2), (">c8", 8), ("<f8", 8)):
        yield "type_" + descr[1:] + ("_big" if descr[0] == ">" else ""), npy(descr, (3,), bytes(3 * size))
    yield "scalar", npy("<f4", (), bytes(4))
    yield "fortran", npy(">f4", (2, 3, 4), bytes(96), True, 2)
    yield "long", npy("<f4", (0, 1, 1, 1, 1, 1, 1, 1), b"", major=3)
    yield "structured", b"\x93NUMPY\x01\x00\x12\x00{'descr': [('a', '"


def zip_of(entries, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in entries.items():
            file.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


class Unseekable(io.BytesIO):
    """Makes zipfile write sizes behind the data."""

    def seek(self, *_):
        raise OSError

    def seekable(self):
        return False

    def tell(self):
        raise OSError


def npz_seeds():
    arrays = {"a.npy": npy("<f4", (2,), bytes(8)), "b/c.npy": npy(">i2", (2, 2), bytes(8), True), "note": b"text"}
    yield "stored", zip_of(arrays)
    yield "deflated", zip_of(arrays, zipfile.ZIP_DEFLATED)
    yield "empty", zip_of({})
    streamed = Unseekable()
    with zipfile.ZipFile(streamed, "w") as file, file.open(zipfile.ZipInfo("a.npy"), "w", force_zip64=True) as entry:
        entry.write(arrays["a.npy"])
    yield "streamed", streamed.getvalue()
    # A ZIP64 record and its locator, where NumPy would write none.
    data, end = arrays["a.npy"], 22
    plain = zip_of({"a.npy": data})
    directory = plain.rindex(b"PK\x01\x02")
    size = len(plain) - end - directory
    yield "zip64", (plain[:-end] + struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, 1, 1, size, directory) +
                    struct.pack("<IIQI", 0x07064b50, 0, len(plain) - end, 1) +
                    struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))


def pickle_text(text):
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def pickle_name(module, name):
    return f"c{module}\n{name}\n".encode()


def pickle_tensor(kind="FloatStorage", elements=6, size=b"K\2K\3", stride=b"K\3K\1", view=b"", dtype=b""):
    held = b"(" + pickle_text("storage") + kind + pickle_text("0") + pickle_text("cpu") + b"K" + bytes([elements]) + view + b"tQ"
    rebuild = pickle_name("torch._utils", "_rebuild_tensor_v3" if dtype else "_rebuild_tensor_v2")
    hooks = b"\x89" + pickle_name("collections", "OrderedDict") + b")R"
    return rebuild + b"(" + held + b"K\0(" + size + b"t(" + stride + b"t" + hooks + dtype + b"tR"


def pytorch_seeds():
    floats, untyped = pickle_name("torch", "FloatStorage"), pickle_name("torch.storage", "UntypedStorage")
    magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}."
    parameter = pickle_name("torch._utils", "_rebuild_parameter") + b"(" + pickle_tensor(floats, view=b"N") + b"\x88NtR"
    derived = (pickle_name("torch._tensor", "_rebuild_from_type_v2") + b"(" + pickle_name("torch._utils", "_rebuild_parameter") +
               pickle_name("torch.nn.parameter", "Buffer") + b"q\0(" + pickle_tensor(floats, view=b"N") + b"\x89Nt}tR")
    pickles = {
        "plain": b"}" + pickle_text("w") + pickle_tensor(floats, view=b"N") + b"s.",
        "strided": b"]" + pickle_tensor(floats, size=b"K\3K\2", stride=b"K\1K\3", view=b"N") + b"a.",
        "untyped": b"}(" + pickle_text("w") + pickle_tensor(untyped, 24, view=b"N", dtype=pickle_name("torch", "uint32")) + b"u.",
        "parameter": b"}" + pickle_text("w") + parameter + b"s.",
        "derived": b"}" + pickle_text("w") + derived + b"s.",
        "values": b"}q\0(" + b"".join(pickle_text(str(i)) + v for i, v in enumerate(
            [b"N", b"\x88", b"K\1", b"M\1\2", b"J\1\2\3\4", b"\x8a\3\1\2\x83", b"\x8a\0", b"G?\xf0\0\0\0\0\0\0", b"U\2ab",
             b")", b"N\x85", b"NN\x86", b"NNN\x87", b"](K\1K\2e", pickle_name("torch", "Size") + b"K\1\x85\x85R",
             pickle_name("__builtin__", "set") + b"]K\1a\x85R", pickle_name("collections", "OrderedDict") + b"](](K\1K\2ee\x85R",
             pickle_name("collections", "OrderedDict") + b")R}bq\1", pickle_name("torch", "device") + pickle_text("cpu") + b"\x85R",
             b"h\1"])) + b"u.",
    }
    for name, pickled in pickles.items():
        listed = b"" if name == "values" else pickle_text("0")
        data = struct.pack("<Q", 24 if name == "untyped" else 6) + bytes(24) if listed else b""
        yield "legacy_" + name, magic + b"\x80\x02" + pickled + b"\x80\x02](" + listed + b"e." + data
    entries = {"x/data.pkl": b"\x80\x02}" + pickle_text("w") + pickle_tensor(floats) + b"s.", "x/byteorder": b"little",
               "x/data/0": bytes(24), "x/version": b"3\n"}
    yield "archive", zip_of(entries)
    yield "deflated", zip_of(entries, zipfile.ZIP_DEFLATED)
    yield "big_endian", zip_of(entries | {"x/byteorder": b"big"})


def config_seeds():
    llama = {"architectures": ["LlamaForCausalLM"], "vocab_size": 100, "hidden_size": 64, "num_hidden_layers": 2,
             "intermediate_size": 128, "num_attention_heads": 8, "num_key_value_heads": 2,
             "max_position_embeddings": 256, "rms_norm_eps": 1e-05, "tie_word_embeddings": False}
    llama3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 128}
    seeds = {
        "llama": llama | {"rope_theta": 1e4, "rope_scaling": {"type": "linear", "factor": 2.0}, "torch_dtype": "float16"},
        "llama3": llama | {"rope_parameters": llama3, "head_dim": 16, "hidden_act": "silu"},
        "mistral": llama | {"architectures": ["MistralForCausalLM"], "sliding_window": 32, "attention_bias": False},
        "bitnet": llama | {"architectures": ["BitNetForCausalLM"], "hidden_act": "relu2", "quantization_config": {
            "quant_method": "bitnet", "linear_class": "autobitlinear", "quantization_mode": "offline"}},
        "old-bitnet": llama | {"architectures": ["BitnetForCausalLM"], "partial_rotary_factor": 1.0, "rope_scaling": None},
    }
    for name, config in seeds.items():
        yield name, json.dumps(config).encode()
    yield "deep", b'{"architectures":' + b"[" * 100 + b"]" * 100 + b"}"


def quantized_seeds():
    def weights(quantization, more=None, **tensors):
        header, data = {}, b""
        for name, (dtype, shape, content) in (more or tensors).items():
            header["w." + name] = entry(dtype, shape, len(data), len(data) + len(content))
            data += content
        config = json.dumps({"torch_dtype": "float16", "quantization_config": quantization}).encode()
        return struct.pack("<I", len(config)) + config + safetensors(header, data)

    mixed = bytes(i * 37 % 256 for i in range(256))
    halves = struct.pack("<e", 0.5) * 64
    floats = struct.pack("<f", 0.5) * 16
    for bits, version, index in (4, "gptq", [1, 0] * 16), (3, "gptq_v2", [0] * 16 + [1] * 16), (8, "gptq", None):
        parts = {"qweight": ("I32", [bits, 32], (mixed * 4)[: bits * 128]),
                 "qzeros": ("I32", [2, bits], mixed[: bits * 8]), "scales": ("F16", [2, 32], halves[:128])}
        if index:
            parts["g_idx"] = ("I32", [32], struct.pack("<32i", *index))
        yield f"gptq{bits}", weights({"quant_method": "gptq", "bits": bits, "group_size": 16, "desc_act": True,
                                      "checkpoint_format": version}, **parts)
    yield "awq", weights({"quant_method": "awq", "bits": 4, "group_size": 8, "version": "gemm"},
                         qweight=("I32", [16, 2], mixed[:128]), qzeros=("I32", [2, 2], mixed[:16]),
                         scales=("F16", [2, 16], halves[:64]))

    def compressed(layout, **settings):
        return {"quant_method": "compressed-tensors", "format": layout,
                "config_groups": {"group_0": {"targets": ["Linear"], "weights": settings}}}

    yield "packed", weights(compressed("pack-quantized", num_bits=4, type="int", strategy="group", group_size=16),
                            weight_packed=("I32", [8, 4], mixed[:128]), weight_scale=("F16", [8, 2], halves[:32]),
                            weight_shape=("I64", [2], struct.pack("<2q", 8, 32)),
                            weight_zero_point=("I32", [1, 2], mixed[:8]),
                            weight_g_idx=("I32", [32], struct.pack("<i", -1) * 32))
    yield "int", weights(compressed("int-quantized", num_bits=8, type="int", strategy="channel"),
                         weight=("I8", [4, 8], mixed[:32]), weight_scale=("F32", [4, 1], floats[:16]),
                         weight_zero_point=("I8", [4, 1], mixed[:4]))
    yield "float", weights(compressed("float-quantized", num_bits=8, type="float", strategy="tensor"),
                           weight=("F8_E4M3", [4, 8], mixed[:32]), weight_scale=("F32", [1], floats[:4]))
    yield "fp8", weights({"quant_method": "fp8", "weight_block_size": [3, 5]}, weight=("F8_E4M3", [4, 8], mixed[:32]),
                         weight_scale_inv=("F32", [2, 2], floats[:16]))
    state = {"quant_type": "nf4", "blocksize": 8, "dtype": "float16", "shape": [4, 8], "nested_blocksize": 2,
             "nested_offset": 0.5}
    text = json.dumps(state).encode()
    yield "nf4", weights({"quant_method": "bitsandbytes"}, weight=("U8", [16, 1], mixed[:16]),
                         weight__absmax=("U8", [4], mixed[:4]), weight__quant_map=("F32", [16], floats),
                         weight__nested_absmax=("F32", [2], floats[:8]),
                         weight__nested_quant_map=("F32", [256], floats * 16),
                         **{"weight__quant_state.bitsandbytes__nf4".replace("bitsandbytes__", "bitsandbytes\0"):
                            ("U8", [len(text)], text)})
    yield "int8", weights({"quant_method": "bitsandbytes"}, weight=("I8", [4, 8], mixed[:32]),
                          SCB=("F32", [4], floats[:16]), weight_format=("U8", [], bytes(1)))
    yield "bitnet", weights({"quant_method": "bitnet"}, weight=("U8", [2, 8], bytes([0b10010010]) * 16),
                            weight_scale=("F32", [1], floats[:4]))


def importance_seeds():
    entry_of = lambda name, calls, values: (struct.pack("<i", len(name)) + name + struct.pack("<ii", calls, len(values))
                                            + struct.pack(f"<{len(values)}f", *values))
    entries = entry_of(b"blk.0.attn_q.weight", 2, [2, 0, 1, 4]) + entry_of(b"x", 0, [1])
    yield "two", struct.pack("<i", 2) + entries + struct.pack("<ii", 3, 4) + b"text"
    yield "bare", struct.pack("<i", 2) + entries
    yield "none", struct.pack("<i", 0)


def mlx_seeds():
    def directory(quantization, tensors):
        header, data = {"__metadata__": {"format": "mlx"}}, b""
        for name, (dtype, shape, content) in tensors.items():
            header[name] = entry(dtype, shape, len(data), len(data) + len(content))
            data += content
        return json.dumps({"quantization": quantization}).encode() + b"\0" + safetensors(header, data)

    def weight(name, words, groups, dtype="BF16", biases=True):
        size = 2 if dtype == "BF16" else 1
        parts = {f"{name}.weight": ("U32", [2, words], bytes(range(8 * words))),
                 f"{name}.scales": (dtype, [2, groups], bytes(range(60, 60 + 2 * size * groups)))}
        if biases:
            parts[f"{name}.biases"] = (dtype, [2, groups], bytes(2 * size * groups))
        return parts

    affine = {"group_size": 32, "bits": 4, "mode": "affine"}
    yield "affine", directory(affine, weight("a", 8, 2) | {"norm.weight": ("F32", [2], bytes(8))})
    yield "three", directory({"group_size": 32, "bits": 3}, weight("a", 6, 2))
    yield "mixed", directory(affine | {"b": {"group_size": 64, "bits": 6}, "c": False},
                             weight("a", 4, 1) | weight("b", 12, 1) | {"c.weight": ("F16", [2], bytes(4))})
    yield "mxfp4", directory({"group_size": 32, "bits": 4, "mode": "mxfp4"}, weight("a", 4, 1, "U8", False))
    yield "mxfp8", directory({"group_size": 32, "bits": 8, "mode": "mxfp8"}, weight("a", 8, 1, "U8", False))
    yield "nvfp4", directory({"group_size": 16, "bits": 4, "mode": "nvfp4"}, weight("a", 8, 4, "U8", False))
    yield "contradiction", directory(affine | {"bits": 8}, weight("a", 8, 2))
    yield "missing", directory(affine, {"a.weight": ("U32", [2, 4], bytes(32))})


def main():
    seeds = {"safetensors": safetensors_seeds, "safetensors_index": index_seeds, "gguf": gguf_seeds,
             "llama2c": llama2c_seeds, "npy": npy_seeds, "npz": npz_seeds, "pytorch": pytorch_seeds,
             "config": config_seeds, "quantized": quantized_seeds, "importance": importance_seeds,
             "mlx": mlx_seeds}
    for target, make in seeds.items():
        (CORPUS / target).mkdir(parents=True, exist_ok=True)
        for name, data in make():
            (CORPUS / target / name).write_bytes(data)


if __name__ == "__main__":
    main()
