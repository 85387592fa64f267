"""A static and a shared libingot install, a foreign project finds and runs them, and only ingot's names are exported."""

import os
import platform
import re
import subprocess

import pytest
from conftest import ROOT

BUILD = ROOT / "build"


def run(*command):
    done = subprocess.run([str(c) for c in command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def built(preset):
    if not (BUILD / preset / "build.ninja").exists():
        run("cmake", "--preset", preset)
    run("cmake", "--build", "--preset", preset)
    return BUILD / preset


@pytest.fixture(scope="module", params=["release", "shared"])
def installed(request, tmp_path_factory):
    prefix = tmp_path_factory.mktemp(request.param)
    run("cmake", "--install", built(request.param), "--prefix", prefix)
    return prefix


def test_consumer_finds_links_and_runs(installed, tmp_path):
    run("cmake", "-S", ROOT / "tests" / "consumer", "-B", tmp_path, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={installed}")
    run("cmake", "--build", tmp_path)
    version = re.search(r"project\(ingot VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert run(tmp_path / "consumer").split() == [version, "3", "out_of_range"]


def test_an_older_interface_is_refused(installed, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(p LANGUAGES CXX)\nfind_package(ingot 0.99 REQUIRED)\n")
    # Named, because CMake's default generator wants make, which a bare machine lacks.
    done = subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "b", "-G", "Ninja",
                           f"-DCMAKE_PREFIX_PATH={installed}"], capture_output=True, text=True)
    assert done.returncode != 0 and "0.99" in done.stderr


def test_installed_command_runs(installed):
    command = installed / "bin" / "ingot"
    if not command.exists():
        pytest.fail("the command was not installed")
    # The loader finds libingot.so where a package would put it.
    environment = {**os.environ, "LD_LIBRARY_PATH": str(next(installed.glob("lib*")))}
    done = subprocess.run([command, "version"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and done.stdout.strip()


@pytest.mark.skipif(platform.system() != "Linux", reason="ELF only")
def test_shared_library_exports_only_ingot():
    library = built("shared") / "src" / "libingot.so"
    symbols = [line.split(" ", 2)[2] for line in run("nm", "-DC", "--defined-only", library).splitlines()]
    own = re.compile(r"^((vtable|typeinfo( name)?) for )?ingot::")
    assert [s for s in symbols if not own.match(s)] == []
    # and what internal headers declare stays inside
    assert "ingot::Error::Error" in " ".join(symbols)
    assert [s for s in symbols if re.match(r"ingot::(dispatch|kernel_table|backend_of|detail::)", s)] == []
