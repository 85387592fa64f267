"""What inspect.signature cannot read of the package's functions, out of what nanobind tells of them."""

import ast
import inspect
import re

Parameter = inspect.Parameter


def of_nanobind(function):
    """The signature that a function of the extension documents; a bound method's without self."""
    (text, _, defaults), *overloads = function.__nb_signature__
    assert not overloads, function
    # Defaults that were not written out stand apart, as \0, \1 …
    text = re.sub(r"\\=?(\d+)", lambda match: repr(defaults[int(match[1])]), text)
    arguments = ast.parse(text + ": ...").body[0].args
    named = arguments.posonlyargs + arguments.args
    values = [Parameter.empty] * (len(named) - len(arguments.defaults)) + [ast.unparse(d) for d in arguments.defaults]
    kinds = [Parameter.POSITIONAL_ONLY] * len(arguments.posonlyargs) + [Parameter.POSITIONAL_OR_KEYWORD] * len(arguments.args)
    parameters = [Parameter(a.arg, kind, default=value) for a, kind, value in zip(named, kinds, values)]
    if arguments.vararg:
        parameters.append(Parameter(arguments.vararg.arg, Parameter.VAR_POSITIONAL))
    parameters += [Parameter(a.arg, Parameter.KEYWORD_ONLY, default=ast.unparse(d) if d else Parameter.empty)
                   for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults)]
    return inspect.Signature(parameters[1:] if hasattr(function, "__self__") else parameters)


def signature(function):
    """inspect.signature of any function."""
    return of_nanobind(function) if hasattr(function, "__nb_signature__") else inspect.signature(function)
