"""One program at one size: prepare every peer, compare their gradients, then time them in turn.

`python -m benchmarks.measure NAME SIZE THREADS REPEAT PEER...` does this in a process of its own and prints one line
of JSON. The parent sets the threads before anything is imported.
"""

from __future__ import annotations

import copy
import json
import os
import resource
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.case import Case, all_cases

TOLERANCE = 1e-7  # relative to the largest entry of a gradient
SLOW = 2.0  # seconds: a call that takes longer is repeated three times only
# seconds after which what a peer leaves behind is done: the system clears the pages that it gave back (JAX, 128 MiB a
# call of advection: the next call took twice its time), and threads of OpenBLAS look for work for 0.1 s
REST = 0.05 if os.environ.get("BENCHMARK_PROCESSORS", "1") == "1" else 0.15


@dataclass
class Reading:
    """What one peer did. status: ok, missing, refused, error, wrong; only an ok reading has times (in seconds)."""

    peer: str
    status: str
    note: str = ""
    first: float = 0.0  # the first call, which compiles
    times: list[float] = field(default_factory=list)
    agrees: list[str] = field(default_factory=list)  # the peers whose gradients it was compared with

    @property
    def best(self) -> float:
        return min(self.times)

    @property
    def median(self) -> float:
        return statistics.median(self.times)


