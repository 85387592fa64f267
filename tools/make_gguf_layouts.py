"""Writes tests/golden/gguf_layouts.json: what convert_hf_to_gguf.py makes of the golden models.

    python3 tools/make_gguf_layouts.py LLAMA_CPP [CASE…]      the folder of llama.cpp's sources

For each model: the keys of its configuration, and of each tensor shape and SHA-256 of its elements as f32. The golden
models have no vocabulary, so the converter's own is left out. Needs what the converter needs: torch, transformers.
"""

import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = ROOT / "tests/golden/gguf_layouts.json"
CASES = ["llama-gqa-llama3", "llama-linear-tied", "llama-headdim", "mistral", "mistral-window", "qwen2", "qwen3", "gemma",
         "gemma2", "gemma3", "phi3", "phi3-longrope", "mixtral", "qwen3-moe", "gpt2", "bert"]


def convert(conversion, gguf, model, target):
    hparams = conversion.ModelBase.load_hparams(model, False)
    name = conversion.get_model_architecture(hparams, conversion.ModelType.TEXT)
    cls = conversion.get_model_class(name)
    cls.set_vocab = lambda self: None
    cls(model, gguf.LlamaFileType.ALL_F32, target).write()


def layout(gguf, path):
    reader = gguf.GGUFReader(path)
    architecture = reader.fields["general.architecture"].contents()
    keys = {name: field.contents() for name, field in reader.fields.items()
            if name.startswith(f"{architecture}.") or name == "general.architecture"}
    tensors = {tensor.name: [[int(n) for n in reversed(tensor.shape)],
                             hashlib.sha256(tensor.data.astype("float32").tobytes()).hexdigest()]
               for tensor in reader.tensors}
    return {"keys": keys, "tensors": tensors}


def main():
    sources = pathlib.Path(sys.argv[1]).resolve()
    sys.path[:0] = [str(sources), str(sources / "gguf-py")]
    import conversion
    import gguf
    layouts = json.loads(TARGET.read_text()) if TARGET.exists() and sys.argv[2:] else {}
    for case in sys.argv[2:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / "model"
            shutil.copytree(ROOT / "tests/golden" / case, model)
            (model / "golden.safetensors").unlink()
            config = json.loads((model / "config.json").read_text())
            vocab_size = config["vocab_size"]
            if config["model_type"] == "gpt2":  # a key of older versions of transformers, which the converter wants
                (model / "config.json").write_text(json.dumps(config | {"n_ctx": config["n_positions"]}))
            # Gemma 3's embedding is cut to as many rows as there are tokens.
            (model / "tokenizer.json").write_text(json.dumps(
                {"model": {"vocab": {str(i): i for i in range(vocab_size)}}, "added_tokens": []}))
            convert(conversion, gguf, model, pathlib.Path(folder) / "model.gguf")
            layouts[case] = layout(gguf, pathlib.Path(folder) / "model.gguf")
    TARGET.write_text(json.dumps(layouts, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
