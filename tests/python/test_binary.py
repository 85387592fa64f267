"""What the compiled objects contain: instructions of the baseline only, outside the places that ask the processor first.

A unit built with wider instructions must keep them to itself. An inline function of a shared header that it compiles
out of line is a weak symbol; the linker may choose that copy for everyone, and the program dies on an older processor.
"""

import platform
import re
import shutil
import subprocess

import pytest
from conftest import RELEASE

OBJECTS = RELEASE / "src" / "CMakeFiles" / "ingot.dir"

pytestmark = pytest.mark.skipif(platform.system() != "Linux" or not shutil.which("objdump"), reason="needs ELF and objdump")


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def objects():
    found = sorted(OBJECTS.rglob("*.o"))
    assert found, f"no objects under {OBJECTS}: run ./dev build"
    return found


def isa_units():
    return [o for o in objects() if "/isa/" in str(o)]


def weak_code(obj):
    """Functions that the linker may merge with another unit's."""
    lines = run("nm", "-C", "--defined-only", obj).splitlines()
    return [line.split(" ", 2)[2] for line in lines if re.match(r"^[0-9a-f]+ [Wu] ", line)]


def test_isa_units_share_no_code():
    if not isa_units():
        pytest.skip("no instruction-set units for " + platform.machine())
    for unit in isa_units():
        name = unit.name.split(".")[0]
        foreign = [s for s in weak_code(unit) if not re.search(rf"\b{name}::", s)]
        assert foreign == [], f"{unit.name} emits shared code: mark it static, or force it inline"


# Highway compiles one copy of a function for each target, in a namespace of that name.
HIGHWAY_TARGET = re.compile(r"N_(SSSE3|SSE4|AVX2|AVX3|AVX3_DL)")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
# VEX and EVEX instructions are written with a v before their name and work on vector registers.
WIDE = re.compile(r"^\s*[0-9a-f]+:\s+(v[a-z0-9]+|[a-z0-9]+.*%[yz]mm)")


def wide_functions(obj):
    function, found = "", set()
    for line in run("objdump", "-d", "--no-show-raw-insn", obj).splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        elif WIDE.match(line) and not re.match(r"^\s*[0-9a-f]+:\s+ver[rw]\b", line):
            found.add(function)
    return found


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86 only")
def test_baseline_objects_hold_no_wide_instructions():
    for obj in objects():
        if "/isa/" in str(obj):
            continue
        wide = {f for f in wide_functions(obj) if not HIGHWAY_TARGET.search(f)}
        assert wide == set(), f"{obj.name}: AVX outside a dispatched function"


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86 only")
def test_the_scan_sees_wide_instructions(tmp_path):
    source = tmp_path / "wide.cpp"
    source.write_text("void f(float* x) { for (int i = 0; i < 64; ++i) x[i] *= 2; }\n"
                      "inline __attribute__((noinline)) int g(int x) { return x + 1; }\nint h(int x) { return g(x); }\n")
    obj = tmp_path / "wide.o"
    run("c++", "-O3", "-mavx2", "-c", source, "-o", obj)
    assert wide_functions(obj) == {"_Z1fPf"}
    assert weak_code(obj) == ["g(int)"]
