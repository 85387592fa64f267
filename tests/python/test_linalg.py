"""Linear algebra against NumPy: products of integers exactly, of floats within γ_k Σ|a·b| (Higham 2002, 3.5).

Decompositions are held to backward errors, computed here in float64: c·m·n·u·‖A‖ with the "small constant" c = 8 (19.4),
and what LU adds to it in growth (9.3). u is the unit roundoff of the dtype.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingot

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float32", "float64"]
SIZES = st.integers(0, 6)
SEEDS = st.integers(0, 2**32 - 1)
SEVERAL = settings(max_examples=60, deadline=None)


def unit(dtype):
    return np.finfo(dtype).eps / 2


def integers(seed, shape, dtype):
    info = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(info.min, info.max, shape, dtype, endpoint=True)


def normal(seed, shape, dtype):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def numpy(x):
    return np.asarray(x)


def backward(x):
    """c·m·n·u·‖A‖ of each matrix."""
    m, n = x.shape[-2:]
    return 8 * max(m * n, 1) * unit(x.dtype) * np.linalg.norm(x.astype(np.float64), axis=(-2, -1))


def assert_small(rest, limit):
    assert np.all(np.linalg.norm(rest, axis=(-2, -1)) <= limit)


def t(x):
    return np.swapaxes(x, -1, -2)


# --- products ---------------------------------------------------------------------------------------------------------


@SEVERAL
@given(SEEDS, st.sampled_from(INTEGERS), SIZES, SIZES, SIZES, st.sampled_from([(), (2,), (3, 1)]))
def test_matmul_of_integers(seed, dtype, m, k, n, batch):
    a, b = integers(seed, (*batch, m, k), dtype), integers(seed + 1, (2, k, n) if batch else (k, n), dtype)
    found = numpy(ingot.matmul(ingot.asarray(a), ingot.asarray(b)))
    wide = np.int32 if dtype == "int8" else dtype
    assert found.dtype == wide
    assert np.array_equal(found, np.matmul(a.astype(wide), b.astype(wide)))


@SEVERAL
@given(SEEDS, st.sampled_from(FLOATS), SIZES, SIZES, SIZES)
def test_matmul_of_floats(seed, dtype, m, k, n):
    a, b = normal(seed, (m, k), dtype), normal(seed + 1, (k, n), dtype)
    found = numpy(ingot.matmul(ingot.asarray(a), ingot.asarray(b)))
    size = np.abs(a).astype(np.float64) @ np.abs(b).astype(np.float64)
    assert np.all(np.abs(found - a.astype(np.float64) @ b.astype(np.float64)) <= 2 * (k + 1) * unit(dtype) * size)


@SEVERAL
@given(SEEDS, SIZES, SIZES)
def test_matmul_of_bools_is_any(seed, m, n):
    a, b = integers(seed, (m, 3), "int8") > 50, integers(seed + 1, (3, n), "int8") > 50
    assert np.array_equal(numpy(ingot.matmul(ingot.asarray(a), ingot.asarray(b))), a @ b)


@st.composite
def subscripts(draw):
    """Operands of int64 and subscripts for them, in NumPy's notation."""
    sizes = {letter: draw(st.integers(1, 4)) for letter in "abcdE"}
    terms, shapes = [], []
    for _ in range(draw(st.integers(1, 3))):
        letters = draw(st.lists(st.sampled_from("abcdE"), max_size=3))
        rest = draw(st.sampled_from([(), (2,), (3, 2)]))
        dots = bool(rest) or draw(st.booleans())
        at = draw(st.integers(0, len(letters)))
        terms.append("".join(letters[:at]) + ("..." if dots else "") + "".join(letters[at:]))
        shapes.append((*[sizes[c] for c in letters[:at]], *rest, *[sizes[c] for c in letters[at:]]))
    text = ",".join(terms)
    if draw(st.booleans()):
        present = sorted(set(text) - set(".,"))
        chosen = draw(st.permutations(present))[: draw(st.integers(0, len(present)))]
        text += "->" + ("..." if "..." in text else "") + "".join(chosen)
    seed = draw(SEEDS)
    return text, [np.random.default_rng(seed + i).integers(-9, 9, shape) for i, shape in enumerate(shapes)]


@settings(max_examples=150, deadline=None)
@given(subscripts())
def test_einsum(case):
    text, operands = case
    found = numpy(ingot.einsum(text, *map(ingot.asarray, operands)))
    assert np.array_equal(found, np.einsum(text, *operands)), text


