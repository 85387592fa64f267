"""WordPiece against the `tokenizers` package, on vocabularies trained here: tokenizer.json, vocab.txt, GGUF's keys."""

import json

import gguf
import pytest

tokenizers = pytest.importorskip("tokenizers")
import transformers  # noqa: E402
from tokenizer_texts import SCRIPTS, varied  # noqa: E402
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402

from test_tokenizers import ingot_ids  # noqa: E402

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# Every switch of the normalizer on its own, and what the two usual vocabularies have.
NORMALIZERS = {
    "uncased": {},
    "cased": {"lowercase": False},
    "accents-kept": {"strip_accents": False},
    "cased-no-accents": {"lowercase": False, "strip_accents": True},
    "not-cleaned": {"clean_text": False},
    "ideographs-joined": {"handle_chinese_chars": False},
}


def train(name):
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(**NORMALIZERS[name])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=900, special_tokens=SPECIAL, show_progress=False, limit_alphabet=300)
    # GGUF's spelling has no room for "##▁".
    tokenizer.train_from_iterator([text.replace("▁", "") for text in SCRIPTS * 3 + varied(11, count=300)], trainer)
    ids = {token: tokenizer.token_to_id(token) for token in SPECIAL}
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return tokenizer


@pytest.mark.parametrize("name", NORMALIZERS)
def test_wordpiece(name, tmp_path):
    tokenizer = train(name)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    texts = varied(12, SPECIAL)
    expected = [tokenizer.encode(text).ids for text in texts]
    for options in [(), ("--metadata",)]:
        ids, decoded = ingot_ids("json", tmp_path, texts, *options)
        for text, want, got, back in zip(texts, expected, ids, decoded, strict=True):
            assert got == want, (options, text, [tokenizer.id_to_token(i) for i in want])
            assert back == tokenizer.decode(want), (options, text)
    written = tmp_path / "written"
    written.mkdir()
    ingot_ids("json", tmp_path, [""], "--metadata", "--write", written)
    again = Tokenizer.from_file(str(written / "tokenizer.json"))
    assert again.get_vocab() == tokenizer.get_vocab()
    pair = again.encode("a b", "c d")
    assert (pair.ids, pair.type_ids) == (tokenizer.encode("a b", "c d").ids, tokenizer.encode("a b", "c d").type_ids)
    assert [again.encode(text).ids for text in texts] == expected
    loaded = transformers.AutoTokenizer.from_pretrained(written)
    assert [loaded(text)["input_ids"] for text in texts[:100]] == expected[:100]
    assert (loaded.cls_token, loaded.sep_token, loaded.mask_token, loaded.pad_token) == ("[CLS]", "[SEP]", "[MASK]", "[PAD]")
    # vocab.txt with the settings says the same, save that it has no word for cleaning.
    if NORMALIZERS[name].get("clean_text", True):
        (written / "tokenizer.json").unlink()
        ids, _ = ingot_ids("vocab", written, texts)
        assert ids == expected


def test_llama_cpp_expectations(test_data):
    """llama.cpp's ids for its own test texts; its normalizer is BERT's on all of them."""
    folder, vocab = test_data / "vocab", "ggml-vocab-bert-bge.gguf"
    texts = (folder / f"{vocab}.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")[:-1]
    expected = [[int(x) for x in line.split()] for line in (folder / f"{vocab}.out").read_text().splitlines()]
    ids, _ = ingot_ids("checkpoint", folder / vocab, texts, "--plain")
    for text, want, got in zip(texts, expected, ids, strict=True):
        assert got == want, text
    # [CLS] and [SEP] stand around every text, though the file does not say so.
    ids, _ = ingot_ids("checkpoint", folder / vocab, [""])
    assert ids == [[101, 102]]


def test_gguf_spelling(tmp_path):
    """Keys and tokens as llama.cpp's converter writes them (conversion/bert.py)."""
    tokens = SPECIAL + ["a", "##b", "[unused1]", "##", "ab"]
    (tmp_path / "vocab.txt").write_text("\n".join(tokens[:8] + tokens[9:]) + "\n")
    ids, _ = ingot_ids("vocab", tmp_path, ["ab a aB bb", "[MASK]a"])
    assert ids == [[2, 8, 5, 8, 1, 3], [2, 4, 5, 3]]
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "bert")
    writer.add_tokenizer_model("bert")
    writer.add_token_list(SPECIAL + ["▁a", "b", "▁[unused1]", "▁ab"])
    writer.add_token_types([3] * 5 + [1] * 4)
    for name, value in [("cls", 2), ("seperator", 3), ("unknown", 1), ("mask", 4)]:
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    assert ingot_ids("checkpoint", tmp_path / "x.gguf", ["ab a aB bb", "[MASK]a"])[0] == ids
    out = tmp_path / "out"
    out.mkdir()
    ingot_ids("checkpoint", tmp_path / "x.gguf", [""], "--write", out)
    assert (out / "vocab.txt").read_text() == (tmp_path / "vocab.txt").read_text()


def test_gguf_can_not_spell(tmp_path):
    (tmp_path / "vocab.txt").write_text("\n".join(SPECIAL + ["##▁x"]))
    with pytest.raises(AssertionError, match="GGUF's spelling of the WordPiece token '##▁x'"):
        ingot_ids("vocab", tmp_path, [""], "--metadata")


def test_words_without_end(tmp_path):
    """A megabyte that is one word, or one character with accents, takes no longer than other megabytes."""
    train("uncased").save(str(tmp_path / "tokenizer.json"))
    ids, _ = ingot_ids("json", tmp_path, ["a" * 1_000_000, "a" + "\u0301\u0323" * 200_000, "é!" * 200_000])
    assert [len(i) for i in ids] == [3, 3, 400_002]


def test_refused(tmp_path):
    tokenizer = json.loads(train("uncased").to_str())
    tokenizer["model"]["unk_token"] = "nowhere"
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(AssertionError, match="model.unk_token 'nowhere' is no token"):
        ingot_ids("json", tmp_path, [""])
