"""Start-up, memory and growth: what a peer costs before its first result, each time in a new process.

`python -m benchmarks.resources NAME SIZE PEER` prints one line of JSON about itself; `sections` runs such processes
with empty caches and again with full ones, and makes tables of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import peers, store
from benchmarks.case import Case, find
from benchmarks.measure import seconds, stay_on_processors
from benchmarks.programs import generated
from benchmarks.runner import child, environment
from benchmarks.store import Figures

PEERS = ("by hand", "srcad", "JAX expert")
INTRODUCTION = """\
Every row is two new processes: empty caches, then full ones. Imports and compilation are in the first call. *memory* is
what a later call needs, at its peak, over a process that has answered a tiny one and holds the arguments; *recorded* is
what the record pass reports for it, *other arrays* are the copies, adjoints and temporaries of the compiled text by
their extents (`srcad bench` prints both).
"""
STARTED = ("jacobi_2d", "cholesky", "lstm", "gmm", "bundle_adjustment", "van_der_pol")


def observe(name: str, size: str, peer: str) -> dict[str, float]:
    """Time to the first result, and the memory that a later call of the given size needs, in bytes.

    Memory is the highest resident size during that call over the size before the first one, when the process has
    answered a call with tiny inputs and holds the arguments: what a peer keeps between calls counts, what compilation
    used for a while does not.
    """
    case = find(name)
    tiny = case.args("tiny")
    begin = time.perf_counter()
    peers.PEERS[peer](case, tiny).call()
    first = time.perf_counter() - begin
    prepared = peers.PEERS[peer](case, case.args(size))
    _give_back()
    before = _memory("VmRSS")
    prepared.call()
    _give_back()
    _forget_peak()
    prepared.call()
    found = {"first": first, "memory": _memory("VmHWM") - before}
    return found | (_reported(case, size) if peer == "srcad" else {})


def _reported(case: Case, size: str) -> dict[str, float]:
    """What the record pass says that the call records, and the other arrays that it makes; in bytes."""
    import srcad
    from srcad.cli_check import other_bytes, recorded_bytes
    from srcad.gradients import scalar_seed

    args = case.args(size)
    ready = {
        backend: srcad.value_and_grad(case.fn, case.wrt, backend=backend).ready(("reverse",), args, {}).again()
        for backend in ("numpy", "numba")
    }
    recorded = recorded_bytes(ready["numpy"].interpreted(), scalar_seed(ready["numpy"], "benchmarks"))
    return {"recorded": recorded, "others": other_bytes(ready["numba"])}


def _memory(key: str) -> float:
    """A line of /proc/self/status in bytes; nan where there is no such file."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(1024.0 * float(line.split()[1]) for line in file if line.startswith(key + ":"))
    except (OSError, StopIteration):
        return math.nan


def _give_back() -> None:
    """Let the C library return what is free: else what compilation used for a while hides what a call needs."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _forget_peak() -> None:
    """Let the kernel's high-water mark start again at the present size."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        pass


def cold_and_warm(name: str, size: str, peer: str, limit: float) -> dict[str, Any]:
    """First call with empty caches, first call of the next process, memory: what they say, or why they do not."""
    with tempfile.TemporaryDirectory() as folder:
        places = ("NUMBA_CACHE_DIR", "SRCAD_CACHE_DIR", "JAX_COMPILATION_CACHE_DIR")
        caches = {place: os.path.join(folder, place.lower()) for place in places}
        environ = environment(1, **caches)
        try:
            cold = child("benchmarks.resources", [name, size, peer], environ, limit)
            warm = child("benchmarks.resources", [name, size, peer], environ, limit)
        except RuntimeError as reason:
            return {"failed": str(reason)[:200]}
    return warm | {"cold": cold["first"], "warm": warm["first"]}


def measure(names: list[str], folder: Path, limit: float, missing: bool) -> None:
    """Start-up and memory of the named programs, and growth with the number of statements; kept in the folder."""
    lengths = [f"statements_{length}" for length in generated.LENGTHS]
    wanted = [(name, "medium") for name in STARTED if name in names] + [(name, "small") for name in lengths]
    for name, size in wanted:
        figures = Figures.load(name, folder)
        for peer in PEERS:
            known = figures.resources.get(f"{size}/{peer}")
            if missing and known is not None and known["origin"]["commit"] == store.commit():
                continue
            before = store.load()
            found = cold_and_warm(name, size, peer, limit)
            if "Missing" not in found.get("failed", ""):
                figures.resources[f"{size}/{peer}"] = found | {"origin": vars(store.origin("", before))}
                figures.save(folder)


def _table(title: str, kept: list[Figures]) -> str:
    columns = "program | peer | first call, cold | first call, warm | memory | recorded | other arrays | memory / all"
    lines = [
        f"### {title}",
        "",
        f"| {columns} | code | load |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|---:|",
    ]
    for figures in kept:
        for key, found in figures.resources.items():
            origin = found["origin"]
            load = f"{max(origin['load']):.1f}" if origin["load"] else "-"
            cells = [figures.name, key.partition("/")[2], *_cells(found), origin["commit"], load]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(found: dict[str, Any]) -> list[str]:
    if "failed" in found:
        return [found["failed"][:60], *[""] * 5]
    times = [seconds(found["cold"]), seconds(found["warm"])]
    if "recorded" not in found:
        return [*times, _mib(found["memory"]), "", "", ""]
    old = found.get("adjoints", 0) + found.get("copies", 0)  # what figures of before say
    reported = [found["recorded"], found.get("others", old)]
    sizes = [_mib(size) for size in (found["memory"], *reported)]
    return [*times, *sizes, f"{found['memory'] / sum(reported):.2f}" if sum(reported) >= 2**20 else "-"]


def _mib(size: float) -> str:
    return f"{size / 2**20:.1f} MiB"


def sections(kept: list[Figures]) -> list[str]:
    """The sections of RESULTS.md about start-up, memory and growth."""
    measured = [figures for figures in kept if figures.resources]
    if not measured:
        return []
    grown = [figures for figures in measured if figures.name.startswith("statements_")]
    programs = [figures for figures in measured if figures not in grown]
    parts = ["## Start-up and memory", INTRODUCTION.strip()]
    if programs:
        parts.append(_table("Programs", programs))
    if grown:
        grown.sort(key=lambda figures: int(figures.name.rpartition("_")[2]))
        parts.append(_table("Growth with the number of statements", grown))
    return parts


if __name__ == "__main__":
    stay_on_processors()
    print(json.dumps(observe(*sys.argv[1:4])))
