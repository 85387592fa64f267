"""The programs of examples/ run, and what they print is what NumPy says."""

import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import RELEASE

import ingot


def run(name, *arguments, status=0, **options):
    program = RELEASE / "bin" / name
    assert program.exists(), f"{program} is missing: run ./dev build"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def test_the_tour_prints_what_numpy_prints(tmp_path):
    text = run("comprehensive_tensor_demo", env={"TMPDIR": str(tmp_path)}).stdout
    assert list(tmp_path.iterdir()) == []
    shown = re.findall(r"^> (.*)\n((?:(?![>#\n]).*\n)+)", text, re.MULTILINE)
    values = {expression: value.rstrip() for expression, value in shown}
    a, m = np.arange(1, 7, dtype=np.float32).reshape(2, 3), np.array([[4.0, 1], [1, 3]])
    x = np.arange(12).reshape(3, 4)
    written = x.copy()
    written[1] = 0
    generator = ingot.Generator(42)
    expected = {
        "arange(6)": np.arange(6),
        "linspace(0, 1, 5)": np.linspace(0, 1, 5),
        "x.transpose(0, 1)": x.T,
        "x.slice(1, 3, -5, -2)": x[:, 3::-2],
        "x": written,  # shown twice: the last stays
        "index(x, {Index(greater(x, 7))})": written[written > 7],
        "take(x, Tensor::from<std::int64_t>({3, 3, 0}), 1)": np.take(written, [3, 3, 0], axis=1),
        "add(a, row)": a + [10, 20, 30],
        "where(less(a, 3), a, -1)": np.where(a < 3, a, -1),
        "a": 2 * a,
        "sum(a, 0)": (2 * a).sum(0),
        "mean(a, Axes(1), true)": (2 * a).mean(1, keepdims=True),
        "argmax(a, 1)": np.argmax(a, 1),
        "cumulative_sum(a, 1)": np.cumsum(2 * a, 1),
        "sort(a, 1, true)": -np.sort(-2 * a, 1),
        "matmul(m, m)": m @ m,
        "matmul(astype(a, DType::i8), astype(matrix_transpose(a), DType::i8))": (4 * a @ a.T).astype(int),
        "uniform(generator, {3})": generator.uniform((3,)),
        "normal(generator, {2, 2})": generator.normal((2, 2)),
        "randint(generator, 0, 10, {8})": generator.randint(0, 10, (8,)),
        "all(equal(file.get(\"weight\"), weight))": True,
    }
    assert {expression: values.get(expression) for expression in expected} == {e: str(v) for e, v in expected.items()}
    np.testing.assert_allclose(np.fromstring(values["solve(m, b)"].strip("[]"), sep=" "), [1 / 11, 7 / 11], atol=1e-8)
    # Q8_0: half of a step, 95/127, and the rounding of the step to f16.
    assert float(values["max(abs(subtract(dequantize(file.get(\"packed\")), weight)))"]) <= 95 / 127 / 2 + 95 * 2**-11
    assert "packed: Q8_0 (3, 32), 102 bytes" in text and "add: shapes (2, 3) and (4,)" in text


def test_a_bitnet_layer():
    text = run("bitnet_operations_demo", "--quick").stdout
    rows = {line.split()[0]: [float(value) for value in line.split()[1:]] for line in text.splitlines()
            if re.match(r"(f32|bf16|TQ\d_0) ", line)}
    assert [rows[name][:2] for name in ("f32", "TQ2_0", "TQ1_0")] == [
        [96 * 512 * 4, 32], [96 * 512 * 66 / 256, 2.062], [96 * 512 * 54 / 256, 1.688]]  # fmt: skip
    assert rows["f32"][2:4] == [0, 0]
    for name in ("TQ2_0", "TQ1_0"):
        weights, product = rows[name][2:4]
        assert weights <= 2**-11  # the scale is rounded to f16
        # An activation is off by at most half of max|x|/127; |z| ≤ 6.7 of a normal number, so by 2.7 %.
        assert 0 < product < 0.04
    spelled, difference = map(float, re.search(r"error (\S+); the layer's with TQ2_0 is (\S+) from it", text).groups())
    assert 0 < spelled < 0.04 and difference <= 2**-11 + 1e-6


def test_times_beside_numpy():
    text = run("performance_comparison_demo", "--quick", "--threads", "2", "--python", sys.executable).stdout
    rows = re.findall(r"^(\S.*?) +([\d.]+) +([\d.]+) +([\d.]+)$", text, re.MULTILINE)
    assert len(rows) == 14 and {"add", "exp", "sum, axis 0", "sort", "matmul"} <= {row[0] for row in rows}
    assert f"numpy {np.__version__}" in text and "threads: 2" in text and "median ratio" in text


def test_without_numpy_our_times_are_printed_and_it_says_so(tmp_path):
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    for program, reason in ((bare, "No module named 'numpy'"), (tmp_path / "none", "cannot be run")):
        done = run("performance_comparison_demo", "--quick", "--python", program, status=1)
        assert reason in done.stderr and len(re.findall(r" – +–$", done.stdout, re.MULTILINE)) == 14


@pytest.mark.parametrize("program,arguments", [
    ("comprehensive_tensor_demo", ["--fast"]), ("bitnet_operations_demo", ["quick"]),
    ("performance_comparison_demo", ["--threads", "0"]), ("performance_comparison_demo", ["--threads"]),
])  # fmt: skip
def test_wrong_arguments(program, arguments):
    done = run(program, *arguments, status=2)
    assert done.stdout == "" and program in done.stderr