def test_einsum_contracts_large_operands_by_matmul():
    a, b, c = (normal(i, shape, "float64") for i, shape in enumerate([(3, 40, 50), (3, 50, 60), (60, 7)]))
    found = numpy(ingot.einsum("bij,bjk,kl->bil", *map(ingot.asarray, (a, b, c))))
    size = np.abs(a) @ np.abs(b) @ np.abs(c)
    assert np.all(np.abs(found - a @ b @ c) <= 2 * (50 + 60 + 2) * unit("float64") * size)


@SEVERAL
@given(SEEDS, st.lists(st.integers(1, 4), min_size=4, max_size=4), st.integers(0, 3))
def test_tensordot(seed, sizes, axes):
    rng = np.random.default_rng(seed)
    a = rng.integers(-9, 9, sizes)
    b = rng.integers(-9, 9, sizes[4 - axes :] + sizes[: 4 - axes][::-1])
    x, y = ingot.asarray(a), ingot.asarray(b)
    assert np.array_equal(numpy(ingot.tensordot(x, y, axes=axes)), np.tensordot(a, b, axes))
    pairs = ([0, -1], [0, 3])
    z = rng.integers(-9, 9, (sizes[0], 2, 3, sizes[3]))
    assert np.array_equal(numpy(ingot.tensordot(x, ingot.asarray(z), axes=pairs)), np.tensordot(a, z, pairs))


@SEVERAL
@given(SEEDS, st.integers(-3, -1), st.integers(-5, 5))
def test_small_products(seed, axis, offset):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(-9, 9, (3, 3, 3)), rng.integers(-9, 9, (3, 3, 3))
    x, y = ingot.asarray(a), ingot.asarray(b)
    assert np.array_equal(numpy(ingot.vecdot(x, y, axis=axis)), np.vecdot(a, b, axis=axis))
    assert np.array_equal(numpy(ingot.cross(x, y, axis=axis)), np.cross(a, b, axis=axis))
    assert np.array_equal(numpy(ingot.dot(x, y)), np.dot(a, b))
    assert np.array_equal(numpy(ingot.outer(x[0, 0], y[1, 1])), np.outer(a[0, 0], b[1, 1]))
    assert np.array_equal(numpy(ingot.matrix_transpose(x)), t(a))
    assert np.array_equal(numpy(ingot.matrix_power(x, 3)), np.linalg.matrix_power(a, 3))
    for axis1, axis2 in [(0, 1), (1, 0), (-1, 0)]:
        found = ingot.diagonal(x, offset=offset, axis1=axis1, axis2=axis2)
        assert np.array_equal(numpy(found), np.diagonal(a, offset, axis1, axis2))
        found = ingot.trace(x, offset=offset, axis1=axis1, axis2=axis2)
        assert np.array_equal(numpy(found), np.trace(a, offset, axis1, axis2))


# --- decompositions ---------------------------------------------------------------------------------------------------

BATCHES = st.sampled_from([(), (0,), (3,), (2, 2)])
MATRICES = st.tuples(SEEDS, st.sampled_from(FLOATS), BATCHES, SIZES, SIZES)


@SEVERAL
@given(MATRICES, st.booleans())
def test_qr(case, complete):
    seed, dtype, batch, m, n = case
    a = normal(seed, (*batch, m, n), dtype)
    q, r = map(numpy, ingot.linalg.qr(ingot.asarray(a), mode="complete" if complete else "reduced"))
    k = m if complete else min(m, n)
    assert q.shape == (*batch, m, k) and r.shape == (*batch, k, n) and q.dtype == r.dtype == a.dtype
    wide = q.astype(np.float64)
    assert_small(wide @ r - a, backward(a))
    assert_small(t(wide) @ wide - np.eye(k), 8 * max(m * max(n, 1), 1) * unit(dtype) * max(k, 1) ** 0.5)
    assert np.array_equal(r, np.triu(r))


@SEVERAL
@given(MATRICES, st.booleans())
def test_svd(case, full):
    seed, dtype, batch, m, n = case
    a = normal(seed, (*batch, m, n), dtype)
    u, s, vh = map(numpy, ingot.linalg.svd(ingot.asarray(a), full_matrices=full))
    k = min(m, n)
    assert u.shape == (*batch, m, m if full else k) and s.shape == (*batch, k)
    assert vh.shape == (*batch, n if full else k, n)
    assert_small((u[..., :k].astype(np.float64) * s[..., None, :]) @ vh[..., :k, :] - a, backward(a))
    exact = np.linalg.svd(a.astype(np.float64), compute_uv=False)
    for found in (s, numpy(ingot.linalg.svdvals(ingot.asarray(a)))):
        assert np.all(np.abs(found - exact) <= backward(a)[..., None])


