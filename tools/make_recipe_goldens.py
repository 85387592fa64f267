"""Writes tests/golden/recipes.json: what llama-quantize makes of each matrix under each recipe.

    python3 tools/make_recipe_goldens.py LLAMA_CPP      the folder of llama.cpp's sources

The decision is cut out of src/llama-quant.cpp as it stands and compiled with stand-ins for the model around it.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

TARGET = pathlib.Path(__file__).resolve().parents[1] / "tests/golden/recipes.json"

DENSE = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
FUSED = ["attn_qkv", "attn_output", "ffn_up", "ffn_down"]
EXPERTS = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps"]
MODELS = {  # architecture, blocks, heads, key-value heads, experts, whether it has a head of its own, matrices of a block
    "7b": ("llama", 32, 32, 32, 0, True, DENSE),
    "70b": ("llama", 80, 64, 8, 0, True, DENSE),
    "1b": ("llama", 16, 32, 8, 0, False, DENSE),
    "8x7b": ("llama", 32, 32, 8, 8, True, EXPERTS),
    "phi": ("phi3", 40, 40, 10, 0, True, FUSED),
    "falcon": ("falcon", 32, 71, 1, 0, True, FUSED),
}
RECIPES = ["Q4_0", "Q4_1", "Q8_0", "Q5_0", "Q5_1", "Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_K_S", "Q4_K_M", "Q5_K_S",
           "Q5_K_M", "Q6_K", "Q2_K_S", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0", "MXFP4_MOE"]
WITH_IMATRIX = ["Q4_0", "Q5_0", "Q4_K_M", "IQ4_NL", "IQ4_XS"]  # "Q4_0 imatrix": with an importance matrix at hand

PROGRAM = r"""
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include "ggml.h"
#include "llama.h"
#include "llama-arch.h"
template <class... T> std::string format(T...) { return "bad layer"; }
enum tensor_category_unused {};
%(category)s
enum llm_type { LLM_TYPE_UNKNOWN, LLM_TYPE_70B };
struct hparams_t { unsigned n_expert; unsigned gqa; unsigned n_gqa() const { return gqa; } };
struct model_t { llm_arch arch; llm_type type; hparams_t hparams; };
struct params_t { ggml_type output_tensor_type = GGML_TYPE_COUNT, token_embedding_type = GGML_TYPE_COUNT; };
struct quantize_state_impl {
  model_t model; const params_t * params;
  int n_attention_wv = 0, n_ffn_down = 0, n_ffn_gate = 0, n_ffn_up = 0;
  int i_attention_wv = 0, i_ffn_down = 0, i_ffn_gate = 0, i_ffn_up = 0;
  bool has_imatrix = false, has_tied_embeddings = true;
};
%(functions)s
int main(int argc, char ** argv) {  // architecture blocks heads kv_heads experts recipe imatrix; tensors on standard input, in order
  const std::string arch = argv[1], recipe = argv[6];
  const int blocks = atoi(argv[2]), heads = atoi(argv[3]), kv = atoi(argv[4]), experts = atoi(argv[5]);
  params_t params;
  quantize_state_impl qs{{arch == "falcon" ? LLM_ARCH_FALCON : arch == "phi3" ? LLM_ARCH_PHI3 : LLM_ARCH_LLAMA,
                          arch == "llama" && blocks == 80 && heads != kv ? LLM_TYPE_70B : LLM_TYPE_UNKNOWN,
                          {(unsigned)experts, (unsigned)(heads / kv)}}, &params};
  qs.has_imatrix = std::string(argv[7]) == "imatrix";
  qs.n_ffn_down = qs.n_ffn_gate = qs.n_ffn_up = blocks;
  static const std::vector<std::pair<std::string, llama_ftype>> names = { %(names)s };
  llama_ftype ftype{};
  for (auto & [name, value] : names) if (name == recipe) ftype = value;
  std::vector<std::string> tensors;
  char line[256];
  while (fgets(line, sizeof line, stdin)) tensors.emplace_back(line, strcspn(line, "\n"));
  for (auto & name : tensors) {
    if (category_is_attn_v(tensor_get_category(name))) ++qs.n_attention_wv;
    if (name == "output.weight") qs.has_tied_embeddings = false;
  }
  for (auto & name : tensors) {
    ggml_tensor tensor{};
    tensor.ne[0] = 256; tensor.ne[1] = 1; tensor.ne[2] = name.find("_exps") != std::string::npos ? 8 : 1; tensor.ne[3] = 1;
    snprintf(tensor.name, sizeof tensor.name, "%%s", name.c_str());
    const auto type = llama_tensor_get_type_impl(qs, llama_ftype_get_default_type(ftype), &tensor, ftype, tensor_get_category(name));
    printf("%%s\n", ggml_type_name(type));
  }
}
"""


def cut(text, begin, end="\n}\n"):
    at = text.index(begin)
    return text[at : text.index(end, at) + len(end)]


def names_of(model):
    _, blocks, _, _, _, head, matrices = MODELS[model]
    outer = (["output.weight"] if head else []) + ["token_embd.weight"]
    return outer + [f"blk.{b}.{m}.weight" for b in range(blocks) for m in sorted(matrices)]


def main(llama):
    llama = pathlib.Path(llama)
    source = (llama / "src/llama-quant.cpp").read_text()
    heads = source + (llama / "src/llama-quant.h").read_text()
    functions = [cut(source, f"static {signature}") for signature in (
        "bool tensor_name_match_token_embd(", "bool tensor_name_match_output_weight(", "tensor_category tensor_get_category(",
        "bool category_is_attn_v(", "ggml_type llama_tensor_get_type_impl(")]
    functions.append(cut(source, "ggml_type llama_ftype_get_default_type("))
    program = PROGRAM % {
        "category": cut(heads, "enum class tensor_category", "};"),
        "functions": "\n".join(functions),
        "names": ", ".join(f'{{"{r}", LLAMA_FTYPE_MOSTLY_{r}}}' for r in RECIPES),
    }
    goldens = {}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "types.cpp").write_text(program)
        (path / "names.cpp").write_text(
            '#include "ggml.h"\nextern "C" const char * ggml_type_name(ggml_type t) { static const char * n[GGML_TYPE_COUNT] = {'
            + "}; " + " ".join(f'n[{t}] = "{n}";' for t, n in re.findall(
                r"\[(GGML_TYPE_\w+)\]\s*=\s*\{\s*\.type_name\s*=\s*\"(\w+)\"", (llama / "ggml/src/ggml.c").read_text()))
            + " return n[t]; }\nextern \"C\" int64_t ggml_blck_size(ggml_type) { return 1; }\n"
            'extern "C" const char * ggml_get_name(const ggml_tensor * t) { return t->name; }\n')
        subprocess.run(["g++", "-std=c++20", "-w", *(f"-I{llama / d}" for d in ("include", "src", "ggml/include")),
                        path / "types.cpp", path / "names.cpp", "-o", path / "types"], check=True)
        for model, (arch, blocks, heads, kv_heads, experts, _, _) in MODELS.items():
            names = names_of(model)
            for recipe in [*RECIPES, *(f"{r} imatrix" for r in WITH_IMATRIX)]:
                name, _, imatrix = recipe.partition(" ")
                numbers = map(str, (arch, blocks, heads, kv_heads, experts))
                done = subprocess.run([path / "types", *numbers, name, imatrix],
                                      input="\n".join(names) + "\n", capture_output=True, text=True, check=True)
                found = {}  # type → matrix → blocks, or the name of what belongs to none
                for name, kind in zip(names, done.stdout.split(), strict=True):
                    block = re.fullmatch(r"blk\.(\d+)\.(\w+)\.weight", name)
                    places = found.setdefault(kind.upper(), {}).setdefault(block[2] if block else name, [])
                    if block:
                        places.append(int(block[1]))
                goldens.setdefault(model, {})[recipe] = {
                    kind: {matrix: places if len(places) < blocks else "all" for matrix, places in by.items()}
                    for kind, by in found.items()}
    text = json.dumps(goldens, indent=1)
    text = re.sub(r"\[\s+([\d,\s]+?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text)
    TARGET.write_text(text + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
