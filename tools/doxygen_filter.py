"""Prints a public header as Doxygen is to read it: with the lists of dtypes, schemes and elementwise operations written
out, which its preprocessor does not follow. docs/Doxyfile names it."""

import pathlib
import re
import sys

import elementwise_table

TAKES = {
    "floating": "floats; integers and bool are converted to f32",
    "numeric": "integers from 8 bits on and floats",
    "integer": "integers from 8 bits on",
    "bits": "bool and integers from 8 bits on",
    "any": "bool, integers from 8 bits on and floats",
}


def elementwise():
    """The declarations that elementwise.h makes of the table, with their documentation."""
    for row in elementwise_table.rows():
        kind = "const Tensor&" if row.operands == "x" else "const Operand&"
        parameters = ", ".join(f"{kind} {name}" for name in row.operands)
        text = [row.doc, f"Value: `{row.value}`."]
        if row.gradients:
            text.append(f"Gradient: `{'`, `'.join(row.gradients)}`.")
        text.append(f"Takes {TAKES[row.takes]}{'; gives bool' if row.predicate else ''}.")
        yield f"/// {' '.join(text)}\nTensor {row.name}({parameters});"
        yield f"/// {row.name} written into `out`.\nvoid {row.name}({parameters}, Out out);"


def written_out(text):
    """Each `#define INGOT_X(…) …`, `LIST(INGOT_X)`, `#undef INGOT_X` as what it makes of LIST's rows."""
    rows = {name: [elementwise_table.split_arguments(row) for row in re.findall(r"X\((.*)", body)]
            for name, body in re.findall(r"#define (INGOT_\w+S)\(X\)((?:.*\\\n)*.*)", text)}

    def expansion(use):
        parameters, body, name = re.split(r",\s*", use[1]), use[2].replace("\\\n", "\n"), use[3]
        return "".join(re.sub(r"\b(" + "|".join(parameters) + r")\b",
                              lambda word: row[parameters.index(word[1])], body) + "\n" for row in rows[name])

    return re.sub(r"#define INGOT_X\((.*?)\)((?:.*\\\n)*.*)\n\s*(INGOT_\w+)\(INGOT_X\)\n#undef INGOT_X\n", expansion, text)


if __name__ == "__main__":
    header = pathlib.Path(sys.argv[1])
    source = written_out(header.read_text())
    if header.name == "elementwise.h":
        source = re.sub(r"#define INGOT_(?:.*\\\n)*.*\n", "", source)
        source = source.replace('#include "ingot/ops/elementwise.def"', "\n".join(elementwise()))
    print(source)