@SEVERAL
@given(MATRICES)
def test_eigh(case):
    seed, dtype, batch, n, _ = case
    a = normal(seed, (*batch, n, n), dtype)
    symmetric = np.tril(a) + t(np.tril(a, -1))
    w, v = map(numpy, ingot.linalg.eigh(ingot.asarray(a)))  # which reads the lower triangle
    assert_small(symmetric.astype(np.float64) @ v - v.astype(np.float64) * w[..., None, :], backward(symmetric))
    exact = np.linalg.eigvalsh(symmetric.astype(np.float64))
    for found in (w, numpy(ingot.linalg.eigvalsh(ingot.asarray(a)))):
        assert np.all(np.abs(found - exact) <= backward(symmetric)[..., None])


@SEVERAL
@given(MATRICES, st.booleans())
def test_cholesky(case, upper):
    seed, dtype, batch, n, _ = case
    g = normal(seed, (*batch, n, n), dtype)
    a = (g @ t(g) + np.eye(n)).astype(dtype)
    a = np.tril(a) + t(np.tril(a, -1))
    factor = numpy(ingot.linalg.cholesky(ingot.asarray(a), upper=upper)).astype(np.float64)
    assert np.array_equal(factor, np.triu(factor) if upper else np.tril(factor))
    assert_small((t(factor) @ factor if upper else factor @ t(factor)) - a, backward(a))


@SEVERAL
@given(MATRICES)
def test_solve_inv_det(case):
    seed, dtype, batch, n, k = case
    a, b = normal(seed, (*batch, n, n), dtype), normal(seed + 1, (n, k), dtype)
    x = ingot.asarray(a)
    growth = 3 * max(n, 1) ** 2.7 * unit(dtype) * np.abs(a).max(initial=0)  # 3n·u · n·n^⅔·max|a|
    for right, found in [(b, ingot.solve(x, ingot.asarray(b))), (np.eye(n), ingot.linalg.inv(x))]:
        found = numpy(found).astype(np.float64)
        size = np.abs(found).sum(axis=-2, keepdims=True)
        assert np.all(np.abs(a @ found - right) <= (growth + 1e-14) * size + 1e-14)
    wide = a.astype(np.float64)
    exact_sign, exact = np.linalg.slogdet(wide)
    relative = n * growth * (np.linalg.norm(np.linalg.inv(wide), axis=(-2, -1)) if n else 0) + (n + 2) * unit(dtype)
    sign, logarithm = map(numpy, ingot.linalg.slogdet(x))
    certain = relative < 0.1
    assert np.all((sign == exact_sign) | ~certain)
    assert np.all((np.abs(logarithm - exact) <= 1.1 * relative + (n + 2) * unit(dtype) * np.abs(exact)) | ~certain)
    exact = np.linalg.det(wide)
    assert np.all((np.abs(numpy(ingot.linalg.det(x)) - exact) <= (1.1 * relative + 1e-13) * np.abs(exact)) | ~certain)


@SEVERAL
@given(SEEDS, st.integers(1, 6), st.integers(1, 6), st.integers(0, 6))
def test_rank_pinv_lstsq(seed, m, n, rank):
    rank = min(rank, m, n)
    a = normal(seed, (m, rank), "float64") @ normal(seed + 1, (rank, n), "float64")
    b = normal(seed + 2, (m, 2), "float64")
    x = ingot.asarray(a)
    s = np.linalg.svd(a, compute_uv=False)
    if rank and s[rank - 1] < 1e-3 * s[0]:
        return  # the rank is a matter of opinion
    assert ingot.linalg.matrix_rank(x).item() == rank
    exact = np.linalg.pinv(a, rcond=1e-10)
    # Wedin 1973: ‖Ã⁺ − A⁺‖ ≤ 2 ‖A⁺‖² ‖E‖; three products more round as much again.
    error = backward(a)
    limit = 8 * np.linalg.norm(exact) ** 2 * error + 1e-14
    assert np.linalg.norm(numpy(ingot.linalg.pinv(x, rtol=1e-10)) - exact) <= limit
    found = ingot.linalg.lstsq(x, ingot.asarray(b), rtol=1e-10)
    assert np.linalg.norm(numpy(found.solution) - exact @ b) <= limit * np.linalg.norm(b)
    rest = np.linalg.norm(a @ exact @ b - b, axis=0) ** 2
    change = limit * np.linalg.norm(b) * (np.linalg.norm(a) + 1)
    assert np.all(np.abs(numpy(found.residuals) - rest) <= 3 * change * (np.linalg.norm(b) + 1))
    assert found.rank.item() == rank and found.singular_values.shape == (min(m, n),)


