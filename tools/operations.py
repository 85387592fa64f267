"""Writes docs/operations.md: every public name of the Python package, with what it computes and the dtypes it takes.

Names, signatures and descriptions are the package's own (signatures and docstrings), gradients those of elementwise.def,
headers those that declare the name; dtypes are measured, by calling each operation with every one.

`./dev docs` runs it; tests/python/test_documents.py compares what it would write with what is committed.
"""

import ast
import copy
import functools
import inspect
import pathlib
import re

import elementwise_table
import ingot

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operations.md"
HEADERS = ROOT / "include" / "ingot"

# Families in the order of the page: title, the header that declares their names, names that it has not.
FAMILIES = [
    ("Creation", "ops/creation.h", ["asarray", "from_dlpack"]),
    ("Elementwise", "ops/elementwise.h", []),
    ("Statistics", "ops/reductions.h", []),
    ("Searching", "ops/searching.h", []),
    ("Sorting", "ops/sorting.h", []),
    ("Sets", "ops/sets.h", []),
    ("Manipulation", "ops/manipulation.h", []),
    ("Indexing", "ops/indexing.h", []),
    ("Linear algebra", "ops/linalg.h", []),
    ("Networks", "ops/nn.h", []),
    ("Dtypes", "ops/dtypes.h", []),
    ("Quantization", "ops/quantization.h", []),
    ("Random numbers", "ops/random.h", []),
    ("Data types", "dtype.h", []),
    ("Devices and threads", "device.h", []),
    ("Files", "checkpoint.h", ["open", "save"]),
]

GROUPS = {
    "bool": ["bool"],
    "int": ["int8", "int16", "int32", "int64"],
    "uint": ["uint8", "uint16", "uint32", "uint64"],
    "float": ["float16", "bfloat16", "float32", "float64"],
    "packed": ["int4", "int2"],
    "float8": ["float8_e4m3fn", "float8_e5m2"],
    "quantized": ["quantized"],
}
PLAIN = [dtype for group, members in GROUPS.items() if group != "quantized" for dtype in members]

# How to call what takes more than tensors. d: a dtype; x: the identity matrix of 32 rows in it, v a row, c three columns;
# i: indices of int64, all 0.
PROBES = {
    "affine_tensor": "ingot.affine_tensor(x, ingot.asarray(1.0))",
    "arange": "ingot.arange(4, dtype=d)",
    "asarray": "ingot.asarray([0, 1], dtype=d)",
    "concat": "ingot.concat([x, x])",
    "cross": "ingot.cross(c, c)",
    "cross_entropy": "ingot.cross_entropy(x, i)",
    "broadcast_to": "ingot.broadcast_to(x, (2, 32, 32))",
    "cumulative_prod": "ingot.cumulative_prod(x, axis=0)",
    "cumulative_sum": "ingot.cumulative_sum(x, axis=0)",
    "dot": "ingot.dot(x, x)",
    "einsum": "ingot.einsum('ij,jk', x, x)",
    "embedding": "ingot.embedding(x, i)",
    "empty": "ingot.empty(4, dtype=d)",
    "eye": "ingot.eye(4, dtype=d)",
    "from_dlpack": "ingot.from_dlpack(x)",
    "full": "ingot.full(4, 1, dtype=d)",
    "full_like": "ingot.full_like(x, 1)",
    "gather": "ingot.gather(x, 0, i[None, :])",
    "index_add": "ingot.index_add(x, 0, i, x)",
    "layer_norm": "ingot.layer_norm(x, 32)",
    "linspace": "ingot.linspace(0, 1, 4, dtype=d)",
    "matrix_power": "ingot.matrix_power(x, 2)",
    "meshgrid": "ingot.meshgrid(v, v)",
    "moveaxis": "ingot.moveaxis(x, 0, 1)",
    "ones": "ingot.ones(4, dtype=d)",
    "outer": "ingot.outer(v, v)",
    "pack": "ingot.pack(x, 'int4')",
    "pad": "ingot.pad(x, 1)",
    "permute_dims": "ingot.permute_dims(ingot.expand_dims(x), (1, 0, 2))",
    "put_along_axis_": "ingot.put_along_axis_(x, i[None, :], 0, 0)",
    "quantize": "ingot.quantize(x, 'Q8_0')",
    "repeat": "ingot.repeat(x, 2)",
    "reshape": "ingot.reshape(x, (16, 2, 32))",
    "roll": "ingot.roll(x, 1)",
    "rope": "ingot.rope(x, i, ingot.ones(16))",
    "scaled_dot_product_attention": "ingot.scaled_dot_product_attention(*[ingot.expand_dims(x)] * 3)",
    "scatter": "ingot.scatter(x, 0, i[None, :], x)",
    "searchsorted": "ingot.searchsorted(v, v)",
    "split": "ingot.split(x, 2)",
    "squeeze": "ingot.squeeze(ingot.expand_dims(x), 0)",
    "stack": "ingot.stack([x, x])",
    "take": "ingot.take(x, i, axis=0)",
    "take_along_axis": "ingot.take_along_axis(x, i[None, :], axis=0)",
    "tile": "ingot.tile(x, 2)",
    "topk": "ingot.topk(x, 2)",
    "bernoulli": "ingot.bernoulli(ingot.Generator(), x)",
    "normal": "ingot.normal(ingot.Generator(), 4, dtype=d)",
    "randint": "ingot.randint(ingot.Generator(), 0, 2, 4, dtype=d)",
    "uniform": "ingot.uniform(ingot.Generator(), 4, dtype=d)",
    "where": "ingot.where(x32 != 0, x, x)",
    "zeros": "ingot.zeros(4, dtype=d)",
}
# Of these dtypes say nothing: the result has the one asked for, or there is none.
WITHOUT_DTYPES = {
    "affine_parts", "astype", "can_cast", "elementwise_table", "finfo", "iinfo", "isdtype", "open", "permutation",
    "result_type", "save"
}


