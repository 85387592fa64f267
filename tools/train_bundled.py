#!/usr/bin/env python3
"""Train the language models under models/: a ternary base and two fine-tunes of it.

The three corpora are: stories that tools/stories.py writes; the King James Bible as
Debian's package prints it,
    apt-get install bible-kjv && bible -f gen1:1-rev22:21 > kjv.txt
and tinyshakespeare, 1.1 MB of plays in one text file. The last two are in the public domain.

Writes to OUT: heldout/*.txt (never trained on), and for each model the Hugging Face
directory of a BitNetForCausalLM with its card. The fine-tunes leave the embedding and
the final norm of the base alone, so that merged models keep a ternary embedding.

Needs torch with a GPU, tokenizers, safetensors, numpy.
"""
import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import bitnet_model
from bitnet_model import BitNet, Shape
from bundled_card import write_card
from bundled_data import BOS, EOS, encode_stream, load_corpora, train_tokenizer
from eval_bundled import evaluate, perplexity


@dataclass
class Recipe:
    """How one model is trained."""
    name: str
    mixture: dict           # share of each corpus in a batch
    steps: int
    learning_rate: float
    check_every: int        # steps between looks at the validation texts
    watched: str = ""       # fine-tunes keep the best weights by this corpus's validation text
    batch: int = 128
    weight_decay: float = 0.1
    dropout: float = 0.1


RECIPES = [
    Recipe("tiny-bitnet", {"stories": 0.62, "kjv": 0.34, "shakespeare": 0.04}, steps=12000, learning_rate=2e-3,
           check_every=1000),
    Recipe("tiny-bitnet-shakespeare", {"shakespeare": 0.9, "stories": 0.1}, steps=200, learning_rate=5e-4,
           check_every=20, watched="shakespeare", dropout=0.2),
    Recipe("tiny-bitnet-kjv", {"kjv": 0.9, "stories": 0.1}, steps=1500, learning_rate=1e-3,
           check_every=100, watched="kjv"),
]


class Stream:
    """Tokens of a corpus on the device, cut into random windows."""

    def __init__(self, tokens, starts, device):
        self.tokens = torch.from_numpy(tokens.astype(np.int32)).to(device)
        self.starts = torch.from_numpy(starts[starts < len(tokens) - 1024]).to(device)

    def windows(self, count, length, bos):
        """Half begin with a document and half anywhere; the first token becomes BOS."""
        device = self.tokens.device
        anywhere = torch.randint(0, len(self.tokens) - length - 1, (count,), device=device)
        documents = self.starts[torch.randint(0, len(self.starts), (count,), device=device)] - 1
        first = torch.where(torch.arange(count, device=device) % 2 == 0, documents, anywhere)
        window = self.tokens[first[:, None] + torch.arange(length + 1, device=device)].long()
        window[:, 0] = bos
        return window


