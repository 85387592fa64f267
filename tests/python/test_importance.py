"""calibrate and quantize --imatrix: sums of squares against a forward pass in NumPy, files against `gguf` and bytes."""

import json
import struct

import gguf
import numpy as np
import pytest
from gguf import quants

WEIGHTS = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]


def read_imatrix(path):
    reader = gguf.GGUFReader(path)
    tensors = {t.name: np.array(t.data, np.float32) for t in reader.tensors}
    return {k: f.contents() for k, f in reader.fields.items() if not k.startswith("GGUF.")}, tensors


# --- the sums --------------------------------------------------------------------------------------------------------


def llama2c(path):
    """The weights of a llama2.c checkpoint, in its order (run.c), as float64."""
    content = path.read_bytes()
    dim, hidden, layers, heads, kv_heads, vocabulary, _ = struct.unpack("<7i", content[:28])
    kv, values, at = dim // heads * kv_heads, np.frombuffer(content, np.float32, offset=28).astype(np.float64), 0

    def take(*shape):
        nonlocal at
        at += int(np.prod(shape))
        return values[at - int(np.prod(shape)) : at].reshape(shape)

    w = {"embedding": take(vocabulary, dim), "attn_norm": take(layers, dim), "q": take(layers, dim, dim),
         "k": take(layers, kv, dim), "v": take(layers, kv, dim), "o": take(layers, dim, dim),
         "ffn_norm": take(layers, dim), "gate": take(layers, hidden, dim), "down": take(layers, dim, hidden),
         "up": take(layers, hidden, dim), "norm": take(dim)}  # fmt: skip
    return w, heads, kv_heads


def normed(x, weight):
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5) * weight


