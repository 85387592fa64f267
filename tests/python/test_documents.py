"""The documents say what the code says: the page of operations is current, links lead somewhere, Doxygen is content."""

import re
import shutil
import subprocess

import elementwise_table
import operations
import pytest
from conftest import ROOT

import ingot

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_public_name_is_on_the_page_of_operations():
    listed = set(re.findall(r"`(?:linalg\.)?(\w+)[`(]", operations.PAGE.read_text()))
    assert set(ingot.__all__) <= listed


def test_the_page_of_operations_is_current():
    assert operations.page() == operations.PAGE.read_text(), "docs/operations.md: ./dev docs writes it anew"


def test_the_table_is_read_as_it_is_compiled():
    read = [(row.name, len(row.operands), row.takes, row.predicate) for row in elementwise_table.rows()]
    assert read == [(row.name, row.arity, row.takes, row.gives_bool) for row in ingot.elementwise_table()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    prose = re.sub(r"```.*?```|`[^`]*`", "", document.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", prose):
        assert (document.parent / target).exists(), target


def test_doxygen_has_no_complaint_and_knows_every_operation(tmp_path):
    if not shutil.which("doxygen"):
        pytest.skip("doxygen is absent: ./dev setup docs")
    configuration = (ROOT / "docs" / "Doxyfile").read_text() + f"\nOUTPUT_DIRECTORY = {tmp_path}\n"
    done = subprocess.run(["doxygen", "-"], input=configuration, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    known = set(re.findall(r"ingot::(\w+)", (tmp_path / "html" / "namespaceingot.html").read_text()))
    names = {row.name for row in elementwise_table.rows()} | {"add_", "sum", "matmul", "quantize", "open_checkpoint"}
    assert names <= known
    assert "u8" not in known  # a dtype, which Doxygen takes for a variable where the list is not written out


GUIDE = ROOT / "docs" / "tensor_implementation_guide.md"


def quotations():
    """(file named, text) of each block of C++ in the guide."""
    found = re.findall(r"(?:<!-- (\S+) -->\n)?```cpp\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return [pytest.param(name, text, id=f"{number}-{name}") for number, (name, text) in enumerate(found)]


@pytest.mark.parametrize("name,text", quotations())
def test_the_guide_quotes_code_that_stands_in_the_tree(name, text):
    source, place = (ROOT / name).read_text(), 0
    for part in re.split(r"^\s*…\n", text, flags=re.MULTILINE):  # lines left out
        assert part in source[place:], part
        place = source.index(part, place) + len(part)


def test_the_guide_names_files_that_exist():
    for name in re.findall(r"`((?:src|include|python|tests|tools|docs|cli)/[a-z0-9_./-]+)`", GUIDE.read_text()):
        assert (ROOT / name).exists(), name