@SEVERAL
@given(SEEDS, st.integers(1, 5), st.integers(1, 5), st.sampled_from([(), (2,), (3, 1), (3, 2)]), st.sampled_from(FLOATS))
def test_a_cutoff_for_each_matrix(seed, m, n, shape, dtype):
    a = normal(seed, (3, 2, m, n), "float64")
    rtol = np.random.default_rng(seed).choice([1e-3, 0.5, 0.9], shape).astype(dtype)
    each = np.broadcast_to(rtol.astype(np.float64), (3, 2))
    s = np.linalg.svd(a, compute_uv=False)
    if np.any(np.abs(s - each[..., None] * s[..., :1]) < 1e-3 * s[..., :1]):
        return  # at the cutoff
    x, cutoff = ingot.asarray(a), ingot.asarray(rtol)
    assert numpy(ingot.matrix_rank(x, rtol=cutoff)).tolist() == np.linalg.matrix_rank(a, rtol=each).tolist()
    exact = np.linalg.pinv(a, rtol=each)
    # Wedin 1972: the space of the values kept turns by ‖E‖ / gap; what is kept changes as in test_rank_pinv_lstsq.
    size = np.linalg.norm(exact, axis=(-2, -1))
    assert_small(numpy(ingot.pinv(x, rtol=cutoff)) - exact, 8 * size * backward(a) * (1 / (2e-3 * s[..., 0]) + size))


def test_a_cutoff_that_does_not_fit():
    x = ingot.ones((2, 3, 3))
    for function in (ingot.pinv, ingot.matrix_rank):
        for wrong in (ingot.ones(3), ingot.ones((4, 2))):
            with pytest.raises(ValueError, match=function.__name__):
                function(x, rtol=wrong)
        with pytest.raises(TypeError, match=function.__name__):
            function(x, rtol=ingot.asarray([1, 1]))


@SEVERAL
@given(SEEDS, st.sampled_from(FLOATS), st.integers(1, 6), st.integers(1, 6), st.booleans())
def test_matrix_norm(seed, dtype, m, n, keepdims):
    a = normal(seed, (2, m, n), dtype)
    for ord in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
        found = numpy(ingot.linalg.matrix_norm(ingot.asarray(a), ord=ord, keepdims=keepdims))
        exact = np.linalg.matrix_norm(a.astype(np.float64), ord=ord, keepdims=keepdims)
        limit = (min(m, n) + 1) * backward(a).max()  # of each singular value; sums of magnitudes are closer
        assert found.shape == exact.shape and found.dtype == dtype and np.all(np.abs(found - exact) <= limit)
    with pytest.raises(ValueError, match="'fro', 'nuc', 1, -1, 2, -2, inf or -inf, found 3"):
        ingot.linalg.matrix_norm(ingot.asarray(a), ord=3)


@SEVERAL
@given(SEEDS, st.integers(0, 2), st.integers(0, 1))
def test_errors_name_the_matrix(seed, i, j):
    a = normal(seed, (3, 2, 4, 4), "float32") + 20 * np.eye(4, dtype="float32")
    a[i, j, 1] = 0
    for function in (ingot.linalg.inv, lambda x: ingot.linalg.solve(x, x)):
        with pytest.raises(ValueError, match=rf"matrix \({i}, {j}\) of f32 \(3, 2, 4, 4\) is singular"):
            function(ingot.asarray(a))
    a[i, j, 1, 1] = -1
    with pytest.raises(ValueError, match=rf"matrix \({i}, {j}\) .* not positive definite"):
        ingot.linalg.cholesky(ingot.asarray(a))
    a[i, j, 3, 0] = np.inf
    for function in (ingot.linalg.svd, ingot.linalg.eigh):
        with pytest.raises(ValueError, match=rf"matrix \({i}, {j}\) .* NaN or infinity"):
            function(ingot.asarray(a))


def test_namespace_has_the_array_apis_names():
    names = {"cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm", "matrix_power",
             "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot", "trace",
             "vecdot", "vector_norm"}
    assert names <= set(ingot.linalg.__all__) and all(getattr(ingot.linalg, name) for name in ingot.linalg.__all__)
    assert ingot.linalg.svd(ingot.asarray([[1.0]]))._fields == ("U", "S", "Vh")
