"""What the array API standard (2024.12) asks of a package beside its operations: names, signatures, and what is told of
dtypes and devices. tests/array_api runs the standard's own tests."""

import cmath
import math
import pathlib
import sys

import ml_dtypes
import numpy as np
import pytest

import ingot

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "array_api"))
from signatures import signature  # noqa: E402

STANDARD = """
    __array_api_version__ __array_namespace_info__ e inf nan newaxis pi
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64
    arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril triu zeros
    zeros_like astype can_cast finfo iinfo isdtype result_type
    abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert bitwise_or
    bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1 floor floor_divide greater
    greater_equal hypot imag isfinite isinf isnan less less_equal log log1p log2 log10 logaddexp logical_and logical_not
    logical_or logical_xor maximum minimum multiply negative nextafter not_equal positive pow real reciprocal remainder
    round sign signbit sin sinh square sqrt subtract tan tanh trunc
    take take_along_axis matmul matrix_transpose tensordot vecdot
    broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll squeeze stack tile
    unstack argmax argmin count_nonzero nonzero searchsorted where unique_all unique_counts unique_inverse unique_values
    argsort sort cumulative_sum cumulative_prod max mean min prod std sum var all any diff linalg
""".split()
LINALG = """
    cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank matrix_transpose outer pinv
    qr slogdet solve svd svdvals tensordot trace vecdot vector_norm
""".split()
FUNCTIONS = {name: value for name, value in vars(ingot).items() if hasattr(value, "__nb_signature__")}
POSITIONAL = {name: [p.name for p in signature(f).parameters.values() if p.kind == p.POSITIONAL_ONLY]
              for name, f in FUNCTIONS.items()}
FLOATS = ["float16", "bfloat16", "float32", "float64"]
DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", *FLOATS]


def test_names():
    assert set(STANDARD) <= set(ingot.__all__) and all(hasattr(ingot, name) for name in ingot.__all__)
    assert set(LINALG) <= set(ingot.linalg.__all__)
    assert ingot.__array_api_version__ == "2024.12" and ingot.newaxis is None
    assert (ingot.e, ingot.pi, ingot.inf) == (math.e, math.pi, math.inf) and math.isnan(ingot.nan)


@pytest.mark.parametrize("name", [name for name, names in POSITIONAL.items() if names])
def test_positional_only(name):
    """Names before the "/" of a documented signature are no keywords."""
    required = [p.name for p in signature(FUNCTIONS[name]).parameters.values() if p.default is p.empty and p.kind != p.VAR_POSITIONAL]
    with pytest.raises(TypeError, match="incompatible function arguments"):
        FUNCTIONS[name](**{parameter: ingot.ones((2, 2)) for parameter in required})


def test_positional_only_is_seen():
    assert POSITIONAL["add"] == ["x1", "x2"] and POSITIONAL["reshape"] == ["x"] and POSITIONAL["zeros"] == []


@pytest.mark.parametrize("name", [*FLOATS, "float8_e4m3fn", "float8_e5m2"])
def test_finfo(name):
    dtype = np.dtype(getattr(ml_dtypes, name, name))
    expected, found = ml_dtypes.finfo(dtype), ingot.finfo(dtype)
    for field in ("bits", "eps", "max", "min", "smallest_normal"):
        assert getattr(found, field) == float(getattr(expected, field)), field
    assert found.dtype is ingot.zeros(1, dtype=dtype).dtype and ingot.finfo(ingot.zeros(1, dtype=dtype)) == found
    assert type(found.bits) is int and type(found.eps) is float


@pytest.mark.parametrize("name", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "int4", "int2"])
def test_iinfo(name):
    expected = ml_dtypes.iinfo(getattr(ml_dtypes, name, name))
    found = ingot.iinfo(name)
    assert found == (expected.bits, expected.max, expected.min, getattr(ingot, name))
    assert ingot.iinfo(ingot.zeros(1, dtype=name)) == found


@pytest.mark.parametrize("function, dtype", [(ingot.finfo, "int8"), (ingot.finfo, "bool"), (ingot.iinfo, "float32"), (ingot.iinfo, "bool")])
def test_limits_of_another_kind(function, dtype):
    with pytest.raises(TypeError, match="expected, found"):
        function(dtype)


@pytest.mark.parametrize("a", DTYPES[:-4] + ["float32", "float64"])
def test_promotion_is_numpys(a):
    """Within a kind, and for bool with any; mixed kinds give the float (docs of promote_types)."""
    for b in DTYPES[:-4] + ["float32", "float64"]:
        mixed = a.startswith("float") != b.startswith("float") and "bool" not in (a, b)
        expected = (a if a.startswith("float") else b) if mixed else np.result_type(a, b).name
        assert ingot.result_type(a, ingot.zeros(2, dtype=b)).name == expected
        assert ingot.can_cast(a, b) == ingot.can_cast(ingot.zeros(2, dtype=a), b) == (expected == b)


