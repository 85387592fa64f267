"""Runs every test of the tree and closes with one line: N passed, N failed, N skipped.

Steps: release (build and unit tests), python (the package, conformance, layering, packaging), asan and tsan (unit tests
again; asan also what the package exchanges with other libraries), fuzz (every target for some seconds), aarch64 (the NEON
units under qemu). A step that cannot be built counts as one failure and the others still run. Names of steps may be given
to run only those.
"""

import argparse
import concurrent.futures
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
JOBS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class StepFailed(Exception):
    pass


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def call(*command, **options):
    return subprocess.run([str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, **options).returncode


def build(preset, source=None, define=(), target="all"):
    """Configures once (again where the cache lacks a definition) and builds; prints only what went wrong."""
    directory = BUILD / preset
    cache = directory / "CMakeCache.txt"
    known = cache.read_text() if (directory / "build.ninja").exists() else None
    log = BUILD / f"{preset}.log"
    with log.open("w") as out:
        commands = []
        if known is None or not all(re.search(f"(?m)^{d.replace('=', ':.*=')}$", known) for d in define):
            place = ["--preset", preset] if source is None else ["-S", source, "-B", directory, "-G", "Ninja"]
            commands.append(["cmake", *place, *(f"-D{d}" for d in define)])
        commands.append(["cmake", "--build", directory, "--target", target])
        for command in commands:
            if call(*command, stdout=out, stderr=subprocess.STDOUT):
                out.flush()
                text = log.read_text(errors="replace").splitlines()
                first = next((i for i, line in enumerate(text) if line.startswith("FAILED:")), max(0, len(text) - 60))
                print("\n".join(text[first : first + 60]))
                raise StepFailed(f"the {preset} build failed (whole log: {log.relative_to(ROOT)})")


def junit_counts(file, show_skipped=True):
    """Cases of one result file of GoogleTest or pytest."""
    counts = Counts()
    for case in ElementTree.parse(file).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun":
            counts.skipped += 1
            if not show_skipped:
                continue
            reason = case.find("skipped")
            text = "" if reason is None else (reason.get("message") or reason.text or "").strip().splitlines()
            print(f"  skipped: {case.get('classname')}.{case.get('name')}: {text[-1] if text else 'disabled'}")
        else:
            counts.passed += 1
    return counts


def unit_tests(preset):
    """The GoogleTest programs of a build, through ctest, counted by case."""
    results = BUILD / preset / "results"
    shutil.rmtree(results, ignore_errors=True)
    status = call("ctest", "--test-dir", BUILD / preset, "-j", JOBS, "--output-on-failure", "--progress",
                  "--no-tests=error")
    counts = Counts()
    for file in sorted(results.glob("*.xml")):
        try:
            counts += junit_counts(file)
        except ElementTree.ParseError:
            counts += Counts(failed=1)
    if status and not counts.failed:
        counts.failed += 1  # a program that died before it wrote its results, or found a leak at exit
    return counts


def build_release():
    build("release", define=["INGOT_BUILD_PYTHON=ON"])


def release():
    build_release()
    return unit_tests("release")


def pytest(name, *arguments, show_skipped=True, **environment):
    """Runs pytest, counted by case; what it found stays in build/NAME.xml."""
    result = BUILD / f"{name}.xml"
    result.unlink(missing_ok=True)
    status = call(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={result}", *arguments,
                  env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment})
    counts = junit_counts(result, show_skipped) if result.exists() else Counts()
    if status and not counts.failed:
        counts.failed += 1
    return counts


def python(examples=10):
    build_release()
    counts = pytest("pytest", "-n", JOBS, "--dist", "loadfile", "tests/python")
    counts += array_api(examples)
    return counts


def array_api(examples):
    """The array API's own test suite, where a checkout of it is (docs/HACKING.md), with the same examples every time."""
    suite = pathlib.Path(os.environ.get("INGOT_ARRAY_API_TESTS", ROOT.parent / "array-api-tests"))
    if not (suite / "array_api_tests").is_dir():
        print(f"  skipped: array_api: INGOT_ARRAY_API_TESTS: {suite} holds no data-apis/array-api-tests")
        return Counts(skipped=1)
    ours = ROOT / "tests" / "array_api"
    return pytest("array_api", "-p", "plugin", "--disable-warnings", f"--rootdir={suite}", "-n", JOBS,
                  f"--skips-file={ours / 'skips.txt'}", "--disable-deadline", "--derandomize",
                  f"--max-examples={examples}", suite / "array_api_tests", show_skipped=False,
                  PYTHONPATH=f"{BUILD / 'release' / 'python'}:{ours}:{suite}",
                  HYPOTHESIS_STORAGE_DIRECTORY=str(BUILD / "hypothesis"))


def asan():
    if sys.platform == "darwin":  # Apple's clang is the only one there, and comes without libFuzzer
        build("asan", define=["CMAKE_CXX_COMPILER=clang++", "INGOT_SANITIZE=address,undefined", "INGOT_BUILD_FUZZ=OFF"])
        return unit_tests("asan")
    build("asan", define=["INGOT_BUILD_PYTHON=ON"])
    counts = unit_tests("asan")
    counts += memory_of_others()
    return counts


