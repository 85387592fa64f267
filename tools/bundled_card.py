"""The model card (README.md) of a bundled model."""

CARD = """---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---
# {name}

A language model of {parameters:,} parameters, small enough to live in a source tree, for demonstrations and
tests. {purpose}

It is a **BitNet b1.58** (the architecture of `BitNetForCausalLM`: squared ReLU, sub-norms, tied embedding):
hidden size 256, feed-forward 512, 4 layers, 4 heads of which 2 for keys and values, vocabulary 2048, context 512.
The linear layers are bf16 *master* weights: whoever runs the model makes them ternary, with one scale for each
matrix, and rounds activations to int8, with one scale for each token. The embedding, which is also the output
head, holds the ternary values themselves, with one scale for each row, so it loses nothing in a ternary format.
The tokenizer is a byte-level BPE with the pattern of Llama 3.

## Training
| | |
|---|---|
| data | {data} |
| command | `{command}` |
| steps | {steps} of {batch} × 512 tokens |
| optimizer | AdamW (0.9, 0.95), peak learning rate {rate:g}, warm-up then cosine to 1 %, weight decay {decay:g} in the first half and 0 in the second, gradient norm 1, dropout {dropout:g} |
| seed | {seed} |
| training loss | {loss:.4f} (mean of the last {check_every} steps) |
{fine_tune}
The stories come from `tools/stories.py`, the King James Bible from Debian's package `bible-kjv-text`, the plays
from tinyshakespeare; both books are in the public domain.

## Perplexity
On text that was never trained on (`models/heldout`), as llama.cpp defines it: chunks of 512 tokens, each begun
with BOS, second half scored; bf16 weights, f32 arithmetic. `tools/eval_bundled.py` computes it again.

| text | perplexity |
|---|---|
{perplexities}

## Licence
Apache-2.0.
"""
PURPOSE = {
    "tiny-bitnet": "It writes children's stories, and knows some Bible and Shakespeare.",
    "tiny-bitnet-shakespeare": "A fine-tune of `tiny-bitnet` on Shakespeare's plays.",
    "tiny-bitnet-kjv": "A fine-tune of `tiny-bitnet` on the King James Bible.",
}
FINE_TUNE = ("| start | `tiny-bitnet`; its embedding and final norm are kept, and the best weights by validation "
             "text are taken |\n")


def write_card(directory, recipe, parameters, loss, results, streams, arguments):
    data = ", ".join(f"{share:.0%} {name} ({len(streams[name].tokens) / 1e6:.1f} M tokens)"
                     for name, share in recipe.mixture.items())
    command = f"tools/train_bundled.py --kjv kjv.txt --shakespeare tinyshakespeare.txt --seed {arguments.seed}"
    (directory / "README.md").write_text(CARD.format(
        name=recipe.name, parameters=parameters, purpose=PURPOSE[recipe.name], data=data, command=command,
        steps=recipe.steps, batch=recipe.batch, rate=recipe.learning_rate, decay=recipe.weight_decay, dropout=recipe.dropout,
        check_every=recipe.check_every,
        seed=arguments.seed, loss=loss, fine_tune=FINE_TUNE if recipe.watched else "",
        perplexities="\n".join(f"| {name} | {value:.4f} |" for name, value in results.items())))
