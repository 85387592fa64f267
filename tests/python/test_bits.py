"""quantize --bits and --report: the budget, the errors that decide, perplexity, the page."""

import html.parser
import json
import math

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants


def quantized(call, *arguments):
    return json.loads(call("quantize", *arguments, "--json", "--force").stdout)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Matrices that differ in how hard they are: Gaussian, heavy-tailed, ternary, and with rows no K-quant fits."""
    rng = np.random.default_rng(51)
    tensors = {
        "blk.0.attn_q.weight": rng.standard_normal((256, 512)),
        "blk.0.attn_k.weight": rng.standard_t(3, (64, 512)),
        "blk.0.attn_v.weight": rng.integers(-1, 2, (64, 512)) * 0.25,
        "blk.0.ffn_down.weight": rng.laplace(size=(256, 96)),
        "blk.0.ffn_up.weight": rng.standard_normal((128, 10)),
        "blk.0.attn_norm.weight": np.ones(512),
        "output.weight": rng.standard_normal((128, 512)),
        "token_embd.weight": rng.standard_normal((128, 512)),
    }
    path = tmp_path_factory.mktemp("bits") / "model.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    for name, data in tensors.items():
        writer.add_tensor(name, data.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path, {name: data.astype(np.float32) for name, data in tensors.items()}


def errors_of(path, tensors):
    """Relative squared errors, and bytes, of what a file holds."""
    found = {}
    for t in gguf.GGUFReader(path).tensors:
        x = tensors[t.name].astype(np.float64)
        plain = t.tensor_type in (GGMLQuantizationType.F32, GGMLQuantizationType.F16)
        y = np.array(t.data if plain else quants.dequantize(t.data, t.tensor_type), np.float64).reshape(x.shape)
        found[t.name] = (((x - y) ** 2).sum() / (x * x).sum(), t.data.nbytes, t.tensor_type.name)
    return found


def test_errors_and_bits_are_those_of_the_file(call, model, tmp_path):
    path, tensors = model
    for bits in (3.5, 4.25, 6, 7.5):
        out = quantized(call, path, tmp_path / "out.gguf", "--bits", bits)
        found = errors_of(tmp_path / "out.gguf", tensors)
        elements = sum(x.size for x in tensors.values())
        total = sum(size for _, size, _ in found.values())
        assert out["bytes"] == total and 8 * total <= bits * elements
        for choice in out["choices"]:
            error, size, kind = found[choice["tensor"]]
            assert choice["type"] == kind and choice["bits"] == 8 * size / tensors[choice["tensor"]].size
            # Sums of f32 numbers in double; y is rounded to f32 once more here and there.
            assert math.isclose(choice["error"], error, rel_tol=1e-4, abs_tol=1e-12)
        assert found["blk.0.attn_v.weight"][2].startswith("TQ"), "ternary weights cost least"
        assert found["blk.0.attn_norm.weight"][2] == "F32"
        assert found["blk.0.ffn_up.weight"][2] == "F16", "rows of 10 fit no block"


def test_more_bits_never_err_more(call, model, tmp_path):
    path, tensors = model
    last = math.inf
    for bits in (3, 3.5, 4, 4.5, 5, 6, 7, 8, 10):
        total = sum(c["error"] for c in quantized(call, path, tmp_path / "out.gguf", "--bits", bits)["choices"])
        assert total <= last, bits
        last = total


def test_beats_one_type_of_the_same_size(call, model, tmp_path):
    path, tensors = model
    for kind in ("Q3_K", "Q4_K", "Q5_K", "IQ4_XS"):
        alike = quantized(call, path, tmp_path / "alike.gguf", "--type", kind, "--pure")
        mixed = quantized(call, path, tmp_path / "mixed.gguf", "--bits", alike["bits_per_weight"])
        assert mixed["bytes"] <= alike["bytes"]
        total = {f: sum(e for e, _, _ in errors_of(tmp_path / f"{f}.gguf", tensors).values()) for f in ("alike", "mixed")}
        assert total["mixed"] < total["alike"], kind


def test_types_given_by_name_stay_and_threads_change_nothing(call, model, tmp_path):
    path, tensors = model
    arguments = ("--bits", 8, "--tensor", "attn_q=q8_0", "--output-tensor-type", "f16")
    quantized(call, path, tmp_path / "a.gguf", *arguments)
    found = errors_of(tmp_path / "a.gguf", tensors)
    assert found["blk.0.attn_q.weight"][2] == "Q8_0" and found["output.weight"][2] == "F16"
    assert 8 * sum(size for _, size, _ in found.values()) <= 8 * sum(x.size for x in tensors.values())
    quantized(call, path, tmp_path / "b.gguf", *arguments)
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()


def test_budgets_that_cannot_be_met(call, model, tmp_path):
    path, _ = model
    assert b"smallest types take" in call("quantize", path, tmp_path / "x.gguf", "--bits", 1, status=1).stderr
    for bits in (-2, 33, "nan"):
        call("quantize", path, tmp_path / "x.gguf", "--bits", bits, status=1)
    assert not (tmp_path / "x.gguf").exists()
    done = call("quantize", path, tmp_path / "x.gguf", "--bits", 4, "--tensor", "attn=f32", status=1)
    assert b"types are given" in done.stderr
    call("quantize", path, tmp_path / "x.gguf", "--bits", 4, "--type", "q4_k", status=2)
    call("quantize", path, tmp_path / "x.gguf", status=2)
    call("quantize", path, tmp_path / "q8.gguf", "--type", "q8_0", "--pure")
    done = call("quantize", tmp_path / "q8.gguf", tmp_path / "x.gguf", "--bits", 4, status=1)
    assert b"--allow-requantize" in done.stderr


def test_the_bundled_model_predicts_better_than_with_one_type(call, root, tmp_path):
    """At 4.5 bits, on text held out from training; the file is no larger than Q4_K's."""
    source, text = root / "models/tiny-bitnet", root / "models/heldout/stories.txt"
    alike = quantized(call, source, tmp_path / "alike.gguf", "--type", "q4_k", "--pure", "--eval", text)
    mixed = quantized(call, source, tmp_path / "mixed.gguf", "--bits", 4.5, "--eval", text)
    assert mixed["bytes"] <= alike["bytes"]
    assert mixed["perplexity"]["before"] == alike["perplexity"]["before"]
    assert mixed["perplexity"]["after"] < alike["perplexity"]["after"]


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.rows, self.outside, self.open, self.svgs = [], [], [], 0
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.outside += [v for k, v in attrs if k in ("src", "href")]
        self.svgs += tag == "svg"
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in ("meta", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_the_page(call, model, root, tmp_path):
    path, tensors = model
    call("quantize", path, tmp_path / "out.gguf", "--bits", 4.5, "--report", tmp_path / "page.html")
    found = errors_of(tmp_path / "out.gguf", tensors)
    text = (tmp_path / "page.html").read_text()
    page = Page(text)
    assert not page.outside and "http" not in text and "<script" not in text
    assert page.svgs == len(page.rows) - 1 == len(tensors)
    for name, shape, types, bits, error, ratio, *_ in page.rows[1:]:
        squared, size, kind = found[name]
        assert shape == str(tensors[name].shape).replace(",)", ",)") and types.split(" → ")[1].upper() == kind
        assert float(bits) == pytest.approx(8 * size / tensors[name].size, abs=0.005)
        assert float(error) == pytest.approx(math.sqrt(squared), rel=0.006, abs=1e-9)
        assert ratio == "exact" if squared == 0 else abs(float(ratio) + 10 * math.log10(squared)) < 0.06
    call("quantize", path, tmp_path / "again.gguf", "--bits", 4.5, "--report", tmp_path / "page.html", status=1)
    source = root / "models/tiny-bitnet"
    out = quantized(call, source, tmp_path / "tiny.gguf", "--type", "tq2_0", "--eval", root / "models/heldout/stories.txt",
                    "--report", tmp_path / "tiny.html", "--context", 256)  # fmt: skip
    assert f"{out['perplexity']['after']:.4f}" in (tmp_path / "tiny.html").read_text()
