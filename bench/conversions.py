"""conversions.py INGOT MODEL WORK [--rounds N] [--memory MIB] [JOB…]: conversions beside the floor.

MODEL is what random_llama.py makes. The floor reads the input once (pread) and writes as many bytes as the output has
(pwrite into a file whose room is reserved, fsync, rename), with two threads, in pieces of 512 KiB, right before each
run. Prints medians, the largest private memory (RssAnon) and MB/s of input.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import threading
import time

PIECE = 1 << 19
JOBS = {
    "gguf-bf16": ["convert", "{model}", "{out}.gguf"],
    "gguf-f16": ["convert", "{model}", "{out}.gguf", "--dtype", "f16"],
    "mlx-bf16": ["convert", "{model}", "{out}", "--to", "mlx"],
    "hf-from-gguf": ["convert", "{gguf}", "{out}", "--to", "hf"],
    "q8_0": ["quantize", "{model}", "{out}.gguf", "--type", "q8_0"],
    "q4_0": ["quantize", "{model}", "{out}.gguf", "--type", "q4_0"],
    "tq2_0": ["quantize", "{model}", "{out}.gguf", "--type", "tq2_0", "--pure"],
    "q4_k_m": ["quantize", "{model}", "{out}.gguf", "--type", "q4_k_m"],
}


def size(path):
    return sum(p.stat().st_size for p in path.rglob("*.*")) if path.is_dir() else path.stat().st_size


def weights(path):
    return sorted(path.glob("*.safetensors")) if path.is_dir() else [path]


def floor(inputs, out_bytes, work):
    begin = time.perf_counter()
    target = work / "floor"
    out = os.open(work / "floor.partial", os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(out, 0, out_bytes)

    def half(which):
        buffer = bytearray(PIECE)
        for path in inputs:
            file, total = os.open(path, os.O_RDONLY), path.stat().st_size
            for at in range(which * PIECE, total, 2 * PIECE):
                os.preadv(file, [buffer], at)
            os.close(file)
        for at in range(which * PIECE, out_bytes, 2 * PIECE):
            os.pwrite(out, memoryview(buffer)[: min(PIECE, out_bytes - at)], at)

    threads = [threading.Thread(target=half, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.fsync(out)
    os.close(out)
    os.rename(work / "floor.partial", target)
    took = time.perf_counter() - begin
    target.unlink()
    return took


def run(command):
    """Seconds, and the largest private memory in MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    private = 0
    while process.poll() is None:
        try:
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            private = max([private, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))])
        except OSError:
            pass
        time.sleep(0.01)
    took = time.perf_counter() - begin
    assert process.returncode == 0, process.stderr.read().decode()
    return took, private / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ingot")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("jobs", nargs="*")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--memory", default="512")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    gguf = options.work / "source.gguf"
    if not gguf.exists():
        run([options.ingot, "convert", options.model, gguf])
    print("| work | floor s | ours s | ratio | private MiB | MB/s of input |\n|---|---|---|---|---|---|")
    for job in options.jobs or JOBS:
        out = options.work / f"{job}.out"
        command = [part.format(model=options.model, gguf=gguf, out=out) for part in JOBS[job]]
        source, made = pathlib.Path(command[1]), pathlib.Path(command[2])
        command = [options.ingot, *command, "--threads", "2", "--memory", options.memory]
        run(command)  # warms the cache, and tells the size
        out_bytes, inputs = size(made), weights(source)
        floors, ours, private = [], [], 0
        for _ in range(options.rounds):
            shutil.rmtree(made) if made.is_dir() else made.unlink()
            floors.append(floor(inputs, out_bytes, options.work))
            took, memory = run(command)
            ours.append(took)
            private = max(private, memory)
        shutil.rmtree(made) if made.is_dir() else made.unlink()
        low, mine = statistics.median(floors), statistics.median(ours)
        rate = sum(map(size, inputs)) / mine / 1e6
        print(f"| {job} | {low:.2f} | {mine:.2f} | {mine / low:.2f} | {private:.0f} | {rate:.0f} |", flush=True)


if __name__ == "__main__":
    main()