@pytest.mark.parametrize("values, expected", [
    ((True,), "bool"), ((3,), "int64"), ((2.0,), "float32"), ((1, 2.0), "float32"), (("int8", 300), "int8"),
    (("bool", 1), "int64"), (("uint8", True), "uint8"), (("float16", 1.5), "float16"), (("float16", ml_dtypes.bfloat16), "float32"),
    (("int32", 1.5), "float32"), ((np.float64, 2), "float64"), ((np.zeros(2, "int16"), "uint8"), "int16"),
])
def test_result_type(values, expected):
    assert ingot.result_type(*values).name == expected
    assert ingot.result_type(*reversed(values)).name == expected


@pytest.mark.parametrize("values, error, text", [
    ((), ValueError, "one or more"), (("int4", "int8"), TypeError, "no common dtype"), (("float31",), TypeError, "dtype"), (([1],), TypeError, "dtype"),
])
def test_no_result_type(values, error, text):
    with pytest.raises(error, match=text):
        ingot.result_type(*values)


def test_dtypes_that_only_are_kept_cast_to_themselves():
    assert ingot.can_cast("int4", "int4") and not ingot.can_cast("int4", "int8") and not ingot.can_cast("float8_e5m2", "float32")


@pytest.mark.parametrize("kind", ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric"])
def test_isdtype(kind):
    for name in DTYPES:
        if name != "bfloat16":
            assert ingot.isdtype(name, kind) is bool(np.isdtype(np.dtype(name), kind)), name


def test_isdtype_of_several():
    assert ingot.isdtype(ingot.int8, ("bool", ingot.int8)) and not ingot.isdtype(ingot.int8, ("bool", ingot.int16))
    assert ingot.isdtype(dtype=ingot.int8, kind=np.int8) and not ingot.isdtype(ingot.int8, ())
    for wrong in ("floating", ("bool", "floating")):
        with pytest.raises(ValueError, match="floating"):
            ingot.isdtype(ingot.bool, wrong)


def test_namespace_info():
    info = ingot.zeros(1).__array_namespace__().__array_namespace_info__()
    assert info.default_device() == info.devices()[0] == ingot.zeros(1).device
    assert info.default_dtypes(device="cpu") == {"real floating": ingot.zeros(1).dtype, "integral": ingot.arange(1).dtype,
                                                 "indexing": ingot.argmax(ingot.zeros(1)).dtype}
    assert set(info.dtypes()) == set(DTYPES) - {"float16", "bfloat16"} and info.dtypes()["bool"] is ingot.bool
    assert info.dtypes(kind="integral").keys() == info.dtypes(kind=("signed integer", "unsigned integer")).keys()
    assert info.dtypes(kind="complex floating") == {}
    limit = info.capabilities()["max dimensions"]
    assert ingot.zeros((1,) * limit).ndim == limit
    with pytest.raises(ValueError):
        ingot.zeros((1,) * (limit + 1))
    for wrong in (lambda: info.dtypes(kind="integer"), lambda: info.dtypes(device="tpu"), lambda: info.default_dtypes(device="tpu")):
        with pytest.raises(ValueError):
            wrong()


def test_results_of_several_tensors():
    assert isinstance(ingot.unstack(ingot.zeros((2, 3))), tuple)
    assert isinstance(ingot.meshgrid(ingot.arange(2)), list) and isinstance(ingot.broadcast_arrays(ingot.arange(2)), list)


def test_complex_parts():
    x = ingot.asarray([[1.5, -2.0]], dtype="float64")
    assert ingot.real(x).tolist() == ingot.conj(x).tolist() == x.tolist()
    assert ingot.imag(x).tolist() == [[0, 0]] and ingot.imag(x).dtype is x.dtype
    for function in (ingot.real, ingot.imag, ingot.conj):
        with pytest.raises(TypeError, match=function.__name__):
            function(ingot.asarray([True]))
    assert complex(ingot.asarray(2)) == 2 + 0j and complex(ingot.asarray(True)) == 1 + 0j
    assert complex(ingot.asarray(-math.inf)) == complex(-math.inf, 0)
    found = complex(ingot.asarray(math.nan))
    assert cmath.isnan(found) and math.isnan(found.imag)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", "sign cos cosh exp exp2 sin tan sinh tanh asin atan asinh atanh expm1 log1p sqrt".split())
def test_values_at_zero_are_exact(name, dtype):
    found = [float(v) for v in getattr(ingot, name)(ingot.asarray([0.0, -0.0] * 20, dtype=dtype)).tolist()]
    expected = getattr(np, name)(np.array([0.0, -0.0] * 20)).tolist()
    assert [(v, math.copysign(1, v)) for v in found] == [(v, math.copysign(1, v)) for v in expected]
