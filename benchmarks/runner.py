"""Runs the measurements, each program in processes of its own with a time limit, and collects the readings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.case import Case
from benchmarks.measure import Reading, pin

ROOT = Path(__file__).resolve().parent.parent
APART = ("JAX beginner", "torch compiled", "DaCe")  # compile for minutes: they must not hold up or break the others
YARDSTICKS = ("by hand", "srcad")  # what a peer is compared with that would be alone


@dataclass(frozen=True)
class Run:
    """The readings of one program at one size with one number of threads (0: all)."""

    name: str
    size: str
    threads: int
    readings: tuple[Reading, ...]
    ratios: dict[str, float]  # time over the compiled primal's in the same process


def environment(threads: int, **extra: str) -> dict[str, str]:
    """What a child process sees: pinned threads, and the project's own source roots."""
    paths = [str(ROOT), str(ROOT / "runtime"), os.environ.get("PYTHONPATH", "")]
    return os.environ | pin(threads) | {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | extra


def child(module: str, words: list[str], environ: dict[str, str], limit: float) -> dict:
    """Run `python -m module words...` and read the last line that it prints. Raises RuntimeError with the reason."""
    command = [sys.executable, "-m", module, *words]
    try:
        done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"not finished after {limit:.0f} s") from late
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise RuntimeError(last[:300])
    return json.loads(done.stdout.strip().splitlines()[-1])


def _readings(name: str, size: str, peers: list[str], threads: int, repeat: int, limit: float) -> list[Reading]:
    try:
        answer = child("benchmarks.measure", [name, size, str(repeat), *peers], environment(threads), limit)
        return [Reading(**reading) for reading in answer["readings"]]
    except RuntimeError as reason:
        if len(peers) == 1:
            return [Reading(peers[0], "error", str(reason))]
    # one of them broke the process: each on its own
    return [_readings(name, size, [peer], threads, repeat, limit)[0] for peer in peers]


def _groups(peers: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """(peers that share a process, those of them that are reported from it)."""
    together = [peer for peer in peers if peer not in APART]
    if together:
        gradients = [peer for peer in together if peer != "primal"]
        extra = [peer for peer in YARDSTICKS if peer not in together] if len(gradients) == 1 else []
        yield [*together, *extra], together
    for peer in APART:
        if peer in peers:
            yield ["primal", *YARDSTICKS, peer], [peer]


def run(case: Case, size: str, peers: list[str], threads: int, repeat: int, limit: float) -> Run:
    """Measure one program. Peers that compile for long get a process with the primal and a yardstick of their own."""
    readings: list[Reading] = []
    ratios: dict[str, float] = {}
    for group, reported in _groups(peers):
        found = _readings(case.name, size, group, threads, repeat, limit)
        primal = next((r.best for r in found if r.peer == "primal" and r.times), 0.0)
        for reading in found:
            if reading.peer in reported:
                readings.append(reading)
                if reading.times and primal:
                    ratios[reading.peer] = reading.best / primal
    return Run(case.name, size, threads, tuple(readings), ratios)
