"""random_llama.py OUT [--layers N] [--shards N]: a Hugging Face directory of random bf16 weights.

Of TinyLlama's shape (1.1 B parameters, 2.2 GB) unless told; 290 layers are 24 GiB. No vocabulary.
"""

import argparse
import json
import pathlib

import numpy as np

HIDDEN, FEED_FORWARD, HEADS, KV_HEADS, VOCABULARY = 2048, 5632, 32, 4, 32000


def shapes(layers):
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for i in range(layers):
        layer = f"model.layers.{i}."
        kv = HIDDEN // HEADS * KV_HEADS
        for name, rows, columns in [
            ("self_attn.q_proj", HIDDEN, HIDDEN),
            ("self_attn.k_proj", kv, HIDDEN),
            ("self_attn.v_proj", kv, HIDDEN),
            ("self_attn.o_proj", HIDDEN, HIDDEN),
            ("mlp.gate_proj", FEED_FORWARD, HIDDEN),
            ("mlp.up_proj", FEED_FORWARD, HIDDEN),
            ("mlp.down_proj", HIDDEN, FEED_FORWARD),
        ]:
            yield f"{layer}{name}.weight", (rows, columns)
        yield layer + "input_layernorm.weight", (HIDDEN,)
        yield layer + "post_attention_layernorm.weight", (HIDDEN,)
    yield "model.norm.weight", (HIDDEN,)
    yield "lm_head.weight", (VOCABULARY, HIDDEN)


def write(path, tensors, pool, rng):
    header, end = {}, 0
    for name, shape in tensors:
        begin, end = end, end + 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, shape in tensors:
            left = int(np.prod(shape))
            while left:
                start = int(rng.integers(len(pool) // 2))
                piece = pool[start : start + left]
                file.write(piece.tobytes())
                left -= len(piece)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--layers", type=int, default=22)
    parser.add_argument("--shards", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True)
    rng = np.random.default_rng(5)
    # bf16 is the upper half of f32. Numbers repeat, each time from another place.
    pool = (rng.standard_normal(1 << 25, np.float32) * 0.02).view(np.uint32) >> 16
    pool = pool.astype(np.uint16)
    tensors = list(shapes(options.layers))
    parts = [tensors[i * len(tensors) // options.shards : (i + 1) * len(tensors) // options.shards] for i in range(options.shards)]
    weight_map = {}
    for i, part in enumerate(parts):
        name = "model.safetensors" if options.shards == 1 else f"model-{i + 1:05}-of-{options.shards:05}.safetensors"
        write(options.out / name, part, pool, rng)
        weight_map.update({tensor: name for tensor, _ in part})
    if options.shards > 1:
        total = sum(2 * int(np.prod(shape)) for _, shape in tensors)
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        (options.out / "model.safetensors.index.json").write_text(json.dumps(index))
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", "hidden_act": "silu",
        "hidden_size": HIDDEN, "intermediate_size": FEED_FORWARD, "num_hidden_layers": options.layers,
        "num_attention_heads": HEADS, "num_key_value_heads": KV_HEADS, "vocab_size": VOCABULARY,
        "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": False,
        "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    (options.out / "config.json").write_text(json.dumps(config))


if __name__ == "__main__":
    main()
