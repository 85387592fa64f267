"""The documents say what the code says: the page of operations is current, links lead somewhere, Doxygen is content."""

import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

import ingot

sys.path.insert(0, str(ROOT / "tools"))
import elementwise_table  # noqa: E402
import operations  # noqa: E402

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_public_name_is_on_the_page_of_operations():
    listed = set(re.findall(r"`(?:linalg\.)?(\w+)[`(]", operations.PAGE.read_text()))
    assert set(ingot.__all__) - listed == {"linalg"}  # a module


def test_the_page_of_operations_is_current():
    assert operations.page() == operations.PAGE.read_text(), "docs/operations.md: ./dev docs writes it anew"


def test_the_table_is_read_as_it_is_compiled():
    read = [(row.name, len(row.operands), row.takes, row.predicate) for row in elementwise_table.rows()]
    assert read == [(row.name, row.arity, row.takes, row.gives_bool) for row in ingot.elementwise_table()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_doxygen_has_no_complaint_and_knows_every_operation(tmp_path):
    if not shutil.which("doxygen"):
        pytest.skip("doxygen is absent: ./dev setup docs")
    configuration = (ROOT / "docs" / "Doxyfile").read_text() + f"\nOUTPUT_DIRECTORY = {tmp_path}\n"
    done = subprocess.run(["doxygen", "-"], input=configuration, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    known = set(re.findall(r"ingot::(\w+)", (tmp_path / "html" / "namespaceingot.html").read_text()))
    assert {row.name for row in elementwise_table.rows()} | {"add_", "sum", "matmul", "quantize", "open_checkpoint"} <= known
