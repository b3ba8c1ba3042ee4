"""``python -m tests.fuzz.tally FILE...``: what became of the programs of a series, from its log.

A log is a line for each program: seed, number, backend, status, kind of failure, with tabs between.
"""

from __future__ import annotations

import collections
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

STATUSES = ("ok", "refused", "dropped", "WRONG", "error")


class Line(NamedTuple):
    seed: int
    number: int
    backend: str
    status: str
    kind: str


class Log:
    """The lines of a series, kept in a file if there is one."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.lines = read(path) if path and path.exists() else []
        self.kinds = collections.Counter(line.kind for line in self.lines)
        self.started = time.monotonic()

    def done(self, seed: int, backend: str) -> set[int]:
        return {line.number for line in self.lines if (line.seed, line.backend) == (seed, backend)}

    def add(self, line: Line) -> int:
        """Write a line; how many there were of its kind before."""
        self.lines.append(line)
        if self.path:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\t".join(map(str, line)) + "\n")
        self.kinds[line.kind] += 1
        return self.kinds[line.kind] - 1

    def statuses(self) -> dict[str, int]:
        return dict(collections.Counter(line.status for line in self.lines))


def read(path: Path) -> list[Line]:
    found = []
    for text in path.read_text(encoding="utf-8").splitlines():
        seed, number, backend, status, kind = text.split("\t", 4)
        found.append(Line(int(seed), int(number), backend, status, kind))
    return found


def summary(lines: Iterable[Line], ways: Mapping[str, int] = {}) -> str:
    """A row for each series and backend, then the kinds of failures and refusals."""
    lines = list(lines)
    rows = [f"{len(lines)} programs" + "".join(f"; {n} {way}" for way, n in ways.items())]
    for seed, backend in dict.fromkeys((line.seed, line.backend) for line in lines):
        counts = collections.Counter(line.status for line in lines if (line.seed, line.backend) == (seed, backend))
        each = " | ".join(str(counts[status]) for status in STATUSES)
        rows.append(f"| seed {seed}, {backend} | {counts.total()} | {each} |")
    kinds = collections.Counter(line.kind for line in lines if line.kind)
    return "\n".join([*rows, *(f"{count:6d}  {kind}" for kind, count in kinds.most_common())])


if __name__ == "__main__":
    print(summary(line for path in sys.argv[1:] for line in read(Path(path))))
