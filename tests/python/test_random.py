"""ingot.Generator: what Python adds; the numbers are tests/unit/random_test.cpp's business."""

import numpy as np
import pytest

import ingot


def test_numbers_depend_on_seed_and_position_alone():
    a, b = ingot.Generator(3), ingot.Generator(3)
    assert a.uniform((6, 4)).tolist() == b.uniform((4, 6)).view((6, 4)).tolist()
    assert (a.seed, a.offset) == (3, 6) and b.normal((3,)).tolist() == ingot.Generator(3, 6).normal((3,)).tolist()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_dtypes_and_parameters(dtype):
    g = ingot.Generator(1)
    u = np.asarray(g.uniform((50, 40), low=2, high=3, dtype=dtype).astype("float64"))
    assert u.min() >= 2 and u.max() <= 3 and abs(u.mean() - 2.5) < 0.05
    z = np.asarray(g.normal((50, 40), mean=-1, std=0.5, dtype=dtype).astype("float64"))
    assert abs(z.mean() + 1) < 0.06 and abs(z.std() - 0.5) < 0.06
    assert g.uniform((), dtype=dtype).dtype.name == dtype


def test_integers_flags_and_orders():
    g = ingot.Generator(2**64 - 1)
    assert set(g.randint(-2, 3, 1000, dtype="int8").tolist()) == {-2, -1, 0, 1, 2}
    assert 0 < sum(g.bernoulli(0.25, (1000,)).tolist()) < 500
    assert g.bernoulli(ingot.asarray([0.0, 1.0])).tolist() == [False, True]
    assert sorted(g.permutation(100).tolist()) == list(range(100)) != g.permutation(100).tolist()
    for wrong in (lambda: g.randint(1, 1, 2), lambda: g.bernoulli(2), lambda: g.uniform((1,), low=float("nan")),
                  lambda: g.randint(0, 300, 2, dtype="uint8"), lambda: g.normal((2,), std=-1)):
        with pytest.raises((ValueError, OverflowError)):
            wrong()