def learning_rate_at(step, recipe):
    """Linear warm-up, then a cosine down to 1 % of the peak."""
    warmup = min(500, recipe.steps // 10)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, recipe.steps - warmup)
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def optimizer_for(model, recipe):
    """AdamW; norms are not decayed."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": recipe.weight_decay},
              {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.95), fused=True)


def train(model, recipe, streams, bos, validate, log):
    """Trains in place and returns the mean training loss since the last check."""
    device = model.cos.device
    length = model.shape.max_position_embeddings
    forward = torch.compile(model) if device.type == "cuda" else model
    optimizer = optimizer_for(model, recipe)
    counts = {name: round(share * recipe.batch) for name, share in recipe.mixture.items()}
    best, best_weights = math.inf, None
    total = torch.zeros((), device=device)
    since = 0
    begin = time.time()
    for step in range(recipe.steps):
        model.train()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(step, recipe)
            if step == recipe.steps // 2:   # BitNet: no weight decay in the second half
                group["weight_decay"] = 0.0
        window = torch.cat([streams[name].windows(count, length, bos) for name, count in counts.items()])
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = forward(window[:, :-1])
            loss = F.cross_entropy(logits.flatten(0, 1), window[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total += loss.detach()
        since += 1
        if step + 1 == recipe.steps or (step + 1) % recipe.check_every == 0:
            results = validate(model)
            mean_loss = total.item() / since
            rate = (step + 1) * window.numel() / (time.time() - begin) / 1e6
            log(f"{recipe.name} step {step + 1} loss {mean_loss:.4f} validation perplexity "
                + " ".join(f"{name} {value:.3f}" for name, value in results.items()) + f" ({rate:.2f} M tokens/s)")
            total.zero_()
            since = 0
            if recipe.watched and results[recipe.watched] < best:
                best = results[recipe.watched]
                best_weights = {name: value.clone() for name, value in model.state_dict().items()}
    if best_weights:
        model.load_state_dict(best_weights)
    return mean_loss


def save_tokenizer(tokenizer, directory):
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    files = {"tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BOS, "eos_token": EOS,
                                       "model_max_length": Shape.max_position_embeddings,
                                       "clean_up_tokenization_spaces": False},
             "generation_config.json": {"bos_token_id": bos, "eos_token_id": eos, "do_sample": True,
                                        "temperature": 0.7, "top_p": 0.95}}
    for name, content in files.items():
        (directory / name).write_text(json.dumps(content, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kjv", type=Path, required=True, help="output of `bible -f gen1:1-rev22:21`")
    parser.add_argument("--shakespeare", type=Path, required=True, help="tinyshakespeare.txt")
    parser.add_argument("--out", type=Path, default=Path("models"), help="output folder (default: models)")
    parser.add_argument("--stories", type=int, default=300_000, help="stories to write (default: 300000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale-steps", type=float, default=1.0, help="multiplies the steps, for a trial")
    parser.add_argument("--batch", type=int, default=128, help="windows of 512 tokens a step (default: 128)")
    parser.add_argument("--learning-rate", type=float, help="of the base, instead of the recipe's")
    parser.add_argument("--only-base", action="store_true", help="leave out the fine-tunes")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    log = lambda text: print(text, flush=True)

    torch.manual_seed(arguments.seed)
    device = torch.device(arguments.device)
    begin = time.time()
    corpora = load_corpora(arguments.kjv, arguments.shakespeare, arguments.stories)
    (arguments.out / "heldout").mkdir(parents=True, exist_ok=True)
    texts = {name: corpus.heldout_text() for name, corpus in corpora.items()}
    for name, text in texts.items():
        (arguments.out / "heldout" / f"{name}.txt").write_text(text)

    tokenizer = train_tokenizer(corpora)
    bos, eos = tokenizer.token_to_id(BOS), tokenizer.token_to_id(EOS)
    streams = {}
    for name, corpus in corpora.items():
        streams[name] = Stream(*encode_stream(tokenizer, corpus.train, corpus.separator, arguments.seed), device)
        log(f"{name}: {len(streams[name].tokens) / 1e6:.2f} M tokens, {len(corpus.train)} documents; "
            f"held out {len(texts[name].encode()) / 1e3:.1f} kB")
    log(f"data ready after {time.time() - begin:.0f} s")

    def validate(model):
        return {name: perplexity(model, tokenizer, corpus.separator.join(corpus.validation), device)
                for name, corpus in corpora.items()}

    base = arguments.out / RECIPES[0].name
    for recipe in RECIPES[:1] if arguments.only_base else RECIPES:
        recipe.steps = max(10, round(recipe.steps * arguments.scale_steps))
        recipe.batch = arguments.batch
        if not recipe.watched:
            recipe.learning_rate = arguments.learning_rate or recipe.learning_rate
            model = BitNet(Shape(), dropout=recipe.dropout).to(device)
        else:
            model = bitnet_model.load(base, dropout=recipe.dropout).to(device)
            model.model.embed_tokens.requires_grad_(False)
            model.model.norm.requires_grad_(False)
        loss = train(model, recipe, streams, bos, validate, log)
        directory = arguments.out / recipe.name
        bitnet_model.save(model, directory, bos, eos)
        save_tokenizer(tokenizer, directory)
        results = evaluate(directory, texts, device)
        write_card(directory, recipe, model.parameter_count(), loss, results, streams, arguments)
        log(f"{recipe.name}: held-out perplexity " + " ".join(f"{name} {value:.4f}" for name, value in results.items()))


if __name__ == "__main__":
    main()
