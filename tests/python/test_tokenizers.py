"""Token ids against the `tokenizers` and `sentencepiece` packages, on vocabularies trained here."""

import io
import json
import random
import subprocess

import gguf
import pytest
import transformers

sentencepiece = pytest.importorskip("sentencepiece")
tokenizers = pytest.importorskip("tokenizers")
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402

from conftest import RELEASE  # noqa: E402

TRICKY = [
    "",
    " ",
    "  ",
    "a",
    " a",
    "  a",
    "a ",
    "Hello world",
    "Hello,  world!   How's   it?  I'LL he'd we'Ve 'tis",
    "tabs\tand\t\ttabs \t x",
    "lines\nand\r\nmore\r\n\r\n\n  indented\n",
    "   leading and trailing   ",
    " " * 37 + "x" + " " * 70,
    "12345 1,234.56 3.14159e-10 ٣٤٥ ²³ Ⅷ ½ 007",
    "ünïcödé Grüße Straße ŁÓDŹ naïve café",
    "e\u0301 a\u0308\u0323 combining n\u0303o",
    "日本語のテキスト、中文文本。한국어 텍스트",
    "Русский текст. Ελληνικά ÀÉÎ õ עברית العربية हिन्दी ไทย",
    "😀👨‍👩‍👧‍👦🏳️‍🌈 emoji 🇩🇪 x😀y",
    "\u00a0nbsp\u2003em\u200bzero\u3000wide\u0085nel\u2028ls",
    "def f(x):\n    return x**2 + {'a': [1, 2]}  # ok?\n\n\tpass",
    "<s>not</s> special <|end|> <unk> [MASK] <0x0A>",
    "▁already▁marked ▁ x",
    "a" * 300,
    "ab" * 150 + " " + "the " * 60,
    "\x01\x7f\x1b[0m control",
    "http://example.com/a?b=c&d=%20#frag_ment",
    "CamelCaseABCdefGHI snake_case ALLCAPS iPhone ÉCOLE abcÉdef",
    "...!!!???---___***~~~```^^^$$$+++===|||",
]


def corpus(root):
    texts = [p.read_text() for p in sorted((root / "include" / "ingot").glob("*.h"))]
    texts += [p.read_text() for p in sorted((root / "src").rglob("*.cpp"))][:40]
    texts += TRICKY * 3
    return [line for text in texts for line in text.split("\n") if line.strip()] + TRICKY * 4


def random_texts(seed, count=150):
    random.seed(seed)
    alphabet = "  \n\t.,'’!?-_0123456789aAbBeEsStThHlLoO éÉßñ日本語한😀\u0301\u00a0ا²"
    words = ["the ", " the", "'ll", "return", "std::", "  ", "\r\n", "const ", "<|end|>", "<extra>", "<s>", "\n\n"]
    return [
        "".join(random.choice(words) if random.random() < 0.2 else random.choice(alphabet) for _ in range(random.randint(1, 60)))
        for _ in range(count)
    ]


def ingot_ids(kind, path, texts, *options):
    result = subprocess.run(
        [RELEASE / "bin" / "tokenize_ids", kind, path, *options], input="\0".join(texts).encode(), capture_output=True
    )
    assert result.returncode == 0, result.stderr.decode()
    head, *decoded = result.stdout.split(b"\0")
    ids = [[int(x) for x in line.split()] for line in head.decode().split("\n")[: len(texts)]]
    return ids, [text.decode() for text in decoded[: len(texts)]]


def compare(tokenizer, directory, tmp_path, special=False, decode=True):
    """Ids from the json, from GGUF's keys of it and from our own json of it; then the package on our json."""
    texts = TRICKY + random_texts(1)
    expected = [tokenizer.encode(t).ids for t in texts]
    for options in [(), ("--metadata",)]:
        ids, decoded = ingot_ids("json", directory, texts, *options)
        for text, want, got in zip(texts, expected, ids):
            assert got == want, (options, text, [tokenizer.id_to_token(i) for i in want])
        if decode:
            for text, got in zip(texts, decoded):
                if not any(token in text for token in special or []):
                    assert got == text
    out = tmp_path / "written"
    out.mkdir()
    ingot_ids("json", directory, texts, "--write", out)
    again = Tokenizer.from_file(str(out / "tokenizer.json"))
    assert again.get_vocab_size() == tokenizer.get_vocab_size()
    for text, want in zip(texts, expected):
        assert again.encode(text).ids == want, text
    ids, _ = ingot_ids("json", out, texts)
    assert ids == expected


