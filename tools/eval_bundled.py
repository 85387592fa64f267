#!/usr/bin/env python3
"""Perplexity of the bundled models on the held-out texts, and agreement with transformers.

Perplexity as llama.cpp defines it: the text (without its final newline) is cut into
chunks of 512 tokens, the first token of each is replaced by BOS, and the tokens after
the middle of a chunk are scored: exp(mean negative log-likelihood). Everything in f32.
"""
import argparse
import math
from pathlib import Path

import torch
from tokenizers import Tokenizer

import bitnet_model
from bundled_data import BOS

CONTEXT = 512


def chunks(tokenizer, text):
    """The chunks [n, 512] of a text, and the same with BOS in front."""
    ids = torch.tensor(tokenizer.encode(text.removesuffix("\n")).ids)
    targets = ids[:len(ids) // CONTEXT * CONTEXT].view(-1, CONTEXT)
    inputs = targets.clone()
    inputs[:, 0] = tokenizer.token_to_id(BOS)
    return inputs, targets


@torch.no_grad()
def perplexity(model, tokenizer, text, device="cpu"):
    model.eval()
    inputs, targets = chunks(tokenizer, text)
    total = torch.zeros((), dtype=torch.float64)
    for x, y in zip(inputs.split(16), targets.split(16)):
        logits = model(x.to(device))[:, CONTEXT // 2:-1]
        y = y[:, CONTEXT // 2 + 1:].to(device)
        total += torch.nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum").double().cpu()
    return math.exp(total / (len(targets) * (CONTEXT // 2 - 1)))


class Transformers(torch.nn.Module):
    """The same model as transformers computes it."""

    def __init__(self, directory):
        super().__init__()
        from transformers import AutoModelForCausalLM
        self.model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager")

    def forward(self, tokens):
        return self.model(tokens).logits


@torch.no_grad()
def compare(directory, texts, device="cpu"):
    """Prints how far transformers is from our forward pass.

    The first tokens mostly agree to the last bits. Further on, a different order of summation now and then tips
    an activation over a boundary of its int8 rounding, and the logits differ visibly, the perplexity hardly.
    """
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    ours, theirs = bitnet_model.load(directory).to(device), Transformers(directory).to(device)
    for name, text in texts.items():
        inputs = chunks(tokenizer, text)[0][:1].to(device)
        logits = ours(inputs)
        difference = (theirs(inputs) - logits).abs() / logits.std()
        print(f"  transformers on {name}: perplexity {perplexity(theirs, tokenizer, text, device):.4f}; logits differ by"
              f" {difference.mean():.1e} on average, {difference[:, :4].max():.1e} at most in the first 4 tokens,"
              f" {difference.max():.1e} at most (in standard deviations)", flush=True)


def evaluate(directory, texts, device="cpu"):
    """Perplexities of a model directory by name of text."""
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    model = bitnet_model.load(directory).to(device)
    return {name: perplexity(model, tokenizer, text, device) for name, text in texts.items()}


def main():
    root = Path(__file__).parent.parent / "models"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, help="model directories (default: all under models/)")
    parser.add_argument("--heldout", type=Path, default=root / "heldout", help="folder of texts (default: models/heldout)")
    parser.add_argument("--transformers", action="store_true", help="compare with transformers, which must be installed")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()

    texts = {path.stem: path.read_text() for path in sorted(arguments.heldout.glob("*.txt"))}
    print(f"{'model':28}" + "".join(f"{name:>14}" for name in texts))
    for directory in arguments.models or sorted(path.parent for path in root.glob("*/model.safetensors")):
        results = evaluate(directory, texts, arguments.device)
        print(f"{directory.name:28}" + "".join(f"{value:14.4f}" for value in results.values()), flush=True)
        if arguments.transformers:
            compare(directory, texts, arguments.device)


if __name__ == "__main__":
    main()
