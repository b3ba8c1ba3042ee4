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
    known, unknown = find(message["module"], message.get("function"))
    if unknown:
        return {"success": False, "error": unknown}
    given = message.get("input")
    limits = given if isinstance(given, dict) else {}
    begin = time.perf_counter_ns()
    call, plain = known(given)
    call()
    prepared = {"name": "prepare", "nanoseconds": time.perf_counter_ns() - begin}
    result, timings = timed(
        call, int(limits.get("min_runs", limits.get("runs", 1))), float(limits.get("min_seconds", 0.0))
    )
    return {"success": True, "output": plain(result), "timings": [prepared, *timings]}


def find(module: Any, function: Any = None) -> tuple[Any, str]:
    """The problem, or the module's problems without `function`; and what is unknown, if anything is."""
    from benchmarks.gradbench.problems import PROBLEMS

    if module not in PROBLEMS:
        return None, f"no module {module!r}; there are {', '.join(PROBLEMS)}"
    if function is None or function in PROBLEMS[module]:
        return PROBLEMS[module].get(function, PROBLEMS[module]), ""
    return None, f"no function {function!r} in module {module!r}; there are {', '.join(PROBLEMS[module])}"


def define(message: dict[str, Any]) -> dict[str, Any]:
    """Answer a "define" message: whether the module is one of ours."""
    _, unknown = find(message["module"])
    return {"success": False, "error": unknown} if unknown else {"success": True}


def answer(message: dict[str, Any]) -> str:
    """The response to one message. What goes wrong inside is reported in it, with the traceback."""
    kinds: dict[str, Callable[..., dict[str, Any]]] = {"define": define, "evaluate": evaluate}
    kinds["start"] = lambda _: {"tool": "srcad"}
    number = {"id": message["id"]}
    try:  # infinities and nan are no JSON: better no output than a line that the suite cannot read
        return json.dumps(number | kinds.get(message["kind"], lambda _: {})(message), allow_nan=False)
    except Exception:
        return json.dumps(number | {"success": False, "error": traceback.format_exc()})


def read(line: str) -> dict[str, Any]:
    """A message. Raises ValueError where the line is none: without a number there is no answer to it."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("it is not an object")
    for key, kind in (("id", int), ("kind", str)):
        if not isinstance(message.get(key), kind):
            raise ValueError(f"its {key!r} is {message.get(key)!r}")
    return message


def serve(messages: Iterable[str], out: IO[str]) -> int:
    """Answer every line until there are no more; the exit code. A line that is no message ends the conversation."""
    for number, line in enumerate(messages, 1):
        if line.strip():
            try:
                message = read(line)
            except ValueError as reason:
                print(f"line {number} is no message: {reason}", file=sys.stderr)
                return 1
            print(answer(message), file=out, flush=True)
    return 0


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gradbench", description=__doc__)
    parser.add_argument("--backend", choices=("numba", "numpy", "auto"), default="auto")
    parser.add_argument("--multithreaded", action="store_true")
    chosen = parser.parse_args(argv)
    os.environ["SRCAD_GRADBENCH_BACKEND"] = chosen.backend
    if not chosen.multithreaded:
        os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    out = sys.stdout
    sys.stdout = sys.stderr  # nothing but answers may reach the other side
    try:
        return serve(sys.stdin, out)
    except BrokenPipeError:  # the suite has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