def resolve(name):
    return functools.reduce(getattr, name.split("."), ingot)


CLASSES = [name for name in ingot.__all__ if inspect.isclass(resolve(name))]


@functools.cache
def documented(name):
    """The parameters of a function or method as a syntax tree, none for other things; and its docstring."""
    value = resolve(name)
    if not hasattr(value, "__nb_signature__"):
        if inspect.isclass(value) or not callable(value):
            return None, inspect.getdoc(value) or ""
        return ast.parse(f"def f{inspect.signature(value)}: ...").body[0].args, inspect.getdoc(value) or ""
    text, doc, defaults = value.__nb_signature__[0]
    text = re.sub(r"\\(\d+)", lambda place: repr(defaults[int(place[1])]), text)
    return ast.parse(f"{text}: ...").body[0].args, doc or ""


def signature(name):
    """The parameters with their defaults, without types."""
    arguments = copy.deepcopy(documented(name)[0])
    if arguments is None:
        return ""
    if name.partition(".")[0] in CLASSES:
        (arguments.posonlyargs or arguments.args).pop(0)
    for node in ast.walk(arguments):
        if isinstance(node, ast.arg):
            node.annotation = None
    # Doxygen ends a span of code at a single quote.
    return f"({ast.unparse(arguments)})".replace("'", '"')


def description(name):
    return documented(name)[1].strip().split("\n")[0]


def probe(name):
    """A call of the function in terms of x (PROBES); None where no dtype is to be told."""
    arguments = documented(name)[0]
    if name in PROBES or name in WITHOUT_DTYPES or "." in name or arguments is None:
        return PROBES.get(name)
    positional = [*arguments.posonlyargs, *arguments.args]
    required = positional[: len(positional) - len(arguments.defaults)]
    tensors = [a for a in required if a.annotation and re.search(r"\b(Tensor|Operand)\b", ast.unparse(a.annotation))]
    if arguments.vararg:
        return f"ingot.{name}(x, x)"
    if tensors and len(tensors) < len(required):
        raise RuntimeError(f"{name}{signature(name)} takes more than tensors: say in PROBES how to call it")
    return f"ingot.{name}({', '.join('x' for _ in tensors)})" if tensors else None


