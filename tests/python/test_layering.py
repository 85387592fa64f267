"""Data flows one way: a folder includes only what stands below it, and public headers include no one else's.

docs/HACKING.md explains the order. A new folder or public header fails here until it is given its place.
"""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What each folder may include, itself apart; public headers count for the folder they belong to.
BASE = {"core", "memory", "device"}
KERNELS = BASE | {"quant", "ops"}
ALLOWED = {
    # One ground floor of three rooms: a tensor allocates on a device, and the kernel table is made of tensors.
    "core": {"memory", "device"},
    "memory": {"core", "device"},
    "device": {"core", "memory"},
    "quant": BASE,
    "ops": BASE | {"quant"},
    "backends": KERNELS,
    "formats": BASE | {"quant", "ops"},
    "tokenizer": BASE | {"formats"},
    "models": KERNELS | {"formats", "tokenizer"},
    "tools": KERNELS | {"formats", "tokenizer", "models"},
    "cli": {"core", "device", "ops", "formats", "tokenizer", "models", "tools"},
    # The Python package is a user of the library: public headers only (test_python_uses_public_headers_only).
    "python": {"core", "device", "ops", "formats", "tokenizer", "models", "tools"},
}

PUBLIC = {
    "core": {"device", "dtype", "encoding", "error", "float_types", "ref", "shape", "storage", "tensor", "typed_view",
             "version"},
    "ops": {"ops"},
    "formats": {"checkpoint", "metadata"},
    "tokenizer": {"tokenizer"},
    "models": {"encoder", "model", "sampler"},
    "tools": {"diff", "importance", "quantize_report", "shard", "tools"},
}

# Where each dependency may be included (docs/dependencies.md).
THIRD_PARTY = {
    "tbb": ["src/core/parallel.cpp"],
    "oneapi": ["src/core/parallel.cpp"],
    "hwy": ["src/backends/cpu/"],
    "immintrin.h": ["src/backends/cpu/", "src/quant/blocks/k_lanes.h"],
    "arm_neon.h": ["src/backends/cpu/"],
    "zlib.h": ["src/formats/zip/"],
    "simdjson.h": ["src/formats/", "src/tokenizer/"],
    "nlohmann": ["src/formats/", "src/models/", "src/tools/", "src/tokenizer/", "cli/"],
    "pcre2.h": ["src/tokenizer/"],
    "utf8proc.h": ["src/tokenizer/unicode.cpp"],
    "sentencepiece_processor.h": ["src/tokenizer/"],
    "CLI": ["cli/"],
    "nanobind": ["python/src/"],
}

# Their headers are slow to compile: none in ours, save what wraps one for a few files beside it.
SLOW_HEADERS = {"src/tokenizer/json.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
SOURCES = sorted(p for folder in ("src", "cli", "python/src") for p in (ROOT / folder).rglob("*") if p.suffix in (".h", ".cpp", ".def"))
HEADERS = sorted((ROOT / "include" / "ingot").rglob("*.h"))


def includes(path):
    return INCLUDE.findall(path.read_text())


def layer_of_public(header):
    """Of include/ingot/NAME.h by the table above, of include/ingot/FOLDER/… by the folder."""
    folder = pathlib.PurePath(header).parent.name
    if folder in ALLOWED:
        return folder
    name = pathlib.PurePath(header).stem
    return next((layer for layer, names in PUBLIC.items() if name in names), None)


def layer_of(path):
    relative = path.relative_to(ROOT)
    if relative.parts[0] == "include":
        return layer_of_public(path)
    return relative.parts[0] if relative.parts[0] in ("cli", "python") else relative.parts[1]


def layer_of_include(name):
    first = name.split("/")[0]
    return layer_of_public(name) if first == "ingot" else first


def violations(path):
    layer = layer_of(path)
    if layer not in ALLOWED:
        return [f"{path.relative_to(ROOT)}: no place in the order of layers"]
    found = []
    for bracket, name in includes(path):
        first = name.split("/")[0]
        if "/" not in name or first in THIRD_PARTY or bracket == "<" and first != "ingot":
            continue  # beside the file, of a dependency, or of the system
        if path.parent.joinpath(name).exists() and name.split("/")[0] not in ALLOWED:
            continue
        target = layer_of_include(name)
        if target != layer and target not in ALLOWED[layer]:
            found.append(f"{path.relative_to(ROOT)} ({layer}) includes {name} ({target})")
    return found


def test_every_include_points_down():
    assert SOURCES and HEADERS
    assert [v for path in SOURCES + HEADERS for v in violations(path)] == []


def misplaced_dependencies(path):
    relative = str(path.relative_to(ROOT))
    found = []
    for _, name in includes(path):
        first = name.split("/")[0]
        if first in THIRD_PARTY:
            allowed = any(relative.startswith(place) for place in THIRD_PARTY[first])
            if not allowed or (path.suffix == ".h" and first not in ("hwy", "immintrin.h", "arm_neon.h", "nanobind")
                               and relative not in SLOW_HEADERS and name != "nlohmann/json_fwd.hpp"):
                found.append(f"{relative} includes <{name}>")
        if first == "fmt" and path.suffix == ".h" and relative != "src/core/fail.h":
            found.append(f"{relative} includes <{name}>: fmt belongs in .cpp files")
    return found


def test_dependencies_stay_in_their_places():
    assert [v for path in SOURCES for v in misplaced_dependencies(path)] == []


@pytest.mark.parametrize("header", HEADERS, ids=lambda p: p.name)
def test_public_header_is_self_sufficient_in_includes(header):
    """Only the standard library and other public headers: whoever installs libingot needs nothing else."""
    for bracket, name in includes(header):
        if bracket == '"':
            assert (ROOT / "include" / name).exists(), f"{header.name} includes {name}"
        else:
            assert re.fullmatch(r"[a-z0-9_]+", name), f"{header.name} includes <{name}>"
    assert "#pragma once" in header.read_text()


@pytest.mark.parametrize("header", HEADERS, ids=lambda p: p.name)
def test_public_header_opens_a_visible_namespace(header):
    """The library hides every name by default: a plain namespace would leave these out of libingot.so."""
    text = header.read_text()
    opened = re.findall(r"^namespace\b.*\bingot\s*\{", text, re.MULTILINE)
    only_includes = not re.search(r"^(?!//|#|\s*$)", text, re.MULTILINE)  # ops.h: all of its folder
    assert (opened or only_includes) and all('[[gnu::visibility("default")]]' in line for line in opened)


def test_python_uses_public_headers_only():
    """The extension must also build against an installed libingot, which exports nothing else."""
    sources = [path for path in SOURCES if layer_of(path) == "python"]
    assert sources
    for path in sources:
        for bracket, name in includes(path):
            if bracket == '"':
                assert name.startswith("ingot/") or (path.parent / name).exists(), f"{path.name} includes {name}"


def test_a_violation_is_seen(tmp_path, monkeypatch):
    (tmp_path / "src" / "core").mkdir(parents=True)
    file = tmp_path / "src" / "core" / "upside_down.cpp"
    file.write_text('#include "core/fail.h"\n#include "ingot/model.h"\n#include "backends/cpu/features.h"\n')
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert len(violations(file)) == 2
    file.write_text('#include <pcre2.h>\n')
    assert len(misplaced_dependencies(file)) == 1
