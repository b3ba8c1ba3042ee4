"""A pytest plugin that runs, for each mutation, the tests that reach its block, quickest first, in a fork.

What the tests reach is measured once, without a mutation, and kept in a file: blocks by "file:function#number",
and for each test its seconds and the numbers of its blocks.
"""

from __future__ import annotations

import ast
import json
import os
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation import patching
from tests.mutation.mutation import Mutation, applied

ROOT = Path(__file__).parents[2]
# (rules are texts to the compiler)
SOURCES = sorted(p for p in (ROOT / "srcad").rglob("*.py") if p.parent.name != "rules" and p.name != "__main__.py")
Reached = dict[str, tuple[float, list[str]]]


class Endless(BaseException):
    """A test runs much longer than without the mutation."""


@dataclass
class Session:
    """mutations: with their numbers. kept: the file of what tests reach. found: what noticed each; None: in no time."""

    mutations: Sequence[Mutation]
    kept: Path
    seconds: float
    tell: Callable[[Mutation, str | None, float, int], None]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for path in SOURCES:
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        items = {item.nodeid: item for item in session.items}
        reached = read(self.kept) if self.kept.exists() else {}
        if missing := [item for name, item in items.items() if name not in reached]:
            reached |= measured(missing)
            write(reached, self.kept)
        for mutation in self.mutations:
            began = time.monotonic()
            chosen = [items[name] for name in chosen_for(mutation, reached) if name in items]
            with TemporaryDirectory() as cache:
                noticed = forked(partial(mutated, mutation, chosen, reached, cache), self.seconds)
            self.tell(mutation, noticed, time.monotonic() - began, len(chosen))
        return True


def chosen_for(mutation: Mutation, reached: Reached) -> list[str]:
    """The tests that reach the mutated block, quickest first."""
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    head = f"{mutation.file}:{patching.block(text, line_of(mutation))}"
    return sorted((name for name, (_, hits) in reached.items() if head in hits), key=lambda name: reached[name][0])


def in_functions(mutation: Mutation) -> bool:
    """Whether it changes what functions do, nothing that runs at import, and not what they take from around them."""
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    new = applied(mutation, text)
    return patching.at_import(text) == patching.at_import(new) and patching.cells(text) == patching.cells(new)


def line_of(mutation: Mutation) -> int:
    """The first line that differs."""
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    same = len(os.path.commonprefix([mutation.old, mutation.new]))
    blank = len(mutation.old[same:]) - len(mutation.old[same:].lstrip())
    return text.count("\n", 0, text.index(mutation.old) + same + blank) + 1


def forked(work: Callable[[], str], seconds: float) -> str | None:
    """What `work` returns in a fork; None if it takes longer."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        try:
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            os.write(write, (work() or "-").encode())
        except BaseException:
            os.write(write, ("!" + traceback.format_exc()).encode())
        os._exit(0)
    os.close(write)
    ready, _, _ = select.select([read], [], [], seconds)
    found = os.read(read, 1 << 16).decode() if ready else None
    if not ready:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(read)
    if found and found.startswith("!"):
        raise RuntimeError(found)
    return found if found is None else found.removeprefix("-") if found != "" else "the process ends"


def mutated(mutation: Mutation, items: Sequence[Any], reached: Reached, cache: str) -> str:
    """The first of the tests that fails with the mutation."""
    os.environ["SRCAD_CACHE_DIR"] = cache
    path = ROOT / mutation.file
    patching.patch({path: ast.parse(applied(mutation, path.read_text(encoding="utf-8")))})
    for item, reports in ran(items, lambda item: 3 + 10 * reached[item.nodeid][0]):
        if any(report.failed for report in reports):
            return str(item.nodeid)
    return ""


def ran(items: Sequence[Any], limit: Callable[[Any], float]) -> Iterator[tuple[Any, list[Any]]]:
    """Each test with its reports; one that takes more processor time than its limit fails."""

    def stop(*_: object) -> None:
        raise Endless

    signal.signal(signal.SIGVTALRM, stop)
    for item, following in zip(items, [*items[1:], None]):
        signal.setitimer(signal.ITIMER_VIRTUAL, limit(item))
        yield item, runtestprotocol(item, log=False, nextitem=following)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def measured(items: Sequence[Any]) -> Reached:
    """What each test reaches, and how long it takes; those that fail reach nothing."""
    found: Reached = {}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "reached"
        forked(lambda: _measure(items, file), 7200.0)
        found = read(file)
    return found


def read(file: Path) -> Reached:
    kept = json.loads(file.read_text())
    blocks = kept["blocks"]
    return {name: (seconds, [blocks[k] for k in numbers]) for name, (seconds, numbers) in kept["tests"].items()}


def write(reached: Reached, file: Path) -> None:
    numbers: dict[str, int] = {}
    tests = {
        name: (seconds, [numbers.setdefault(block, len(numbers)) for block in blocks])
        for name, (seconds, blocks) in reached.items()
    }
    file.write_text(json.dumps({"blocks": [*numbers], "tests": tests}))


def _measure(items: Sequence[Any], file: Path) -> str:
    hits = patching.start()
    os.environ["SRCAD_CACHE_DIR"] = str(file.parent)
    patching.patch({path: patching.probed(path, str(path.relative_to(ROOT))) for path in SOURCES})
    found: Reached = {}
    began = time.monotonic()
    for item, reports in ran(items, lambda item: 600):
        good = all(report.outcome == "passed" for report in reports)
        found[item.nodeid] = time.monotonic() - began, sorted(hits) if good else []
        hits.clear()
        began = time.monotonic()
    write(found, file)
    return ""