def result_of(value):
    """The dtype of what a call gives, or a list of several."""
    if isinstance(value, (tuple, list)):
        return [result_of(item) for item in value]
    if not isinstance(value, ingot.Tensor):
        return "in place" if value is None else type(value).__name__
    return "quantized" if value.encoding is not None else value.dtype.name


def called(call, dtype):
    """What the call gives for one dtype, or None where it is not taken."""
    x = ingot.eye(32)
    names = {"ingot": ingot, "x32": x, "i": ingot.zeros(32, dtype=ingot.int64)}
    if dtype == "quantized":
        names["x"] = ingot.quantize(x, "Q8_0")
    else:
        x = x.astype(dtype)
        names.update(x=x, v=x[0], c=x[:, :3], d=dtype)
    try:
        return result_of(eval(call, names))
    except (TypeError, NotImplementedError, BufferError, ingot.InvalidArgumentError):
        return None
    except (ValueError, NameError) as error:  # of a quantized tensor there are no columns
        if dtype == "quantized":
            return None
        raise RuntimeError(f"{call} with {dtype}: {error}")


def dtypes(name):
    """Which are taken and what they give: "bool, int → int64; float → same"."""
    call = probe(name)
    if call is None:
        return ""
    given = {member: called(call, member) for members in GROUPS.values() for member in members}
    taken = {dtype: result for dtype, result in given.items() if result}
    for dtype, result in taken.items():
        if isinstance(result, list):
            follows = [all(other[i] == d for d, other in taken.items()) for i in range(len(result))]
            given[dtype] = ", ".join(dict.fromkeys("same" if f else r for f, r in zip(follows, result)))
    groups = {}
    for group, members in GROUPS.items():
        results = {given[member] for member in members}
        if results == set(members) and (len(members) > 1 or list(given.values()).count(members[0]) == 1):
            groups.setdefault("same", []).append(group)
        elif len(results) == 1:
            groups.setdefault(results.pop(), []).append(group)
        else:
            for member in members:
                groups.setdefault("same" if given[member] == member else given[member], []).append(member)
    groups.pop(None, None)
    if not groups:
        raise RuntimeError(f"{call} takes no dtype at all: say in PROBES how to call it")
    plain = [group for group in GROUPS if group != "quantized"]
    for result, labels in groups.items():
        if labels[: len(plain)] == plain:
            groups[result] = ["any", *labels[len(plain) :]]
    return "; ".join(f"{', '.join(labels)} → {result}" for result, labels in groups.items())


def escaped(text):
    return re.sub(r"<(?=\S)", "&lt;", text.replace("|", "\\|"))


def code(text):
    return f"`{text}`".replace("|", "\\|")


