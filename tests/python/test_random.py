"""Random numbers, as methods of ingot.Generator and as functions, against Philox and its distributions written out here."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingot

SEVERAL = settings(max_examples=60, deadline=None)
WORDS = st.integers(0, 2**64 - 1)
SHAPES = st.lists(st.integers(0, 5), max_size=3).map(tuple)
# Bits of a uniform number, which are also the dtype's precision.
BITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
BOUNDS = st.floats(-1000, 1000, width=32)


def philox(seed, block, attempt=0):
    """Philox4x32-10 (Salmon et al. 2011): four words of 32 bits."""
    mask = 2**32 - 1
    c, key = [block & mask, block >> 32 & mask, attempt, 0], [seed & mask, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [b >> 32 ^ c[1] ^ key[0], b & mask, a >> 32 ^ c[3] ^ key[1], a & mask]
        key = [key[0] + 0x9E3779B9 & mask, key[1] + 0xBB67AE85 & mask]
    return c


def word32(seed, offset, i):
    return philox(seed, offset + i // 4)[i % 4]


def word64(seed, offset, i, attempt=0):
    words = philox(seed, offset + i // 2, attempt)
    return words[i % 2 * 2 + 1] << 32 | words[i % 2 * 2]


def uniform(seed, offset, n, bits):
    words = [word64(seed, offset, i) >> 11 if bits == 53 else word32(seed, offset, i) >> 32 - bits for i in range(n)]
    return np.array(words, np.float64) / 2.0**bits


def normal(seed, offset, n, wide):
    """Box and Muller 1958: a pair of words, a pair of numbers."""
    numbers = []
    for pair in range((n + 1) // 2):
        if wide:
            u = [word64(seed, offset, 2 * pair + k) >> 11 for k in range(2)]
            u1, u2 = (u[0] + 1) / 2**53, u[1] / 2**53
        else:
            u1, u2 = (word32(seed, offset, 2 * pair) + 1) / 2**32, word32(seed, offset, 2 * pair + 1) / 2**32
        radius = math.sqrt(-2 * math.log(u1))
        numbers += [radius * math.cos(2 * math.pi * u2), radius * math.sin(2 * math.pi * u2)]
    return np.array(numbers[:n])


def below(seed, offset, i, limit):
    """Lemire 2019: the upper half of a product, drawn again where the lower one is among the 2⁶⁴ mod limit too many."""
    attempt = 0
    while True:
        product = word64(seed, offset, i, attempt) * limit
        if product % 2**64 >= 2**64 % limit:
            return product >> 64
        attempt += 1


def drawn(name, seed, offset, *arguments, **options):
    """The numbers of the method, of which the function must give the same, and how many blocks they took."""
    one, other = ingot.Generator(seed, offset), ingot.Generator(seed, offset)
    found, again = getattr(one, name)(*arguments, **options), getattr(ingot, name)(other, *arguments, **options)
    assert found.dtype is again.dtype and found.shape == again.shape and found.tolist() == again.tolist()
    assert one.offset == other.offset
    return found, one.offset - offset


def assert_near(found, exact, shape, dtype, error):
    """`error` in float64, and one rounding to the dtype."""
    assert found.shape == shape and found.dtype.name == dtype
    values, exact = np.asarray(found.astype("float64")), exact.reshape(shape)
    assert np.all(np.abs(values - exact) <= error + 2.0 ** -BITS[dtype] * np.abs(exact) + 2.0**-25)


def test_philox_is_the_published_one():
    assert philox(0, 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]  # Random123, kat_vectors


@SEVERAL
@given(WORDS, st.integers(0, 2**40), SHAPES, BOUNDS, BOUNDS, st.sampled_from(list(BITS)))
def test_uniform(seed, offset, shape, a, b, dtype):
    n, low, high = math.prod(shape), min(a, b), max(a, b)
    found, blocks = drawn("uniform", seed, offset, shape, low=low, high=high, dtype=dtype)
    u = uniform(seed, offset, n, BITS[dtype])
    assert_near(found, low + (high - low) * u, shape, dtype, 2.0**-52 * (abs(low) + abs(high)))
    assert blocks == -(-n // (2 if dtype == "float64" else 4))
    assert drawn("uniform", seed, offset, shape, dtype=dtype)[0].tolist() == u.reshape(shape).tolist()


@SEVERAL
@given(WORDS, st.integers(0, 2**40), SHAPES, BOUNDS, st.floats(0, 1000), st.sampled_from(list(BITS)))
def test_normal(seed, offset, shape, mean, std, dtype):
    found, _ = drawn("normal", seed, offset, shape, mean=mean, std=std, dtype=dtype)
    z = normal(seed, offset, math.prod(shape), dtype == "float64")
    # |z| < 9; its functions are within some units of the last place, the angle within 2π of one.
    assert_near(found, mean + std * z, shape, dtype, 2.0**-52 * (abs(mean) + 64 * std))


@SEVERAL
@given(WORDS, st.integers(0, 2**40), SHAPES, st.data())
def test_randint(seed, offset, shape, data):
    dtype = data.draw(st.sampled_from(["int8", "uint8", "int32", "uint32", "int64"]))
    info = np.iinfo(dtype)
    low = data.draw(st.integers(info.min, info.max - 1))
    high = data.draw(st.integers(low + 1, min(info.max + 1, 2**63 - 1)))
    found, _ = drawn("randint", seed, offset, low, high, shape, dtype=dtype)
    expected = [low + below(seed, offset, i, high - low) for i in range(math.prod(shape))]
    assert found.dtype.name == dtype and found.tolist() == np.array(expected, dtype).reshape(shape).tolist()


@SEVERAL
@given(WORDS, st.integers(0, 2**40), SHAPES, st.floats(0, 1))
def test_bernoulli(seed, offset, shape, p):
    expected = (uniform(seed, offset, math.prod(shape), 53) < p).reshape(shape).tolist()
    assert drawn("bernoulli", seed, offset, p, shape)[0].tolist() == expected
    assert drawn("bernoulli", seed, offset, ingot.full(shape, p, dtype="float64"))[0].tolist() == expected


@SEVERAL
@given(WORDS, st.integers(0, 2**40), st.integers(0, 40))
def test_permutation(seed, offset, n):
    order = []
    for i in range(n):  # Fisher and Yates, inside out
        place = below(seed, offset, i, i + 1)
        order.append(i)
        order[place], order[i] = i, order[place]
    assert drawn("permutation", seed, offset, n)[0].tolist() == order


def test_numbers_depend_on_seed_and_position_alone():
    a, b = ingot.Generator(3), ingot.Generator(3)
    assert a.uniform((6, 4)).tolist() == b.uniform((4, 6)).view((6, 4)).tolist()
    assert (a.seed, a.offset) == (3, 6) and b.normal((3,)).tolist() == ingot.Generator(3, 6).normal((3,)).tolist()


@pytest.mark.parametrize("dtype", list(BITS))
def test_distributions(dtype):
    g = ingot.Generator(1)
    u = np.asarray(g.uniform((50, 40), low=2, high=3, dtype=dtype).astype("float64"))
    assert u.min() >= 2 and u.max() <= 3 and abs(u.mean() - 2.5) < 0.05
    z = np.asarray(g.normal((50, 40), mean=-1, std=0.5, dtype=dtype).astype("float64"))
    assert abs(z.mean() + 1) < 0.06 and abs(z.std() - 0.5) < 0.06


def test_errors():
    g = ingot.Generator(2**64 - 1)
    for wrong in (lambda: g.randint(1, 1, 2), lambda: g.bernoulli(2), lambda: g.uniform((1,), low=float("nan")),
                  lambda: g.randint(0, 300, 2, dtype="uint8"), lambda: g.normal((2,), std=-1), lambda: g.permutation(-1),
                  lambda: ingot.bernoulli(g, ingot.asarray([0.5, 1.5]))):
        with pytest.raises((ValueError, OverflowError)):
            wrong()
    assert g.offset == 0
    with pytest.raises(TypeError):
        ingot.uniform((2,))
