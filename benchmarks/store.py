"""The raw figures: what was measured, by which code, under which load. RESULTS.md and the plot are made from them.

A JSON file for each program in `benchmarks/figures`. One entry is one peer at one size with one number of threads, so
that a measurement can be broken off, taken up again, and spread over machines with other peers installed; measuring
again replaces the entry. Entries know the commit, the machine, and the load (processes that wanted a processor in the
last minute) before and after.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.measure import Reading
from benchmarks.runner import Run

FOLDER = Path(__file__).resolve().parent / "figures"


@dataclass(frozen=True)
class Origin:
    """Where a figure is from. load: the one-minute load average before and after, empty where there is none."""

    commit: str = ""
    machine: str = ""
    load: tuple[float, ...] = ()


@dataclass
class Figures:
    """The figures of one program: readings and resources by their keys."""

    name: str
    readings: dict[str, dict[str, Any]] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, name: str, folder: Path = FOLDER) -> Figures:
        path = folder / f"{name}.json"
        return cls(name, **json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else cls(name)

    def save(self, folder: Path = FOLDER) -> None:
        folder.mkdir(exist_ok=True)
        parts = {"readings": self.readings, "resources": self.resources}
        text = json.dumps({name: dict(sorted(part.items())) for name, part in parts.items()}, indent=1)
        path = folder / f"{self.name}.json"
        path.with_suffix(".part").write_text(text + "\n", encoding="utf-8")
        path.with_suffix(".part").replace(path)  # whole or not at all

    def add(self, run: Run, origin: Origin) -> None:
        """What is not installed here may have been measured elsewhere: it replaces nothing."""
        for reading in run.readings:
            if reading.status != "missing":
                found = {"ratio": run.ratios.get(reading.peer), "origin": vars(origin)}
                self.readings[_key(run.size, run.threads, reading.peer)] = vars(reading) | found

    def lacks(self, size: str, threads: int, peers: Iterable[str], commit: str) -> list[str]:
        """Those of the peers that were not measured at this commit."""
        known = (self.readings.get(_key(size, threads, peer)) for peer in peers)
        return [peer for peer, one in zip(peers, known) if one is None or one["origin"]["commit"] != commit]

    def runs(self) -> list[Run]:
        found: dict[tuple[str, int], Run] = {}
        for key, entry in self.readings.items():
            size, threads, _ = key.split("/")
            reading = Reading(**{name: part for name, part in entry.items() if name not in ("ratio", "origin")})
            before = found.get((size, int(threads)), Run(self.name, size, int(threads), (), {}))
            ratios = {reading.peer: entry["ratio"]} if entry["ratio"] else {}
            found[size, int(threads)] = replace(
                before, readings=(*before.readings, reading), ratios=before.ratios | ratios
            )
        return list(found.values())

    def origins(self, size: str, threads: int) -> list[Origin]:
        start = _key(size, threads, "")
        return [_origin(entry) for key, entry in self.readings.items() if key.startswith(start)]


def _key(size: str, threads: int, peer: str) -> str:
    return f"{size}/{threads}/{peer}"


def _origin(entry: dict[str, Any]) -> Origin:
    return Origin(**entry["origin"] | {"load": tuple(entry["origin"]["load"])})


def commit() -> str:
    """The commit of the working tree, with a plus sign where it has changes besides figures; or "unknown"."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=FOLDER.parent, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top)benchmarks")
    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + ("+" if changed else "")


def load() -> float | None:
    """Processes that ran or wanted to, on average of the last minute."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def origin(machine: str, before: float | None) -> Origin:
    """Of what has just been measured."""
    return Origin(commit(), machine, tuple(value for value in (before, load()) if value is not None))
