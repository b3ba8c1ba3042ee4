"""RESULTS.md and the plot, from the runs."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path

from benchmarks import peers, resources
from benchmarks.case import SIZES, Case
from benchmarks.measure import seconds
from benchmarks.runner import Run
from benchmarks.store import Figures, Origin

INTRODUCTION = """\
Value and gradient together, every peer in the same process as the primal that it is divided by, rounds in turn. A time
is the least of all rounds, each behind a rest of 50 ms (of 150 with threads) and a call that is not timed; compilation
is reported apart. Before any time is taken the gradients are compared with those of the other peers (relative error
1e-7), and on tiny inputs with central differences. *primal* is the program as hand-written loops compiled by Numba
(with a star: the program itself, compiled by Numba as it stands); numbers are times divided by it, so 1.0 is the time
of the plain program. *JAX expert* is rewritten for XLA, *JAX beginner* keeps the program's loops, *DaCe* is its
automatic differentiation of the program's text, *CasADi* a symbolic step that is folded over the steps. `wrong`: a
gradient that disagrees, hence no time. `-`: not written, not installed or not measured. *code* is the commit that was
measured (with a plus sign: with changes), *load* the number of processes that wanted a processor then, at most; above 1
for one thread, times are too high, and ratios are good to 20 % or so.
"""

Key = tuple[str, str, int]  # name, size, threads


def machine() -> str:
    """Processor, number of cores, operating system, Python and the versions of what was compared."""
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    parts = ", ".join(f"{name} {version}" for name, version in peers.versions().items())
    system = f"{len(os.sched_getaffinity(0))} cores, {platform.system()}"
    return f"{model}, {system}; Python {platform.python_version()}, {parts}{blas()}."


def blas() -> str:
    """Which of OpenBLAS's kernels Numba's products run: its own choice, unless OPENBLAS_CORETYPE says another."""
    if not importlib.util.find_spec("threadpoolctl"):
        return ""
    importlib.import_module("scipy.linalg.cython_blas")
    libraries = importlib.import_module("threadpoolctl").threadpool_info()
    found = {one.get("architecture") for one in libraries if "scipy" in one["filepath"] and one["user_api"] == "blas"}
    return "".join(f"; OpenBLAS for {kernels}" for kernels in sorted(filter(None, found)))


def mean(ratios: Iterable[float]) -> str:
    """Geometric mean of positive numbers."""
    logs = [math.log(ratio) for ratio in ratios if ratio > 0.0]
    return f"{math.exp(sum(logs) / len(logs)):.2f}" if logs else "-"


def _cell(run: Run, peer: str) -> str:
    reading = next((r for r in run.readings if r.peer == peer), None)
    if reading is None or reading.status == "missing":
        return "-"
    if reading.status != "ok":
        return reading.status
    return f"{run.ratios[peer]:.2f}" if peer in run.ratios else seconds(reading.best)


def _taken(origins: list[Origin]) -> str:
    """The cells that say by which code and under which load a line was measured."""
    commits = ", ".join(sorted({origin.commit for origin in origins})) or "-"
    loads = [load for origin in origins for load in origin.load]
    return f"{commits} | {max(loads):.1f}" if loads else f"{commits} | -"


def table(runs: list[Run], cases: dict[str, Case], names: list[str], origins: dict[Key, list[Origin]]) -> str:
    """Ratios to the primal, one line per program and size; a primal that is not hand-written has a star."""
    columns = ["program", "size", "primal", *names, "code", "load"]
    lines = [f"| {' | '.join(columns)} |", "|---|---|---:|" + "---:|" * len(names) + "---|---:|"]
    for run in runs:
        primal = next((r for r in run.readings if r.peer == "primal" and r.times), None)
        cells = [_cell(run, peer) for peer in names]
        star = "" if peers.has_primal(cases[run.name]) else "*"
        lines.append(
            f"| {run.name} | {run.size} | {seconds(primal.best) + star if primal else '-'} | {' | '.join(cells)} | "
            f"{_taken(origins.get((run.name, run.size, run.threads), []))} |"
        )
    return "\n".join(lines)


def against(runs: list[Run], cases: dict[str, Case], names: list[str], ours: str = "srcad") -> str:
    """How many times faster than each peer: geometric mean, worst and best, by group."""
    lines = ["| faster than | group | programs | geometric mean | worst | best |", "|---|---|---:|---:|---:|---:|"]
    for peer in names:
        for group in ("loops", "products"):
            both = [r for r in runs if cases[r.name].group == group and ours in r.ratios and peer in r.ratios]
            ratios = {f"{run.name} ({run.size})": run.ratios[peer] / run.ratios[ours] for run in both}
            if ratios:
                low, high = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
                worst, best = f"{ratios[low]:.2f} {low}", f"{ratios[high]:.2f} {high}"
                lines.append(f"| {peer} | {group} | {len(ratios)} | {mean(ratios.values())} | {worst} | {best} |")
    return "\n".join(lines)


def compile_table(runs: list[Run], names: list[str]) -> str:
    """The first call of each peer, with the compilation; imports are not in it."""
    lines = ["| program | size | " + " | ".join(names) + " |", "|---|---|" + "---:|" * len(names)]
    for run in runs:
        first = {r.peer: seconds(r.first) for r in run.readings if r.status == "ok"}
        lines.append(f"| {run.name} | {run.size} | {' | '.join(first.get(peer, '-') for peer in names)} |")
    return "\n".join(lines)


def troubles(runs: list[Run]) -> str:
    """What was refused, went wrong or disagreed, and why."""
    lines = []
    for run in runs:
        for reading in run.readings:
            if reading.status in ("refused", "error", "wrong"):
                where = f"{run.name} ({run.size}, {run.threads or 'all'} threads), {reading.peer}"
                lines.append(f"- {where}: {reading.status}: {_short(reading.note)}")
    return "\n".join(lines) or "None."


def _short(note: str) -> str:
    lines = note.strip().splitlines() or [""]
    return re.sub(r"(/[\w.-]+)+/([\w.-]+)", r"\2", lines[0])[:200]  # files by name, not by where they lie


def tables(runs: list[Run], cases: dict[str, Case], names: list[str], origins: dict[Key, list[Origin]]) -> str:
    """The sections about time, one for each number of threads."""
    shown = [name for name in names if name != "primal"]
    parts = []
    for threads in sorted({run.threads for run in runs}, key=lambda t: t or 10**6):
        chosen = [run for run in runs if run.threads == threads]
        title = f"{threads} thread" if threads == 1 else f"{threads or 'all'} threads"
        parts += [f"## Time over the primal's, {title}", table(chosen, cases, shown, origins)]
        means = [f"{peer} {mean(run.ratios.get(peer, 0.0) for run in chosen)}" for peer in shown]
        parts.append("Geometric means: " + ", ".join(means) + ".")
        others = [peer for peer in shown if not peer.startswith("srcad")]
        parts += ["### srcad against the others (times faster)", against(chosen, cases, others)]
        parts += ["### First call", compile_table(chosen, shown)]
    if any(run.threads != 1 for run in runs):
        parts += ["## All threads against one (times faster, srcad)", threaded(runs)]
    return "\n\n".join([*parts, "## Refused, wrong, failed", troubles(runs)])


def threaded(runs: list[Run]) -> str:
    """How many times faster srcad is with all threads (``parallel=True``) than with one."""
    best = {
        (run.name, run.size, run.threads): r.best for run in runs for r in run.readings if r.times and r.peer == "srcad"
    }
    lines = ["| program | size | one thread | all threads | times faster |", "|---|---|---:|---:|---:|"]
    ratios = []
    for (name, size, threads), many in best.items():
        one = best.get((name, size, 1))
        if threads == 0 and one is not None:
            ratios.append(one / many)
            lines.append(f"| {name} | {size} | {seconds(one)} | {seconds(many)} | {ratios[-1]:.2f} |")
    return "\n".join(lines) + f"\n\nGeometric mean: {mean(ratios)}."


def markdown(kept: list[Figures], cases: dict[str, Case]) -> str:
    """The whole of RESULTS.md but its section that is written by hand."""
    runs = sorted((run for one in kept for run in one.runs()), key=lambda run: _place(run, list(cases)))
    origins = {(run.name, run.size, run.threads): _origins(kept, run) for run in runs}
    machines = sorted({origin.machine for found in origins.values() for origin in found})
    names = [peer for peer in peers.PEERS if any(r.peer == peer for run in runs for r in run.readings)]
    parts = ["# Results", "\n\n".join(machines), INTRODUCTION.strip(), tables(runs, cases, names, origins)]
    return "\n\n".join([*parts, *resources.sections(kept)]) + "\n"


def _place(run: Run, names: list[str]) -> tuple[int, int]:
    return names.index(run.name), SIZES.index(run.size)


def _origins(kept: list[Figures], run: Run) -> list[Origin]:
    return next(one.origins(run.size, run.threads) for one in kept if one.name == run.name)


def write(cases: dict[str, Case], folder: Path, output: Path) -> None:
    """RESULTS.md, and the plot beside it, from the figures in a folder."""
    kept = [Figures.load(path.stem, folder) for path in sorted(folder.glob("*.json"))]
    output.write_text(markdown(kept, cases) + kept_section(output), encoding="utf-8")
    runs = sorted((run for one in kept for run in one.runs()), key=lambda run: _place(run, list(cases)))
    if runs:
        plot([run for run in runs if run.threads == min(run.threads for run in runs)], output.with_name("results.png"))


def kept_section(path: Path) -> str:
    """The section of an earlier RESULTS.md that is written by hand: what the random programs found."""
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    _, title, section = old.partition("\n## Generated programs\n")
    return title + section.partition("\n## ")[0].rstrip("\n") + "\n" if title else ""


def plot(runs: list[Run], path: Path) -> bool:
    """A mark per peer and program, on a logarithmic axis. Returns False where matplotlib is missing."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    except ModuleNotFoundError:
        return False
    shown = [name for name in peers.PEERS if name != "primal"]
    chosen = [run for run in runs if run.ratios]
    figure, axes = plt.subplots(figsize=(8, 0.28 * len(chosen) + 1.5))
    for peer, mark in zip(shown, "osD^vxP*<>h"):
        points = [(run.ratios[peer], row) for row, run in enumerate(chosen) if peer in run.ratios]
        if points:
            axes.plot(*zip(*points), mark, label=peer, markersize=5)
    axes.set_xscale("log")
    axes.set_yticks(range(len(chosen)), [f"{run.name} ({run.size})" for run in chosen], fontsize=7)
    axes.invert_yaxis()
    axes.axvline(1.0, color="0.6", linewidth=0.8)
    axes.set_xlabel("time of value and gradient over the compiled primal's")
    axes.grid(axis="x", alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return True