def memory_of_others():
    """What tensors lend and borrow (DLPack, buffers, NumPy, pickles), with the package of the asan build."""
    compiler = re.search(r"(?m)^CMAKE_CXX_COMPILER:\w+=(.*)$", (BUILD / "asan" / "CMakeCache.txt").read_text())[1]
    # Python is not instrumented, so the runtime is loaded before all else; libstdc++ too, or the runtime would not find
    # the function that throws. Leaks are not told apart from what the interpreter keeps: the tests count references.
    # Reports go past pytest, which would take them to its grave.
    names = [f"libclang_rt.asan-{platform.machine()}.so", "libstdc++.so.6"]
    preloaded = [subprocess.check_output([compiler, f"-print-file-name={name}"], text=True).strip() for name in names]
    return pytest("pytest_asan", "--capture=sys", "tests/python/test_tensor.py", "-k", "not gil", INGOT_PRESET="asan",
                  LD_PRELOAD=" ".join(preloaded), ASAN_OPTIONS="detect_leaks=0:allocator_may_return_null=1",
                  PYTHONMALLOC="malloc")


def tsan():
    build("tsan")
    return unit_tests("tsan")


def fuzz_target(program, seconds):
    """Runs one libFuzzer target on a private corpus that grows under build/, seeded from fuzz/corpus."""
    name = program.name.removesuffix("_fuzz")
    corpus = BUILD / "fuzz" / "corpus" / name
    findings = BUILD / "fuzz" / "findings" / name
    for directory in (corpus, findings):
        directory.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "fuzz" / "corpus" / name
    command = [program, f"-max_total_time={seconds}", "-print_final_stats=1", "-rss_limit_mb=2048", "-timeout=10",
               "-verbosity=1", f"-artifact_prefix={findings}/", corpus] + ([seeds] if seeds.is_dir() else [])
    done = subprocess.run([str(part) for part in command], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace")
    executed = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    return name, done.returncode, int(executed[1]) if executed else 0, done.stderr


def fuzz(seconds=10, only="all"):
    if sys.platform == "darwin":
        print("  skipped: Apple's clang comes without libFuzzer")
        return Counts(skipped=1)
    build("asan", target="fuzz_targets")
    programs = [p for p in sorted((BUILD / "asan" / "bin").glob("*_fuzz")) if only in ("all", p.name.removesuffix("_fuzz"))]
    if not programs:
        raise StepFailed(f"no fuzz target '{only}'")
    counts = Counts()
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name, status, executed, log in pool.map(lambda p: fuzz_target(p, seconds), programs):
            print(f"  {name}: {executed} executions in {seconds} s, {'clean' if status == 0 else 'FOUND SOMETHING'}")
            if status or not executed:
                print("\n".join(log.splitlines()[-40:]))
                counts.failed += 1
            else:
                counts.passed += 1
    return counts


def aarch64():
    if platform.machine() in ("aarch64", "arm64"):
        print("  skipped: this machine is arm64, the unit tests ran on its NEON units")
        return Counts(skipped=1)
    build("aarch64", source=ROOT / "tests" / "aarch64")
    return unit_tests("aarch64")


STEPS = {
    "release": release,
    "python": python,
    "asan": asan,
    "tsan": tsan,
    "fuzz": fuzz,
    "aarch64": aarch64,
}


def main():
    parser = argparse.ArgumentParser(description="Runs the tests.")
    parser.add_argument("steps", nargs="*", help="of: " + " ".join(STEPS))
    parser.add_argument("--fuzz", metavar="TARGET", help="only fuzz TARGET, or all of them")
    parser.add_argument("--seconds", type=int, default=60, help="for each fuzz target (default 60)")
    parser.add_argument("--examples", type=int, default=10, help="for each test of the array API's suite (default 10)")
    arguments = parser.parse_args()
    steps = {name: STEPS[name] for name in STEPS if not arguments.steps or name in arguments.steps}
    unknown = set(arguments.steps) - set(STEPS)
    if unknown:
        parser.error(f"no step {' '.join(sorted(unknown))}")
    if "python" in steps:
        steps["python"] = lambda: python(arguments.examples)
    if arguments.fuzz:
        steps = {"fuzz": lambda: fuzz(arguments.seconds, arguments.fuzz)}

    BUILD.mkdir(exist_ok=True)
    total, lines = Counts(), []
    for name, step in steps.items():
        print(f"==> {name}", flush=True)
        begin = time.monotonic()
        try:
            counts = step()
        except StepFailed as failure:
            print(f"  {failure}")
            counts = Counts(failed=1)
        total += counts
        lines.append(f"{name:10}{time.monotonic() - begin:7.1f} s   {counts}")
    print("\n" + "\n".join(lines))
    print(total, flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
