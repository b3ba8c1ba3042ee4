"""Start-up, memory and growth: what a peer costs before its first result, each time in a new process.

`python -m benchmarks.resources NAME SIZE PEER` prints one line of JSON about itself; `sections` runs such processes
with empty caches and again with full ones, and makes tables of them.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time

from benchmarks import peers
from benchmarks.case import find
from benchmarks.programs import generated
from benchmarks.report import seconds
from benchmarks.runner import child, environment

PEERS = ("by hand", "srcad", "JAX expert")
STARTED = ("jacobi_2d", "cholesky", "lstm", "gmm", "bundle_adjustment", "van_der_pol")


def observe(name: str, size: str, peer: str) -> dict[str, float]:
    """Time to the first result, and the memory that a later call of the given size needs, in bytes.

    Memory is the highest resident size during that call over the size after a call with tiny inputs: what a peer
    keeps between calls counts, what compilation used for a while does not.
    """
    case = find(name)
    tiny = case.args("tiny")
    begin = time.perf_counter()
    peers.PEERS[peer](case, tiny).call()
    first = time.perf_counter() - begin
    before = _memory("VmRSS")
    prepared = peers.PEERS[peer](case, case.args(size))
    prepared.call()
    _forget_peak()
    prepared.call()
    return {"first": first, "memory": _memory("VmHWM") - before}


def _memory(key: str) -> float:
    """A line of /proc/self/status in bytes; nan where there is no such file."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(1024.0 * float(line.split()[1]) for line in file if line.startswith(key + ":"))
    except (OSError, StopIteration):
        return math.nan


def _forget_peak() -> None:
    """Let the kernel's high-water mark start again at the present size."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        pass


def cold_and_warm(name: str, size: str, peer: str, limit: float) -> tuple[str, str, str]:
    """First call with empty caches, first call of the next process, peak memory: as text, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        places = ("NUMBA_CACHE_DIR", "SRCAD_CACHE_DIR", "JAX_COMPILATION_CACHE_DIR")
        caches = {place: os.path.join(folder, place.lower()) for place in places}
        environ = environment(1, **caches)
        try:
            cold = child("benchmarks.resources", [name, size, peer], environ, limit)
            warm = child("benchmarks.resources", [name, size, peer], environ, limit)
        except RuntimeError as reason:
            return (str(reason)[:60], "", "")
    return seconds(cold["first"]), seconds(warm["first"]), f"{warm['memory'] / 2**20:.1f} MiB"


def _table(title: str, names: list[str], size: str, limit: float) -> str:
    lines = [f"### {title}", "", "| program | peer | first call, cold | first call, warm | memory |"]
    lines.append("|---|---|---:|---:|---:|")
    for name in names:
        for peer in PEERS:
            cells = cold_and_warm(name, size, peer, limit)
            if "Missing" not in cells[0]:
                lines.append(f"| {name} | {peer} | {' | '.join(cells)} |")
    return "\n".join(lines)


def sections(names: list[str], limit: float) -> list[str]:
    """The sections of RESULTS.md about start-up, memory and growth."""
    started = [name for name in STARTED if name in names]
    lengths = [f"statements_{length}" for length in generated.LENGTHS]
    return [
        "## Start-up and memory",
        "Every row is two new processes: empty caches, then full ones. Imports and compilation are in the first call.",
        _table("Programs", started, "medium", limit),
        _table("Growth with the number of statements", lengths, "small", limit),
    ]


if __name__ == "__main__":
    print(json.dumps(observe(*sys.argv[1:4])))