def seconds(value: float) -> str:
    """A time with three digits and a unit."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def close(ours: tuple[np.ndarray, ...], theirs: tuple[np.ndarray, ...]) -> bool:
    """Whether two results agree, entry by entry, relative to the largest entry."""
    if [a.shape for a in ours] != [b.shape for b in theirs]:
        return False
    for a, b in zip(ours, theirs):
        scale = max(1e-30, float(np.max(np.abs(b), initial=0.0)))
        if not np.all(np.abs(a - b) <= TOLERANCE * scale):
            return False
    return True


def difference(case: Case, args: tuple[Any, ...], directions: list[Any], h: float = 1e-6) -> float:
    """The derivative of the program along `directions` by central differences of fourth order."""

    def value(step: float) -> float:
        moved = list(copy.deepcopy(args))
        for position, direction in zip(case.wrt, directions):
            moved[position] = moved[position] + step * direction
        return float(case.fn(*moved))

    h = h ** (4.0 / 5.0)
    return (8.0 * (value(h) - value(-h)) - (value(2.0 * h) - value(-2.0 * h))) / (12.0 * h)


def matches_differences(case: Case, args: tuple[Any, ...], result: tuple[np.ndarray, ...]) -> str:
    """Compare value and gradients with the plain program; what differs, or nothing. Meant for tiny inputs."""
    value = float(case.fn(*copy.deepcopy(args)))
    if abs(float(result[0]) - value) > 1e-10 * max(1.0, abs(value)):
        return f"value {float(result[0])!r} instead of {value!r}"
    rng = np.random.default_rng(1)
    for _ in range(3):
        directions = [rng.standard_normal(np.shape(args[position])) for position in case.wrt]
        expected = difference(case, args, directions)
        terms = [float(np.sum(g * d)) for g, d in zip(result[1:], directions)]
        if abs(sum(terms) - expected) > 2e-6 * max(1.0, abs(expected), *(abs(t) for t in terms)):
            return f"derivative {sum(terms)!r} along a direction instead of {expected!r}"
    return ""


def _start(name: str, case: Case, args: tuple[Any, ...]) -> tuple[Reading, Any, tuple[np.ndarray, ...]]:
    """Prepare a peer and run its first two calls."""
    try:
        prepared = peers.PEERS[name](case, args)
        begin = time.perf_counter()
        result = prepared.call()
        first = time.perf_counter() - begin + prepared.compiling
        arrays = prepared.arrays(result)
        again = arrays if first > 30.0 else prepared.arrays(prepared.call())
    except peers.Missing as reason:
        return Reading(name, "missing", str(reason)), None, ()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a peer may raise anything at all
        status = "refused" if type(error).__name__ == "Unsupported" else "error"
        return Reading(name, status, f"{type(error).__name__}: {error}"[:400]), None, ()
    if not close(again, arrays):
        return Reading(name, "wrong", "a second call gives another result", first), None, ()
    return Reading(name, "ok", first=first), prepared.call, arrays


def _trust(reading: Reading) -> int:
    """Which peer the others are measured against: written by hand first; the primal has no gradient and comes last."""
    return {"by hand": 0, "JAX expert": 1, "primal": 9}.get(reading.peer, 2)


def _check(case: Case, size: str, readings: list[Reading], results: list[tuple[np.ndarray, ...]]) -> None:
    """Mark as wrong what disagrees: with differences on the tiny inputs, with the most trusted peer elsewhere.

    A gradient that has nothing to be compared with is made again on the tiny inputs.
    """
    trusted: list[tuple[str, tuple[np.ndarray, ...]]] = []
    for reading, result in sorted(zip(readings, results), key=lambda pair: _trust(pair[0])):
        if reading.status != "ok":
            continue
        if reading.peer == "primal":
            if trusted and not close(result, trusted[0][1][:1]):
                reading.status, reading.note = "wrong", f"its value disagrees with {trusted[0][0]}"
            continue
        if size == "tiny":
            reading.note = matches_differences(case, case.args(size), result)
            reading.status = "wrong" if reading.note else "ok"
        elif trusted and not close(result, trusted[0][1]):
            reading.status, reading.note = "wrong", f"disagrees with {trusted[0][0]}"
        if reading.status == "ok":
            reading.agrees = [name for name, _ in trusted]
            trusted.append((reading.peer, result))
    if size != "tiny" and len(trusted) == 1:
        alone = next(reading for reading in readings if reading.peer == trusted[0][0])
        again, _, result = _start(alone.peer, case, case.args("tiny"))
        alone.note = matches_differences(case, case.args("tiny"), result) if again.status == "ok" else again.note
        alone.status = "wrong" if alone.note else "ok"


def measure(case: Case, size: str, names: list[str], repeat: int) -> list[Reading]:
    """Every peer on one program: gradients compared first, then `repeat` rounds in which each peer runs once."""
    args = case.args(size)
    started = [_start(name, case, args) for name in names]
    readings = [reading for reading, _, _ in started]
    _check(case, size, readings, [result for _, _, result in started])
    calls = [(reading, call) for reading, call, _ in started if reading.status == "ok"]
    batches = {id(call): _batch(call) for _, call in calls}
    for round_ in range(repeat):
        for reading, call in calls:
            if round_ < 3 or reading.times[-1] < SLOW:
                reading.times.append(_time_alone(call, batches[id(call)]))
    return readings


def _batch(call: Any) -> int:
    """How many calls make up one timing: enough for 0.2 ms, so that the clock does not matter."""
    once = min(_time(call, 1) for _ in range(2))
    return max(1, min(1000, int(2e-4 / max(once, 1e-9))))


def _time(call: Any, batch: int) -> float:
    begin = time.perf_counter()
    for _ in range(batch):
        call()
    return (time.perf_counter() - begin) / batch


def _time_alone(call: Any, batch: int) -> float:
    """As `_time`, when what other peers left to be done is done, and the call's own threads and caches are warm."""
    time.sleep(REST)
    call()
    return _time(call, batch)


def pin(threads: int) -> dict[str, str]:
    """Environment that holds every library to `threads` threads (0: all)."""
    count = str(threads or len(os.sched_getaffinity(0)))
    libraries = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB", "NUMEXPR")
    environment = {f"{library}_NUM_THREADS": count for library in libraries}
    # XLA takes its number of threads from the processors that the process may use; a first call is not one of modules
    # that are translated anew in each process
    return environment | {"BENCHMARK_PROCESSORS": count, "JAX_PLATFORMS": "cpu", "PYTHONDONTWRITEBYTECODE": ""}


def stay_on_processors() -> None:
    """Let this process use as many processors as `pin` says: with one, srcad is not asked for ``parallel=True``."""
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, processors[-int(os.environ.get("BENCHMARK_PROCESSORS", len(processors))) :])


def main(argv: list[str]) -> None:
    name, size, repeat, *names = argv
    readings = measure(all_cases()[name], size, names, int(repeat))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"readings": [vars(reading) for reading in readings], "peak": peak}))


if __name__ == "__main__":
    stay_on_processors()
    main(sys.argv[1:])
