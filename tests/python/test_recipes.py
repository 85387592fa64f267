"""llama-quantize's recipes: the type of every matrix against llama.cpp's own decision (tests/golden/recipes.json)."""

import json
import re
import sys

import gguf
import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import make_recipe_goldens as goldens

EXPECTED = json.loads((ROOT / "tests/golden/recipes.json").read_text())


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Models of the right names, with one row for a matrix."""
    folder = tmp_path_factory.mktemp("recipes")
    for model, (architecture, blocks, heads, kv_heads, experts, _, _) in goldens.MODELS.items():
        writer = gguf.GGUFWriter(folder / f"{model}.gguf", architecture)
        writer.add_block_count(blocks)
        writer.add_head_count(heads)
        writer.add_head_count_kv(kv_heads)
        if experts:
            writer.add_expert_count(experts)
        for name in goldens.names_of(model):
            writer.add_tensor(name, np.zeros((8, 1, 256) if "_exps" in name else (1, 256), np.float32))
            if "attn_q" in name:
                writer.add_tensor(name.replace("attn_q", "attn_norm"), np.zeros(256, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return folder


@pytest.mark.parametrize("model", EXPECTED)
def test_types(call, models, tmp_path, model):
    blocks = goldens.MODELS[model][1]
    assert list(EXPECTED[model]) == [*goldens.RECIPES, *(f"{recipe} imatrix" for recipe in goldens.WITH_IMATRIX)]
    (tmp_path / "imatrix").write_bytes(b"\1\0\0\0" + b"\1\0\0\0x" + b"\1\0\0\0" + b"\1\0\0\0" + b"\0\0\x80\x3f")
    for case, kinds in EXPECTED[model].items():
        recipe, _, imatrix = case.partition(" ")
        options = ("--imatrix", tmp_path / "imatrix") if imatrix else ()
        call("quantize", models / f"{model}.gguf", tmp_path / "out.gguf", "--type", recipe, "--force", *options)
        reader = gguf.GGUFReader(tmp_path / "out.gguf")
        found = {t.name: t.tensor_type.name for t in reader.tensors}
        expected = {}
        for kind, matrices in kinds.items():
            for matrix, places in matrices.items():
                if not re.fullmatch(r".*\.weight", matrix):
                    for block in range(blocks) if places == "all" else places:
                        expected[f"blk.{block}.{matrix}.weight"] = kind
                else:
                    expected[matrix] = kind
        assert {name: kind for name, kind in found.items() if "_norm" not in name} == expected, case
        assert {kind for name, kind in found.items() if "_norm" in name} <= {"F32"}
        assert reader.fields["general.file_type"].contents() == gguf.LlamaFileType[f"MOSTLY_{recipe}"]
