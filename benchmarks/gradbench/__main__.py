"""Messages in, answers out. `--backend numpy` does not compile; `--multithreaded` lets libraries use threads."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from typing import IO, Any


def timed(call: Callable[[], Any], min_runs: int, min_seconds: float) -> tuple[Any, list[dict[str, Any]]]:
    """Run `call` until both limits are reached: its last result, and one timing for every run."""
    timings: list[dict[str, Any]] = []
    spent, result = 0, None
    while len(timings) < max(1, min_runs) or spent < min_seconds * 1e9:
        begin = time.perf_counter_ns()
        result = call()
        timings.append({"name": "evaluate", "nanoseconds": time.perf_counter_ns() - begin})
        spent += timings[-1]["nanoseconds"]
    return result, timings


def evaluate(message: dict[str, Any]) -> dict[str, Any]:
    """Answer an "evaluate" message. Preparation (arrays, first compilation) is a timing of its own."""
    from benchmarks.gradbench.problems import PROBLEMS

    given = message["input"]
    limits = given if isinstance(given, dict) else {}
    begin = time.perf_counter_ns()
    call, plain = PROBLEMS[message["module"]][message["function"]](given)
    call()
    prepared = {"name": "prepare", "nanoseconds": time.perf_counter_ns() - begin}
    result, timings = timed(
        call, int(limits.get("min_runs", limits.get("runs", 1))), float(limits.get("min_seconds", 0.0))
    )
    return {"success": True, "output": plain(result), "timings": [prepared, *timings]}


def define(message: dict[str, Any]) -> dict[str, Any]:
    """Answer a "define" message: whether the module is one of ours."""
    from benchmarks.gradbench.problems import PROBLEMS

    known = message["module"] in PROBLEMS
    return {"success": True} if known else {"success": False, "error": f"no module {message['module']!r}"}


def answer(message: dict[str, Any]) -> dict[str, Any]:
    """The response to one message. What goes wrong inside is reported in it, with the traceback."""
    kinds = {"define": define, "evaluate": evaluate}
    try:
        if message["kind"] == "start":
            content: dict[str, Any] = {"tool": "srcad"}
        else:
            content = kinds[message["kind"]](message) if message["kind"] in kinds else {}
    except Exception:
        content = {"success": False, "error": traceback.format_exc()}
    return {"id": message["id"]} | content


def serve(messages: Iterable[str], out: IO[str]) -> None:
    """Answer every line until there are no more."""
    for line in messages:
        if line.strip():
            print(json.dumps(answer(json.loads(line))), file=out, flush=True)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gradbench", description=__doc__)
    parser.add_argument("--backend", choices=("numba", "numpy", "auto"), default="auto")
    parser.add_argument("--multithreaded", action="store_true")
    chosen = parser.parse_args(argv)
    os.environ["SRCAD_GRADBENCH_BACKEND"] = chosen.backend
    if not chosen.multithreaded:
        os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    out = sys.stdout
    sys.stdout = sys.stderr  # nothing but answers may reach the other side
    serve(sys.stdin, out)


if __name__ == "__main__":
    main(sys.argv[1:])