def inputs_of_weights(w, heads, kv_heads, tokens):
    """A llama forward pass of one chunk in double: what each weight is multiplied with."""
    x, layers = w["embedding"][tokens], len(w["q"])
    length, size = len(tokens), x.shape[1] // heads
    angles = np.arange(length)[:, None] * 10000.0 ** (-np.arange(0, size, 2) / size)
    turn = np.exp(1j * angles)[:, None, :]
    inputs = {}

    def rotated(y):
        pairs = y.reshape(length, -1, size // 2, 2)
        z = (pairs[..., 0] + 1j * pairs[..., 1]) * turn
        return np.stack([z.real, z.imag], axis=-1).reshape(length, -1, size)

    for i in range(layers):
        seen = {}
        h = seen["attn_q"] = seen["attn_k"] = seen["attn_v"] = normed(x, w["attn_norm"][i])
        q, k, v = rotated(h @ w["q"][i].T), rotated(h @ w["k"][i].T), (h @ w["v"][i].T).reshape(length, -1, size)
        k, v = (np.repeat(y, heads // kv_heads, axis=1) for y in (k, v))
        scores = np.einsum("thd,shd->hts", q, k) / np.sqrt(size)
        scores[:, np.triu(np.ones((length, length), bool), 1)] = -np.inf
        p = np.exp(scores - scores.max(axis=-1, keepdims=True))
        p /= p.sum(axis=-1, keepdims=True)
        o = seen["attn_output"] = np.einsum("hts,shd->thd", p, v).reshape(length, -1)
        x = x + o @ w["o"][i].T
        h = seen["ffn_gate"] = seen["ffn_up"] = normed(x, w["ffn_norm"][i])
        gate = h @ w["gate"][i].T
        h = seen["ffn_down"] = gate / (1 + np.exp(-gate)) * (h @ w["up"][i].T)
        x = x + h @ w["down"][i].T
        inputs.update({f"blk.{i}.{name}.weight": y for name, y in seen.items()})
    inputs["output.weight"] = normed(x, w["norm"])
    return inputs


def test_sums_are_those_of_a_forward_pass(call, test_data, tmp_path):
    stories = test_data / "stories260K"
    text, context, chunks = (stories / "greedy-256.txt").read_text() * 3, 64, 5
    (tmp_path / "text").write_text(text)
    shown = call("tokenize", stories / "checkpoint.bin", "--json", "--no-parse-special", input=text.encode())
    tokens = np.array([piece["id"] for piece in json.loads(shown.stdout)])
    for arguments, head in ((("--chunks", chunks), False), (("--chunks", chunks, "--process-output"), True)):
        call("calibrate", stories / "checkpoint.bin", "--text", tmp_path / "text", "-o", tmp_path / "out.gguf", "--force",
             "--context", context, *arguments)  # fmt: skip
        keys, found = read_imatrix(tmp_path / "out.gguf")
        assert keys["general.type"] == "imatrix" and keys["imatrix.chunk_count"] == chunks
        assert keys["imatrix.chunk_size"] == context and keys["imatrix.datasets"] == [str(tmp_path / "text")]
        w, heads, kv_heads = llama2c(stories / "checkpoint.bin")
        expected = {}
        for chunk in range(chunks):
            window = tokens[chunk * context : (chunk + 1) * context].copy()
            window[0] = 1  # BOS, which the vocabulary adds
            for name, x in inputs_of_weights(w, heads, kv_heads, window).items():
                expected[name] = expected.get(name, 0) + (x * x).sum(axis=0)
        # The head is the embedding, and is called so.
        expected["token_embd.weight"] = expected.pop("output.weight")
        if not head:
            del expected["token_embd.weight"]
        assert set(found) == {f"{n}.{part}" for n in expected for part in ("in_sum2", "counts")}
        for name, sums in expected.items():
            assert found[f"{name}.counts"].tolist() == [chunks * context]
            # An input's elements err by some hundred of f32's roundings (2⁻²⁴) of the row's largest, in each of its 320
            # rows; the limit is 2¹² of them.
            np.testing.assert_allclose(found[f"{name}.in_sum2"], sums, rtol=2**-12, atol=2**-12 * sums.max(), err_msg=name)


def test_the_same_for_any_number_of_threads(call, root, tmp_path):
    text = root / "models/heldout/stories.txt"
    for threads in (1, 3):
        call("calibrate", root / "models/tiny-bitnet", "--text", text, "-o", tmp_path / f"{threads}", "--context", 64,
             "--chunks", 2, "--threads", threads)  # fmt: skip
    assert (tmp_path / "1").read_bytes() == (tmp_path / "3").read_bytes()
    _, tensors = read_imatrix(tmp_path / "1")
    assert len(tensors) == 2 * 4 * len(WEIGHTS)


def test_refuses_short_texts_and_long_contexts(call, root, tmp_path):
    (tmp_path / "short").write_text("Once upon a time")
    done = call("calibrate", root / "models/tiny-bitnet", "-f", tmp_path / "short", "-o", tmp_path / "out", status=1)
    assert b"512 are needed" in done.stderr
    done = call("calibrate", root / "models/tiny-bitnet", "-f", tmp_path / "short", "-o", tmp_path / "out", "-c", 513,
                status=1)  # fmt: skip
    assert b"context 513" in done.stderr and not (tmp_path / "out").exists()


# --- the files -------------------------------------------------------------------------------------------------------


def write_gguf(path, entries, experts=1):
    writer = gguf.GGUFWriter(path, "none")
    writer.add_type("imatrix")
    writer.add_array("imatrix.datasets", ["some.txt"])
    writer.add_uint32("imatrix.chunk_count", 3)
    writer.add_uint32("imatrix.chunk_size", 512)
    for name, (sums, counts) in entries.items():
        writer.add_tensor(f"{name}.in_sum2", sums.astype(np.float32))
        writer.add_tensor(f"{name}.counts", counts.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_dat(path, entries, calls=7):
    out = struct.pack("<i", len(entries))
    for name, mean in entries.items():
        out += struct.pack("<i", len(name)) + name.encode() + struct.pack("<ii", calls, len(mean))
        out += (mean * calls).astype(np.float32).tobytes()
    path.write_bytes(out + struct.pack("<ii", 3, 8) + b"some.txt")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Matrices of a llama under GGUF names, one of them a stack of experts, and the importance of their columns."""
    rng = np.random.default_rng(31)
    tensors = {f"blk.0.{n}.weight": rng.standard_normal((8, 512)).astype(np.float32) for n in ("attn_q", "attn_k", "ffn_up")}
    tensors["blk.0.ffn_down_exps.weight"] = rng.standard_normal((3, 4, 256)).astype(np.float32)
    path = tmp_path_factory.mktemp("importance") / "model.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    for name, data in tensors.items():
        writer.add_tensor(name, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    importance = {n: (rng.standard_normal(x.shape[-1] * (3 if x.ndim == 3 else 1)) ** 4 + 0.01).astype(np.float32)
                  for n, x in tensors.items()}  # fmt: skip
    return path, tensors, importance


def weighted_errors(path, tensors, importance):
    errors = {}
    for t in gguf.GGUFReader(path).tensors:
        x = tensors[t.name].astype(np.float64)
        y = quants.dequantize(t.data, t.tensor_type).reshape(x.shape)
        w = importance[t.name].reshape(3, 1, -1) if x.ndim == 3 else importance[t.name]
        errors[t.name] = (w * (x - y) ** 2).sum()
    return errors


@pytest.mark.parametrize("kind", ["Q2_K", "Q4_K", "Q6_K", "IQ4_NL", "IQ4_XS", "Q4_0", "Q5_1"])
def test_every_tensor_is_weighed_by_its_own_columns(call, model, tmp_path, kind):
    path, tensors, importance = model
    count = {n: np.full((3, 1) if x.ndim == 3 else 1, 40) for n, x in tensors.items()}
    sums = {n: (w * 40).reshape(3, -1) if tensors[n].ndim == 3 else w * 40 for n, w in importance.items()}
    write_gguf(tmp_path / "imatrix.gguf", {n: (sums[n], count[n]) for n in tensors})
    write_dat(tmp_path / "imatrix.dat", importance)
    call("quantize", path, tmp_path / "plain.gguf", "--type", kind, "--pure")
    outputs = []
    for file in ("imatrix.gguf", "imatrix.dat"):
        call("quantize", path, tmp_path / f"{file}.out", "--type", kind, "--pure", "--imatrix", tmp_path / file)
        outputs.append(gguf.GGUFReader(tmp_path / f"{file}.out"))
        keys = outputs[-1].fields
        assert keys["quantize.imatrix.entries_count"].contents() == 4
        assert keys["quantize.imatrix.chunks_count"].contents() == 3
        assert keys["quantize.imatrix.dataset"].contents() == "some.txt"
    # Means of the two files differ in their last bit at most, which moves a code rarely if at all.
    for a, b in zip(*(r.tensors for r in outputs)):
        assert (np.asarray(a.data) != np.asarray(b.data)).mean() < 0.02, a.name
    before = weighted_errors(tmp_path / "plain.gguf", tensors, importance)
    after = weighted_errors(tmp_path / "imatrix.gguf.out", tensors, importance)
    swapped = dict(importance, **{"blk.0.attn_q.weight": importance["blk.0.attn_k.weight"]})
    swapped["blk.0.attn_k.weight"] = importance["blk.0.attn_q.weight"]
    swapped["blk.0.ffn_down_exps.weight"] = np.roll(importance["blk.0.ffn_down_exps.weight"], 256)
    write_dat(tmp_path / "swapped.dat", swapped)
    call("quantize", path, tmp_path / "swapped.gguf", "--type", kind, "--pure", "--imatrix", tmp_path / "swapped.dat")
    wrong = weighted_errors(tmp_path / "swapped.gguf", tensors, importance)
    for name in tensors:
        assert after[name] < before[name], name
        if name != "blk.0.ffn_up.weight":
            assert after[name] < wrong[name], name


def test_tensors_that_the_matrix_does_not_know(call, model, tmp_path):
    path, tensors, importance = model
    write_dat(tmp_path / "some.dat", {"blk.0.attn_q.weight": importance["blk.0.attn_q.weight"]})
    done = call("quantize", path, tmp_path / "some.gguf", "--type", "Q4_K", "--pure", "--imatrix", tmp_path / "some.dat")
    assert b"3 quantized tensors are not in the importance matrix" in done.stderr
    call("quantize", path, tmp_path / "none.gguf", "--type", "Q4_K", "--pure")
    same = {a.name: np.array_equal(a.data, b.data) for a, b in zip(
        gguf.GGUFReader(tmp_path / "some.gguf").tensors, gguf.GGUFReader(tmp_path / "none.gguf").tensors)}  # fmt: skip
    assert same == {n: n != "blk.0.attn_q.weight" for n in tensors}


def test_wrong_files(call, model, tmp_path):
    path, tensors, importance = model

    def refused(file):
        done = call("quantize", path, tmp_path / "out.gguf", "--type", "Q4_K", "--imatrix", file, status=1)
        assert not (tmp_path / "out.gguf").exists()
        return done.stderr.decode()

    write_dat(tmp_path / "good.dat", importance)
    content = (tmp_path / "good.dat").read_bytes()
    for cut in (3, 20, 40, 1000):
        (tmp_path / "bad.dat").write_bytes(content[:cut])
        assert "invalid_file" in refused(tmp_path / "bad.dat") or "byte" in refused(tmp_path / "bad.dat")
    (tmp_path / "bad.dat").write_bytes(struct.pack("<i", 2**31 - 1) + content[4:])
    assert "byte" in refused(tmp_path / "bad.dat")
    write_dat(tmp_path / "bad.dat", dict(importance, **{"blk.0.attn_q.weight": np.ones(500, np.float32)}))
    assert "blk.0.attn_q.weight" in refused(tmp_path / "bad.dat") and "500" in refused(tmp_path / "bad.dat")
    write_dat(tmp_path / "bad.dat", dict(importance, **{"blk.0.attn_q.weight": -importance["blk.0.attn_q.weight"]}))
    assert "blk.0.attn_q.weight" in refused(tmp_path / "bad.dat")
    assert "imatrix" in refused(path)  # a GGUF file of another type
    writer = gguf.GGUFWriter(tmp_path / "bad.gguf", "none")
    writer.add_type("imatrix")
    writer.add_tensor("x.in_sum2", np.ones(4, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert "x.counts" in refused(tmp_path / "bad.gguf")
