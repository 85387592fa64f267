"""Lets data-apis/array-api-tests run on `ingot`: what the suite takes for granted and the package has not.

- Complex dtypes: `dtype_helpers` takes the widest with `max` of a list that is then empty, and looks up its name when
  signatures are collected. So `max` of nothing gives a stand-in while that module is imported, which no test draws.
- Tensors of more than eight dimensions, which `reshape_shapes` and the operands of `tensordot` ask for whatever
  `capabilities()` says.
- Special cases of |x1| < 1 that are drawn from all numbers below 1.
- Functions that `inspect.signature` can read: unread, the suite calls a function with examples or skips it.
"""

import builtins
import os
from unittest import mock

import pytest

import signatures

os.environ["ARRAY_API_TESTS_MODULE"] = "ingot"
os.environ["ARRAY_API_TESTS_SKIP_DTYPES"] = "complex64,complex128"


class NoComplexDType:
    """Stands for complex128 where the suite cannot do without one."""


def max_or_stand_in(values, *others, max=max, **options):
    return max(values, *others, **options) if others or values else (NoComplexDType, 128)


with mock.patch.object(builtins, "max", max_or_stand_in):
    from array_api_tests import dtype_helpers

dtype_helpers.dtype_to_name = dtype_helpers.EqualityMapping(
    [*dtype_helpers.dtype_to_name.items(), (NoComplexDType, "complex128")])

from array_api_tests import hypothesis_helpers, test_linalg, test_signatures, test_special_cases, xp  # noqa: E402
from hypothesis import assume, strategies  # noqa: E402

MAX_DIMENSIONS = xp.__array_namespace_info__().capabilities()["max dimensions"]


def reshape_shapes(shape, reshape_shapes=hypothesis_helpers.reshape_shapes):
    return reshape_shapes(shape, ndims=strategies.integers(1, MAX_DIMENSIONS))


def run_tensordot(namespace, x1, x2, kw, run_tensordot=test_linalg._test_tensordot):
    axes = kw.get("axes", 2)
    assume(x1.ndim + x2.ndim - 2 * (axes if isinstance(axes, int) else len(axes[0])) <= MAX_DIMENSIONS)
    run_tensordot(namespace, x1, x2, kw)


hypothesis_helpers.reshape_shapes = reshape_shapes
test_linalg._test_tensordot = run_tensordot
test_signatures.signature = signatures.signature


BELOW_ONE = test_special_cases.BoundFromDtype(
    kwargs={"min_value": -1, "max_value": 1, "exclude_min": True, "exclude_max": True})


def pytest_collection_modifyitems(items):
    """Skips the special cases of complex numbers, which have no names that a list could hold, and mends others."""
    for item in items:
        case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
        if getattr(case, "is_complex", False):
            item.add_marker(pytest.mark.skip(reason="complex numbers"))
        if getattr(case, "cond_expr", "").startswith("abs(x1_i) < 1 "):
            case.x1_cond_from_dtype = BELOW_ONE