USER_DEFINED = ["<extra>", "<extra><extra>", "\n", "  ", "▁▁▁", "ab", "日本", "ﬁx"]

LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(pattern), behavior, invert)


def byte_level(regex, prefix=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


PRE_TOKENIZERS = {
    "gpt-2": lambda: byte_level(True),
    "prefix": lambda: byte_level(True, prefix=True),
    "starcoder": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte_level(True)]),
    "digits": lambda: pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=False), byte_level(True)]),
    "punctuation": lambda: pre_tokenizers.Sequence([pre_tokenizers.Punctuation("isolated"), byte_level(True)]),
    "contiguous": lambda: pre_tokenizers.Sequence([pre_tokenizers.Punctuation("contiguous"), byte_level(True)]),
    "llama3": lambda: pre_tokenizers.Sequence([split(LLAMA3), byte_level(False)]),
    "removed": lambda: pre_tokenizers.Sequence([split(LLAMA3, "removed", True), byte_level(False)]),
    "qwen2": lambda: pre_tokenizers.Sequence([split(LLAMA3.replace("{1,3}", "")), byte_level(False)]),
    "tekken": lambda: pre_tokenizers.Sequence([split(TEKKEN), byte_level(False)]),
    "lines": lambda: pre_tokenizers.Sequence([split(r"[\r\n]"), split(r"\s?\p{L}+"), split(r"\s+$"), byte_level(False)]),
    "literal": lambda: pre_tokenizers.Sequence([pre_tokenizers.Split(".", "isolated"), byte_level(True)]),
    "whole": lambda: byte_level(False),
}


