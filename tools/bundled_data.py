"""Corpora, held-out texts and tokenizer of the bundled models.

Three corpora: `stories` (tools/stories.py), `kjv` (the King James Bible, one verse a
line) and `shakespeare` (tinyshakespeare). Each is a list of documents in three parts:
train, validation (chooses when a fine-tune stops) and heldout (only measured).
"""
import re
from dataclasses import dataclass

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from stories import stories

BOS, EOS = "<|begin_of_text|>", "<|end_of_text|>"
VOCABULARY = 2048
LLAMA3_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")
VERSE = re.compile(r"(\d?[A-Za-z]+\d+):\d+ (.*)")
HELDOUT_BYTES = 80_000
SPEECHES = 30           # of Shakespeare in one document


@dataclass
class Corpus:
    """Documents, and what stands between them in a text file."""
    separator: str
    train: list
    validation: list
    heldout: list

    def heldout_text(self):
        return self.separator.join(self.heldout) + "\n"


def story_corpus(count):
    return Corpus("\n\n\n", stories("train", count), stories("validation", 100), stories("heldout", 54))


def kjv_corpus(path):
    """Chapters of `bible -f gen1:1-rev22:21`, of which every fiftieth is held out."""
    chapters = {}
    for line in path.read_text().splitlines():
        chapter, verse = VERSE.fullmatch(line).groups()
        chapters.setdefault(chapter, []).append(verse.strip())
    parts = {"train": [], "validation": [], "heldout": []}
    for number, verses in enumerate(chapters.values()):
        part = {10: "heldout", 35: "validation"}.get(number % 50, "train")
        parts[part].append("\n".join(verses))
    return Corpus("\n\n", **parts)


def shakespeare_corpus(path):
    """tinyshakespeare, of which the end is held out."""
    speeches = path.read_text().strip().split("\n\n")
    documents = ["\n\n".join(speeches[i:i + SPEECHES]) for i in range(0, len(speeches), SPEECHES)]
    size, first = 0, len(documents)
    while size < HELDOUT_BYTES:
        first -= 1
        size += len(documents[first])
    middle = first - (len(documents) - first) // 2
    return Corpus("\n\n", documents[:middle], documents[middle:first], documents[first:])


def load_corpora(kjv, shakespeare, story_count):
    return {"stories": story_corpus(story_count), "kjv": kjv_corpus(kjv),
            "shakespeare": shakespeare_corpus(shakespeare)}


def train_tokenizer(corpora):
    """Byte-level BPE with llama 3's pattern; adds BOS as llama 3 does."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA3_SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    specials = [AddedToken(text, special=True, normalized=False) for text in (BOS, EOS)]
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=specials, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        [*corpora["stories"].train[:2000], *corpora["kjv"].train, *corpora["shakespeare"].train], trainer)
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B",
                                      special_tokens=[(BOS, tokenizer.token_to_id(BOS))])])
    return tokenizer


def encode_stream(tokenizer, documents, separator, seed):
    """One array of tokens, and where in it documents start.

    A document ends with EOS and BOS, or as in a text file with the separator: one half each.
    """
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    joint = tokenizer.encode(separator, add_special_tokens=False).ids
    coin = np.random.default_rng(seed).random(len(documents)) < 0.5
    tokens, starts = [np.array([bos])], []
    position = 1
    for document, ends in zip(tokenizer.encode_batch_fast(documents, add_special_tokens=False), coin):
        starts.append(position)
        piece = np.array(document.ids + ([eos, bos] if ends else joint))
        tokens.append(piece)
        position += len(piece)
    return np.concatenate(tokens), np.array(starts)
