"""What the Python tests share: where the tree, the builds and the data of others are."""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build" / "release"


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
