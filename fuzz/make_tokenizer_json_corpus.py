"""Writes the seeds of tokenizer_json_fuzz: one small tokenizer of each shape, then its configuration files after NULs."""

import json
import pathlib

OUT = pathlib.Path(__file__).parent / "corpus" / "tokenizer_json"
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
MARKS = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
LLAMA3 = r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def special(i, text, **more):
    return {"id": i, "content": text, "special": True, "normalized": False, **more}


def tokenizer(pre=None, normalizer=None, post=None, added=(), **model):
    return {
        "added_tokens": list(added),
        "normalizer": normalizer,
        "pre_tokenizer": pre,
        "post_processor": post,
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "Ġ": 3}, "merges": ["a b"], **model},
    }


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def sequence(*members):
    return {"type": "Sequence", "pretokenizers": list(members)}


TEMPLATE = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
}
SEEDS = {
    "byte_level": [tokenizer(BYTE_LEVEL)],
    "pairs": [tokenizer(BYTE_LEVEL, merges=[["a", "b"]], ignore_merges=True)],
    "prefix": [tokenizer({"type": "ByteLevel"})],
    "special": [tokenizer(BYTE_LEVEL, post=TEMPLATE, added=[special(4, "<s>", rstrip=True), special(9, "<|eot_id|>", lstrip=True)])],
    "sequence": [tokenizer(sequence({"type": "Digits", "individual_digits": True}, {"type": "Punctuation"}, split({"Regex": LLAMA3}), BYTE_LEVEL))],
    "removed": [tokenizer(sequence(split({"Regex": LLAMA3}, "Removed", True), split({"String": "."}, "Contiguous"), BYTE_LEVEL), {"type": "NFC"})],
    "llama": [
        tokenizer(
            None,
            {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, MARKS]},
            vocab={"<unk>": 0, "▁": 1, "a": 2, "▁a": 3, "<0x41>": 4},
            merges=["▁ a"],
            unk_token="<unk>",
            byte_fallback=True,
            fuse_unk=True,
        ),
        {"bos_token": {"content": "<unk>"}, "eos_token": "a", "add_bos_token": True},
        {"eos_token_id": [2, 3], "bos_token_id": 0},
    ],
    "metaspace": [tokenizer({"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True})],
}

OUT.mkdir(exist_ok=True)
for name, documents in SEEDS.items():
    text = "\0".join(json.dumps(d, ensure_ascii=False, separators=(",", ":")) for d in documents)
    (OUT / name).write_text(text, encoding="utf-8")