def table(head, rows):
    return ["", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"] + [f"| {' | '.join(row)} |" for row in rows]


def elementwise():
    """A table for each section of elementwise.def."""
    lines, rows = [], elementwise_table.rows()
    names = {row.name for row in rows}
    for section in dict.fromkeys(row.section for row in rows):
        title, _, note = section.partition(".")
        lines += ["", f"### {title}"] + ([f"\n{note.strip()}"] if note.strip() else [])
        cells = []
        for row in rows:
            if row.section != section:
                continue
            call = row.name + re.sub(r"(, /)?, \*, out=None", "", signature(row.name))
            gradient = ", ".join(map(code, row.gradients))
            if len(gradient) > 120 and f"{row.name}_backward" in names:
                gradient = code(f"{row.name}_backward(g, x)")
            cells.append([code(call), escaped(row.doc), gradient or "none", dtypes(row.name)])
        lines += table(["Operation", "Computes", "Gradient", "Dtypes"], cells)
    return lines


def operations(names):
    return table(["Operation", "Computes", "Dtypes"],
                 [[code(name + signature(name)), escaped(description(name)), dtypes(name)] for name in names])


def declared(header):
    """Names of the functions of a header."""
    return set(re.findall(r"^(?:inline )?[A-Za-z][\w:<>, ]* (\w+)\(", (HEADERS / header).read_text(), re.MULTILINE))


def members(owner):
    return [f"{owner}.{name}" for name in vars(getattr(ingot, owner)) if not name.startswith("_")]


def page():
    functions = [name for name in ingot.__all__ if callable(resolve(name)) and name not in CLASSES]
    dtype_names = [name for name in ingot.__all__ if isinstance(resolve(name), ingot.DType)]
    modules = [name for name in ingot.__all__ if inspect.ismodule(resolve(name))]
    constants = [name for name in ingot.__all__ if name not in functions + CLASSES + dtype_names + modules]
    extension = [f"linalg.{name}" for name in ingot.linalg.__all__
                 if name not in ingot.__all__ and not inspect.isclass(getattr(ingot.linalg, name))]
    generator = [name for name in members("Generator") if name.partition(".")[2] not in ingot.__all__]
    of_the_table = {row.name for row in elementwise_table.rows()}
    lines = [INTRODUCTION, f"\nThere are {len(functions) + len(extension)} functions, {len(of_the_table)} of them elementwise."]
    for title, header, more in FAMILIES:
        here = declared(header) | set(more)
        names = [name for name in functions if name in here and name not in of_the_table]
        names += {"Linear algebra": extension, "Random numbers": generator}.get(title, [])
        if not names:
            continue
        lines += [f"\n## {title}\n", f"C++: [`ingot/{header}`](../include/ingot/{header})"]
        if title == "Elementwise":
            lines += ["", ELEMENTWISE, *elementwise(), "", "### Others"]
        lines += operations(names)
        functions = [name for name in functions if name not in names]
    others = [name for name in functions if name not in of_the_table]
    if others:
        lines += ["\n## Of the Python package alone", *operations(others)]
    lines += ["\n## Methods and properties", "\nOf tensors, whose operators are the operations above, and of opened files. "
              "C++: [`ingot/tensor.h`](../include/ingot/tensor.h), [`ingot/checkpoint.h`](../include/ingot/checkpoint.h)"]
    lines += table(["Name", "Is"], [[code(name + signature(name)), escaped(description(name))]
                                    for name in members("Tensor") + members("Checkpoint")])
    lines += ["\n## Types", *table(["Name", "Is"], [[code(name), escaped(description(name))] for name in CLASSES])]
    for kind, names in (("Dtypes", dtype_names), ("Constants", constants)):
        lines += ["", f"{kind}: {', '.join(map(code, names))}."] if names else []
    lines += [f"\nModule {code(name)}: {escaped(description(name))}" for name in modules]
    return "\n".join(lines) + "\n"


INTRODUCTION = """# Operations

Every public name of the Python package, a table for each family. This page is written by `tools/operations.py`
(`./dev docs`) from the table of elementwise operations, the headers, and the package's signatures and docstrings; what
stands under *Dtypes* was measured by calling the operation with each one. The whole docstring, with errors and an
example, is `help(ingot.NAME)`; the C++ functions have the same names, and their pages are `./dev docs`.

All operations take tensors with any strides and of any size, also 0. *Dtypes* reads "taken → given": *int* are int8 to
int64, *uint* uint8 to uint64, *float* float16, bfloat16, float32 and float64, *packed* int4 and int2, *float8*
float8_e4m3fn and float8_e5m2, *any* all of these and bool, *quantized* tensors in block formats such as Q8_0; *same* is
the dtype taken. What is not named is refused with `ingot.DTypeError`. Where several tensors are taken their dtypes are
promoted; a Python number takes the tensors' dtype."""

ELEMENTWISE = """One row of [`elementwise.def`](../include/ingot/ops/elementwise.def) is an operation. Operands broadcast, are
positional, and every operation also takes `out=`, the tensor to write into. *Gradient*: of each operand, from g, the
gradient in the result; the operands are x, or a, b and c in their order."""

if __name__ == "__main__":
    PAGE.write_text(page())
