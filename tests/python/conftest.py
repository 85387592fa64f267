"""What the Python tests share: where the tree, the builds and the data of others are."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build" / "release"
# The package, where ./dev build python leaves it, or of another build.
sys.path.insert(0, str(ROOT / "build" / os.environ.get("INGOT_PRESET", "release") / "python"))
sys.path.insert(0, str(ROOT / "tools"))  # what writes documents also reads the table of operations


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def ingot():
    """The command of the release build."""
    command = RELEASE / "bin" / "ingot"
    if not command.exists():
        pytest.fail(f"{command} is missing: run ./dev build")
    return command


@pytest.fixture(scope="session")
def test_data():
    """Real files made by others; absent from a plain clone."""
    directory = pathlib.Path(os.environ.get("INGOT_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not directory.is_dir():
        pytest.skip(f"INGOT_TEST_DATA: {directory} is absent")
    return directory


@pytest.fixture(scope="session")
def call(ingot):
    """call(*arguments, status=0) → the finished process; asserts the exit status."""

    def run(*arguments, status=0, **options):
        process = subprocess.run([ingot, *map(str, arguments)], capture_output=True, timeout=300, **options)
        assert process.returncode == status, process.stderr.decode()
        return process

    return run


def raw_tensors(file):
    """name → (dtype, shape, bytes), read from the file by hand: numpy has no bf16."""
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    data = content[8 + length :]
    return {n: (e["dtype"], e["shape"], data[slice(*e["data_offsets"])]) for n, e in header.items()}


def write_raw_tensors(file, tensors):
    """The inverse, in the order given."""
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
