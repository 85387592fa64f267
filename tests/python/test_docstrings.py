"""Every public function and method of the package says what it does with an example, and the examples run."""

import doctest
import inspect

import pytest

import ingot


def is_function(value):
    return callable(value) and not inspect.isclass(value)


def public(owner):
    return {name: getattr(owner, name) for name in dir(owner) if not name.startswith("_")}


CLASSES = {name: value for name, value in public(ingot).items() if inspect.isclass(value)}
EXCEPTIONS = {name for name, value in CLASSES.items() if issubclass(value, Exception)}
FUNCTIONS = {name: value for name, value in public(ingot).items() if is_function(value)}
METHODS = {f"{cls}.{name}": value for cls in CLASSES.keys() - EXCEPTIONS for name, value in public(CLASSES[cls]).items()}
# Views of a mapping need no examples of their own.
PLAIN = {"Checkpoint.keys", "Checkpoint.values", "Checkpoint.items"}
DOCUMENTED = {**FUNCTIONS, **{n: m for n, m in METHODS.items() if is_function(m) and n not in PLAIN},
              **{name: CLASSES[name] for name in (CLASSES.keys() - EXCEPTIONS) | {"Error"}}}


def test_the_package_is_seen():
    assert {"asarray", "open", "Tensor", "Tensor.slice", "Tensor.astype", "Error"} <= DOCUMENTED.keys()


@pytest.mark.parametrize("name", sorted({**DOCUMENTED, **METHODS}))
def test_has_a_docstring(name):
    assert ({**DOCUMENTED, **METHODS}[name].__doc__ or "").strip(), f"ingot.{name} has no docstring"


@pytest.mark.parametrize("name", sorted(DOCUMENTED) + ["__init__"])
def test_example_runs(name):
    text = ingot.__doc__ if name == "__init__" else DOCUMENTED[name].__doc__
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, None)
    assert example.examples, f"ingot.{name} has no example"
    said = []
    doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert not said, "".join(said)