@pytest.mark.parametrize("name", PRE_TOKENIZERS)
@pytest.mark.parametrize("ignore_merges", [False, True])
def test_byte_level(name, ignore_merges, root, tmp_path):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[name]()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=900,
        special_tokens=["<s>", "</s>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(root), trainer)
    tokenizer.add_tokens(["<extra>", "  return"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    prefixed = name == "prefix"
    compare(tokenizer, tmp_path, tmp_path, ["<s>", "</s>", "<|end|>"], decode=not prefixed)


def test_special_tokens_strip(root, tmp_path):
    """White space is Unicode's; the other side of a token keeps it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level(True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), special_tokens=["<s>"], show_progress=False
    )
    tokenizer.train_from_iterator(corpus(root), trainer)
    tokenizer.add_special_tokens([AddedToken("<|end|>", lstrip=True), AddedToken("<extra>", rstrip=True)])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    spaces = ["", " ", "\t\n\x0b\x0c\r ", "\x85", "\xa0 ", "\u1680", "\u2000\u200a", "\u2028\u2029", "\u202f\u205f\u3000", "\x1c", "\u200b", "\ufeff"]
    texts = [f"a{s}{token}{t}b" for token in ("<|end|>", "<extra>", "<extra><|end|>", "<|end|> <extra>") for s in spaces for t in spaces]
    for options in [(), ("--metadata",)]:
        ids, _ = ingot_ids("json", tmp_path, texts, *options)
        assert ids == [tokenizer.encode(t).ids for t in texts]
    compare(tokenizer, tmp_path, tmp_path, decode=False)


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"
DEEPSEEK = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
LETTERS = "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-Ֆ"  # as far as the texts below go

# GGUF's names with the splits of the models that brought them: of tokenizer.json, or for "default" of llama.cpp.
NAMED = {
    "gpt-2": [byte_level(True)],
    "starcoder": [pre_tokenizers.Digits(individual_digits=True), byte_level(True)],
    "llama-bpe": [split(LLAMA3)],
    "dbrx": [split(LLAMA3)],
    "qwen2": [split(LLAMA3.replace("{1,3}", ""))],
    "tekken": [split(TEKKEN)],
    "gpt-4o": [split(GPT4O)],
    "bloom": [split(BLOOM)],
    "viking": [split(BLOOM), pre_tokenizers.Digits(individual_digits=True)],
    "default": [split(r"[\p{P}\$\+<=>\^~\|]+"), split(GPT2), split(r"\p{N}+"), split("[0-9][0-9][0-9]")],
    "falcon": [pre_tokenizers.Punctuation("contiguous"), split(GPT2), split("[0-9][0-9][0-9]")],
    "deepseek-coder": [
        split(r"[\r\n]"),
        split(r"\s?\p{L}+"),
        split(r"\s?\p{P}+"),
        split("[一-龥ࠀ-一가-퟿]+"),
        pre_tokenizers.Digits(individual_digits=True),
    ],
    "deepseek-llm": [
        split(r"[\r\n]"),
        split(rf"\s?[{LETTERS}]+"),
        split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"),
        split(r"\s+$"),
        split("[一-龥ࠀ-一가-퟿]+"),
        pre_tokenizers.Digits(individual_digits=False),
    ],
    "deepseek-v3": [split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split(DEEPSEEK)],
}


@pytest.fixture(scope="module")
def unsplit(root):
    """Merges across every boundary, so that each place where a text is cut, or is not, shows in the ids."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = byte_level(False)
    trainer = trainers.BpeTrainer(vocab_size=4000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(TRICKY * 4 + random_texts(5, 400), trainer)
    return json.loads(tokenizer.to_str())


@pytest.mark.parametrize("name", NAMED)
def test_named_pre_tokenizers(name, unsplit, tmp_path):
    model = unsplit["model"]
    model["ignore_merges"] = name in ("llama-bpe", "tekken")
    tokenizer = Tokenizer.from_str(json.dumps(unsplit))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*NAMED[name], *([] if name in ("gpt-2", "starcoder") else [byte_level(False)])])
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    writer.add_token_list(sorted(model["vocab"], key=model["vocab"].get))
    writer.add_token_merges([" ".join(m) if isinstance(m, list) else m for m in model["merges"]])
    writer.add_bos_token_id(0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    texts = TRICKY + random_texts(5, 400)
    ids, decoded = ingot_ids("checkpoint", tmp_path / "x.gguf", texts, "--plain")
    for text, got in zip(texts, ids):
        assert got == tokenizer.encode(text).ids, text
    assert decoded == texts
    # Where a file does not say it, a text begins with BOS in the two that say so in their tokenizer.json.
    ids, _ = ingot_ids("checkpoint", tmp_path / "x.gguf", [""])
    assert ids == ([[0]] if name in ("llama-bpe", "tekken") else [[]])


def sentencepiece_style(tokenizer_model, scheme):
    tokenizer = Tokenizer(tokenizer_model)
    if scheme == "prepend":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    elif scheme == "replace":
        tokenizer.normalizer = normalizers.Replace(" ", "▁")
    else:
        kind, words = scheme.split("-")
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=kind, split=words == "words")
    return tokenizer


SCHEMES = ["prepend", "replace", "always-whole", "first-whole", "never-whole", "always-words", "first-words"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_trained_with_byte_fallback(scheme, root, tmp_path):
    """Merges of a trainer: most tokens have one split only, so score order alone would join pairs that none names."""
    tokenizer = sentencepiece_style(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True), scheme)
    bytes_ = [f"<0x{b:02X}>" for b in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=800, special_tokens=["<unk>", "<s>", "</s>"] + bytes_, show_progress=False, limit_alphabet=90)
    tokenizer.train_from_iterator(corpus(root), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    # The trainer makes bytes special tokens; in real files they are entries of the vocabulary alone.
    saved = json.loads(tokenizer.to_str())
    saved["added_tokens"] = [t for t in saved["added_tokens"] if not t["content"].startswith("<0x")]
    (tmp_path / "tokenizer.json").write_text(json.dumps(saved))
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    compare(tokenizer, tmp_path, tmp_path, decode=False)


@pytest.mark.parametrize("fuse", [False, True])
def test_unknown_without_bytes(fuse, root, tmp_path):
    tokenizer = sentencepiece_style(models.BPE(unk_token="<unk>", fuse_unk=fuse), "prepend")
    tokenizer.train_from_iterator(corpus(root), trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>"], show_progress=False, limit_alphabet=60))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    compare(tokenizer, tmp_path, tmp_path, decode=False)


def train_sentencepiece(root, **options):
    model = io.BytesIO()
    arguments = dict(
        sentence_iterator=iter(corpus(root)),
        model_writer=model,
        vocab_size=700,
        model_type="bpe",
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        character_coverage=0.98,
        minloglevel=2,
    )
    sentencepiece.SentencePieceTrainer.train(**{**arguments, **options})
    return model.getvalue()


@pytest.mark.parametrize(
    "options",
    [{}, {"add_dummy_prefix": False}, {"split_digits": True, "allow_whitespace_only_pieces": True}, {"byte_fallback": False}],
)
def test_sentencepiece(options, root, tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(train_sentencepiece(root, **options))
    oracle = sentencepiece.SentencePieceProcessor(model_file=str(path))
    texts = [t for t in TRICKY + random_texts(2)]
    expected = [oracle.encode(t) for t in texts]
    ids, decoded = ingot_ids("sentencepiece", path, texts, "--plain")
    for text, want, got in zip(texts, expected, ids):
        assert got == want, (text, oracle.id_to_piece(want), oracle.id_to_piece(got))
    if options.get("byte_fallback", True):
        # U+2581 itself reads as a space: SentencePiece can not tell them apart.
        assert decoded == [t.replace("▁", " ") for t in texts]
    # The json made from the scores gives the same ids in the package.
    ingot_ids("sentencepiece", path, texts, "--write", tmp_path)
    converted = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    special = ("<s>", "</s>", "<unk>")
    for text, want in zip(texts, expected):
        if any(s in text for s in special):
            continue
        assert converted.encode(text, add_special_tokens=False).ids == want, text
    again, _ = ingot_ids("json", tmp_path, texts, "--plain")
    assert [a for a, t in zip(again, texts) if not any(s in t for s in special)] == [
        e for e, t in zip(expected, texts) if not any(s in t for s in special)
    ]


def test_transformers_loads_what_we_write(root, tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(train_sentencepiece(root))
    ingot_ids("sentencepiece", path, [""], "--write", tmp_path)
    path.unlink()
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path)
    ids, _ = ingot_ids("json", tmp_path, TRICKY)
    assert [tokenizer(t)["input_ids"] for t in TRICKY] == ids
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (1, 2)


LIBRARY = {
    "unigram": {"model_type": "unigram"},
    "unigram-no-bytes": {"model_type": "unigram", "byte_fallback": False},
    "unigram-identity": {"model_type": "unigram", "normalization_rule_name": "identity", "remove_extra_whitespaces": False},
    "unigram-casefold": {"model_type": "unigram", "normalization_rule_name": "nmt_nfkc_cf", "user_defined_symbols": USER_DEFINED},
    "bpe": {},
    "bpe-no-bytes": {"byte_fallback": False},
    "bpe-no-prefix": {"add_dummy_prefix": False},
    "bpe-user-defined": {"user_defined_symbols": USER_DEFINED},
    "bpe-identity-user-defined": {
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "user_defined_symbols": USER_DEFINED,
    },
    "bpe-suffix": {"treat_whitespace_as_suffix": True, "normalization_rule_name": "identity", "remove_extra_whitespaces": False},
    "word": {"model_type": "word", "byte_fallback": False},
    "char": {"model_type": "char", "byte_fallback": False},
}


def tied(oracle, ids, others):
    """Two best splits of one text: the same pieces in another order, which versions of the library sum differently."""
    return sorted(ids) == sorted(others) and "".join(oracle.id_to_piece(ids)) == "".join(oracle.id_to_piece(others))


@pytest.mark.parametrize("name", LIBRARY)
def test_sentencepiece_library(name, root, tmp_path):
    """Models that only the library reads: default normaliser, unigram, user-defined pieces, …"""
    path = tmp_path / "tokenizer.model"
    defaults = {"normalization_rule_name": "nmt_nfkc", "remove_extra_whitespaces": True, "control_symbols": ["<|end|>"]}
    path.write_bytes(train_sentencepiece(root, **{**defaults, **LIBRARY[name]}))
    oracle = sentencepiece.SentencePieceProcessor(model_file=str(path))
    texts = TRICKY + random_texts(3) + [" ".join(USER_DEFINED), "x".join(USER_DEFINED), "<extra><extra> \n<ex"]
    ids, decoded = ingot_ids("sentencepiece", path, texts, "--plain")
    ties = 0
    for text, got, back in zip(texts, ids, decoded):
        if got != oracle.encode(text):
            ties += 1
            assert name.startswith("unigram") and tied(oracle, got, oracle.encode(text)), text
        assert back == oracle.decode(got), text
    assert ties <= 4  # the texts of one or two letters, or of spaces, again and again
    # BOS in front; control symbols in the text are ids, and what stands between them is encoded alone.
    end = oracle.piece_to_id("<|end|>")
    ids, decoded = ingot_ids("sentencepiece", path, ["", "the <|end|> return<s>", "a <extra>b"])
    assert ids[0] == [oracle.bos_id()]
    assert ids[1] == [oracle.bos_id(), *oracle.encode("the "), end, *oracle.encode(" return"), oracle.bos_id()]
    assert ids[2] == [oracle.bos_id(), *oracle.encode("a <extra>b")]
    assert decoded[1] == oracle.decode(ids[1])
    # The same file goes back to a directory.
    ingot_ids("sentencepiece", path, [""], "--write", tmp_path / "..")
    assert (tmp_path / ".." / "tokenizer.model").read_bytes() == path.read_bytes()
    assert json.loads((tmp_path / ".." / "tokenizer_config.json").read_text())["eos_token"] == "</s>"


def test_sentencepiece_invalid_utf8(root, tmp_path):
    path = tmp_path / "tokenizer.model"
    path.write_bytes(train_sentencepiece(root, model_type="unigram"))
    oracle = sentencepiece.SentencePieceProcessor(model_file=str(path))
    for text in [b"\xff", b"ab\xc3", b"\xe2\x82 x\x80\x80", b"\xf0\x9f\x98"]:
        result = subprocess.run([RELEASE / "bin" / "tokenize_ids", "sentencepiece", path, "--plain"], input=text, capture_output=True)
        assert result.returncode == 0 and result.stderr == b""
        assert [int(x) for x in result.stdout.split(b"\n")[0].split()] == oracle.encode(text)


def test_gguf_names_what_it_can_not_hold(root, tmp_path):
    path = tmp_path / "tokenizer.model"
    for options, word in [
        ({"model_type": "word", "byte_fallback": False}, "word"),
        ({"normalization_rule_name": "nmt_nfkc"}, "normalisation"),
        ({"remove_extra_whitespaces": True}, "remove_extra_whitespaces"),
        ({"treat_whitespace_as_suffix": True}, "treat_whitespace_as_suffix"),
    ]:
        path.write_bytes(train_sentencepiece(root, **options))
        result = subprocess.run(
            [RELEASE / "bin" / "tokenize_ids", "sentencepiece", path, "--metadata"], input=b"", capture_output=True
        )
        assert result.returncode == 1 and "GGUF" in result.stderr.decode() and word in result.stderr.decode()
    # User-defined pieces are tokens of GGUF's llama kind; texts without them have the same ids.
    path.write_bytes(train_sentencepiece(root, user_defined_symbols=["<extra>"]))
    oracle = sentencepiece.SentencePieceProcessor(model_file=str(path))
    texts = [t for t in TRICKY + random_texts(4) if "<extra>" not in t]
    ids, _ = ingot_ids("sentencepiece", path, texts, "--plain", "--metadata")
    assert ids == [oracle.encode(t) for t in texts]
    ids, _ = ingot_ids("sentencepiece", path, ["a<extra>"], "--plain", "--metadata")
    assert ids[0] == oracle.encode("a<extra>")
