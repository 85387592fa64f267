"""The rows of include/ingot/ops/elementwise.def, for documents and tests."""

import ast
import pathlib
import re
from dataclasses import dataclass

TABLE = pathlib.Path(__file__).resolve().parent.parent / "include" / "ingot" / "ops" / "elementwise.def"
# Macro: operands, gradients, whether name_backward stands beside it.
KINDS = {
    "UNARY": ("x", 1, False),
    "UNARY_PREDICATE": ("x", 0, False),
    "ACTIVATION": ("x", 1, True),
    "BINARY": ("ab", 2, False),
    "BINARY_PREDICATE": ("ab", 0, False),
    "TERNARY": ("abc", 3, False),
}


@dataclass
class Row:
    section: str
    name: str
    operands: str
    takes: str
    value: str
    gradients: list[str]  # one for each operand, or none at all
    doc: str
    predicate: bool = False
    numpy: str = ""  # INGOT_NUMPY


def split_arguments(text):
    """The arguments of a macro call, from behind its opening parenthesis; strings stay whole."""
    parts, depth = [""], 0
    for token in re.findall(r'"(?:\\.|[^"\\])*"|.', text, re.DOTALL):
        if token == ")" and depth == 0:
            return [re.sub(r"\s+", " ", part).strip() for part in parts]
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    raise ValueError(f"{TABLE.name}: a call without an end: {text[:60]}")


def rows():
    """Every operation in the table's order, name_backward behind its activation."""
    text = TABLE.read_text()
    begin = text.index("\n\n// Arithmetic")
    found, section = [], ""
    for match in re.finditer(r"\n\n// ([^\n]+)\n\n|^INGOT_(\w+)\(", text[begin:], re.MULTILINE):
        if match[1]:
            section = match[1]
            continue
        name, *rest = split_arguments(text[begin + match.end() :])
        if match[2] == "NUMPY":
            next(row for row in found if row.name == name).numpy = ", ".join(rest)
            continue
        operands, count, backward = KINDS[match[2]]
        takes, value, *rest = rest
        gradients = [g for g in rest[:count] if g != "none"]
        doc = "".join(map(ast.literal_eval, re.findall(r'"(?:\\.|[^"\\])*"', rest[count])))
        found.append(Row(section, name, operands, takes, value, gradients, doc, "PREDICATE" in match[2]))
        if backward:
            about = f"Gradient of {name} at x, from the gradient g in its result."
            found.append(Row(section, f"{name}_backward", "gx", "floating", rest[0], [], about))
    return found
