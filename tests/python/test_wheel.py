"""pip install . from a clone: a wheel that works without the tree, with stubs and nothing that belongs elsewhere."""

import os
import subprocess
import sys
import sysconfig
import zipfile

import pytest
from conftest import ROOT


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built with what the test environment holds, so that nothing is downloaded; ccache knows the library, if the
    compiler has the name under which the release build calls it."""
    directory = tmp_path_factory.mktemp("wheel")
    environment = {**os.environ, "CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1", "CXX": "c++",
                   "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    run(sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index",
        "--disable-pip-version-check", "-w", directory, ROOT, env=environment)
    (file,) = directory.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def fresh_python(wheel, tmp_path_factory):
    """A new environment with the wheel and nothing else."""
    directory = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", directory)
    python = directory / "bin" / "python"
    run(python, "-m", "pip", "install", "--no-index", "--disable-pip-version-check", wheel)
    return python


def test_contents(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {name for name in names if ".dist-info/" not in name}
    sources = {f"ingot/{path.name}" for path in (ROOT / "python" / "ingot").iterdir() if path.is_file()}
    (extension,) = [name for name in package if name.endswith(".so")]
    assert package == sources | {extension, "ingot/_ingot.pyi"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    # One wheel for all from 3.12 on; before, one for each version.
    tag = "cp312-abi3" if sys.version_info >= (3, 12) else f"cp{sysconfig.get_config_var('py_version_nodot')}"
    assert tag in wheel.name


def test_works_alone(fresh_python, tmp_path):
    code = ("import ingot, tempfile, os; x = ingot.asarray([[1, 2], [3, 4]], dtype='float32'); p = os.path.join("
            f"{str(tmp_path)!r}, 'a.gguf'); ingot.save(p, {{'x': x @ x}}); print(ingot.open(p)['x'].tolist())")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    assert run(fresh_python, "-c", code, cwd=tmp_path, env=environment).strip() == "[[7.0, 10.0], [15.0, 22.0]]"
