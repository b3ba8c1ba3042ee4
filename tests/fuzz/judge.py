"""What became of one random program: dropped, refused, ok, WRONG or error."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import linecache
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np

from tests.fuzz import ways
from tests.fuzz.generate import Source
from tests.programs import checks
from tests.programs.checks import Outcome, Wrong
from tests.programs.reference import _each_element, reference
from tests.programs.registry import Program
from tests.programs.tree import bits, dot, floating, leaves, map_leaves

LARGEST = 1e4
LARGEST_ON_THE_WAY = 1e10  # of which ACCURACY is the last bit: differences see no step beside it
STEP = 5e-4
ACCURACY = 1e-6  # of a gradient by differences, relative to its largest entry
_NAMES = re.compile(r"\b([xywusz]|steps|items|[a-z]{1,3}\d+)_*\b")  # of variables


class Dropped(Exception):
    """The program is no test: it raises, overflows, or has a kink nearby."""


@dataclass(frozen=True)
class Plan:
    """What is checked of a program beside its value and gradient.

    tangent: forward mode. second: a Hessian-vector product. more: at another point, a second time, by autograd.
    lowered: Numba's text, interpreted; compiled on the Numba backend. switches: the same with passes left out.
    seconds: of the processor for each of these.
    """

    tangent: bool = True
    second: bool = False
    more: bool = False
    lowered: bool = False
    switches: tuple[ways.Options, ...] = ()
    seconds: int = 60


ALL = Plan(True, True, True, True, ways.SWITCHES)


def plan(number: int, backend: str) -> Plan:
    """What is checked of a program of a series: the dear ones of its ways less often."""
    if backend == "numba":
        switches = (ways.drawn(number // 3, True),) if number % 3 == 0 else ()
        return Plan(number % 4 == 1, number % 8 == 2, number % 8 == 5, True, switches, 240)
    switches = (ways.drawn(number // 5),) if number % 5 == 3 else ()
    return Plan(True, number % 3 == 0, number % 4 == 1, number % 2 == 0, switches)


def judge(source: Source, backend: str = "numpy", asked: Plan = Plan()) -> Outcome:
    """Run the program and its derivatives; never raises."""
    with loaded(source) as module:
        outcome = checks.guarded(lambda: tame_on_the_way(program_of(module)), 4)
        if outcome.status != "ok":
            return Outcome("dropped", outcome.detail.removeprefix("Dropped: "))
        return judge_module(module, backend, asked)


@contextlib.contextmanager
def loaded(source: Source) -> Iterator[ModuleType]:
    """The module of a program, from a file of its own, where its source can be found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.py"
        path.write_text(source.text(), encoding="utf-8")
        module = load_file(path)
        sys.modules[path.stem] = module  # its functions can be found, as those of a user's module can
        try:
            yield module
        finally:
            del sys.modules[path.stem]
            linecache.cache.pop(str(path), None)


def load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program_of(module: ModuleType) -> Program:
    arguments = module.ARGS
    fills = getattr(module, "FILLS", ())
    fresh: Any = lambda _: copy.deepcopy(arguments)  # noqa: E731
    return Program("fuzz", module.f, fresh, module.ARGNUMS, ("numpy", "numba"), fills, fills or None, None)


def judge_module(module: ModuleType, backend: str = "numpy", asked: Plan = Plan()) -> Outcome:
    """The same for a program with ``f``, ``ARGS`` and ``ARGNUMS``."""
    program = program_of(module)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for is_test in (smooth, filled, *([uncancelled] if backend == "numba" else ())):
            outcome = checks.guarded(lambda: is_test(program), 4)  # noqa: B023
            if outcome.status != "ok":
                return Outcome("dropped", outcome.detail.removeprefix("Dropped: "))
        outcome = checks.guarded(lambda: check_first(program, backend, asked.tangent), asked.seconds)
        if outcome.status == "error" and "takes a function with one real value" in outcome.detail:
            return Outcome("dropped", "its value is no real number")
        for stage in _stages(program, module, backend, asked):
            if outcome.status == "ok":
                outcome = checks.guarded(stage, asked.seconds)
                if outcome.status == "refused":  # the gradient itself was not
                    ways.COUNTS["refused in another way"] += 1
                    outcome = Outcome("ok")
    return outcome


def _stages(program: Program, module: ModuleType, backend: str, asked: Plan) -> Iterator[Callable[[], None]]:
    """What is checked after value, gradient and tangent."""
    if asked.second:
        yield lambda: check_second(program, backend)
    if asked.lowered:
        yield lambda: (ways.check_compiled if backend == "numba" else ways.check_lowered)(program)
    if asked.switches:
        check = ways.check_compiled if backend == "numba" else ways.check_switched
        yield lambda: check(program, asked.switches)
    if asked.more:
        yield lambda: check_more(program, module, backend)


def check_more(program: Program, module: ModuleType, backend: str) -> None:
    """A second call, another point, and a tool outside."""
    ways.check_again(program, backend)
    other = ways.moved(program)
    with contextlib.suppress(Dropped):
        tame_on_the_way(other)
        smooth(other)
        check_first(other, backend)
    with contextlib.suppress(ways.CannotRun):
        ways.check_outside(program, module, Path(module.__file__ or "").read_text(encoding="utf-8"))
        ways.COUNTS["by autograd"] += 1


# ---- is it a test at all? ----


def smooth(program: Program) -> None:
    """Raise `Dropped` unless the program runs, is tame, and its differences can be trusted."""
    args = map_leaves(_widened, program.args())
    try:
        value = program.run(*args)
    except Exception as problem:
        raise Dropped(f"raises {type(problem).__name__}") from None
    _check_tame(value)
    rng = np.random.default_rng(7)
    seed = map_leaves(lambda leaf: rng.uniform(0.5, 1.5, np.shape(leaf)), value)

    def weighted(*args: Any) -> float:
        return dot(seed, program.run(*args))

    try:
        _each_element(args, program.argnums, _trusted, weighted)
    except Dropped:
        raise
    except Exception as problem:
        raise Dropped(f"raises {type(problem).__name__} nearby") from None


def uncancelled(program: Program) -> None:
    """Raise `Dropped` where the value is the rounding that cancelling terms leave: compiled code rounds otherwise."""
    if any(np.any((np.abs(leaf) < 1e-13) & (leaf != 0)) for leaf in floating(program.run(*program.args()))):
        raise Dropped("is what cancelling terms leave")


def filled(program: Program) -> None:
    """Raise `Dropped` where the value depends on memory that nothing has written."""
    if len({str(bits(_with_memory_of(number, program))) for number in (0.3, 1.7)}) > 1:
        raise Dropped("reads what nothing wrote")


def _with_memory_of(number: float, program: Program) -> Any:
    """The program's value where memory that nothing wrote holds a number."""

    def full(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:
            array = make(*args, **kwargs)
            array[...] = number
            return array

        return made

    with (
        mock.patch.object(np, "empty", full(np.empty)),
        mock.patch.object(np, "empty_like", full(np.empty_like)),
        contextlib.suppress(Exception),
    ):
        return program.run(*program.args())


def tame_on_the_way(program: Program) -> None:
    """Raise `Dropped` where the program raises, or a variable becomes so large that a step is lost beside it."""
    file = program.fn.__code__.co_filename

    def watch(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != file:
            return None
        for found in floating(list(frame.f_locals.values())) if event == "line" else ():
            if np.max(np.abs(found), initial=0.0) > LARGEST_ON_THE_WAY:
                raise Dropped("too large on the way")
        return watch

    before = sys.gettrace()
    args = program.args()
    sys.settrace(watch)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            program.run(*args)
    except Dropped:
        raise
    except Exception as problem:
        raise Dropped(f"raises {type(problem).__name__}") from None
    finally:
        sys.settrace(before)


def _widened(leaf: Any) -> Any:
    return leaf.astype(np.float64) if isinstance(leaf, np.ndarray) and leaf.dtype == np.float32 else leaf


def _check_tame(value: Any) -> None:
    found = floating(value)
    if not found or any(not np.all(np.isfinite(leaf)) for leaf in found):
        raise Dropped("not finite")
    if any(np.max(np.abs(leaf), initial=0.0) > LARGEST for leaf in found):
        raise Dropped("too large")


def _trusted(f: Callable[[float], float], x: float) -> float:
    """The derivative by differences; `Dropped` where two widths disagree or both sides of a kink show."""
    h = STEP * max(0.1, abs(x))
    at = {k: f(x + k * h) for k in (-4, -2, -1, 0, 1, 2, 4)}
    fine = (at[-2] - 8 * at[-1] + 8 * at[1] - at[2]) / (12 * h)
    coarse = (at[-4] - 8 * at[-2] + 8 * at[2] - at[4]) / (24 * h)
    scale = max(1.0, abs(fine))
    if not abs(fine - coarse) <= 1e-7 * scale or abs(fine) > LARGEST:
        raise Dropped("not smooth")
    bend, wide = at[-1] - 2 * at[0] + at[1], at[-2] - 2 * at[0] + at[2]
    if abs(bend) > 1e-6 * h and abs(wide) < 3 * abs(bend):
        raise Dropped("not smooth")
    return fine


# ---- first order ----


def check_first(program: Program, backend: str, tangent: bool = True) -> None:
    """Value, gradient and tangent, in the caller's types, from untouched arguments."""
    args = program.args()
    expected = program.run(*args)
    answer = reference(program)
    value, gradient = checks._reverse(program, backend, args, answer.seed)
    checks._check_value(value, expected, backend, ways.CLOSE_SINGLE if checks.is_single(args) else 0.0, program)
    checks._check_form(program, args, gradient)
    checks._check_gradient(program, args, gradient, replace(answer, accuracy=ACCURACY))
    if tangent:
        checks._check_tangent(program, backend, args, gradient, answer.seed, expected)
    checks._same(args, program.args(), "the caller's arguments were changed")


# ---- second order ----


def check_second(program: Program, backend: str) -> None:
    """A Hessian-vector product against differences of the gradient."""
    import srcad

    args = program.args()
    value = program.run(*args)
    if checks.is_single(args) or isinstance(value, (tuple, list, dict)) or np.ndim(value) != 0:
        return
    rng = np.random.default_rng(5)
    directions: list[Any] = [None] * len(args)
    for n in program.argnums:
        directions[n] = map_leaves(lambda leaf: checks._tangent(rng, leaf), args[n])

    def product(scale: float) -> list[Any]:
        """The product by the direction times a number, over the number."""
        longer = tuple(d if d is None else map_leaves(lambda q: scale * q, d) for d in directions)
        found = leaves(srcad.hvp(program.fn, args, longer, argnums=program.argnums, backend=backend))
        return [f / scale for f in found]

    got = product(1.0)
    gradient = srcad.grad(program.fn, argnums=program.argnums, backend=backend)

    def moved(step: float) -> list[Any]:
        pairs = [(a, d) for a, d in zip(args, directions)]
        return leaves(gradient(*(a if d is None else map_leaves(lambda p, q: p + step * q, a, d) for a, d in pairs)))

    fine, coarse = (_slope(moved, h) for h in (2e-4, 4e-4))
    for k, (g, a, b) in enumerate(zip(got, fine, coarse)):
        size = max(1.0, float(np.max(np.abs(a), initial=0.0)))
        if np.max(np.abs(a - b), initial=0.0) > 1e-6 * size:
            return  # the gradient has a kink nearby
        if not np.max(np.abs(g - a), initial=0.0) <= 1e-5 * size:
            if np.max(np.abs(product(1.1)[k] - g), initial=0.0) > 1e-6 * size:
                return  # it is not linear: what rounding leaves of terms that cancel, much enlarged
            raise Wrong(f"Hessian-vector product {checks._short(g)}, differences {checks._short(a)}")


def _slope(f: Callable[[float], list[Any]], h: float) -> list[Any]:
    points = [f(k * h) for k in (-2, -1, 1, 2)]
    return [(a - 8 * b + 8 * c - d) / (12 * h) for a, b, c, d in zip(*points)]


# ---- which failure is it? ----


def key(outcome: Outcome) -> str:
    """Failures of one cause, more or less: the words of the message, and where an error came up."""
    if outcome.status == "refused":
        first = next((line for line in outcome.detail.splitlines() if ": " in line), outcome.detail)
        return "refused: " + _NAMES.sub("_", re.sub(r"^.*?\.py:\d+:\d+: ", "", first))[:70]
    words = re.sub(r"[-+]?\d[\d.e+-]*", "#", outcome.detail.split(":")[0])[:60]
    if outcome.status != "error":
        return f"{outcome.status}: {words}"
    if "RecursionError" in words:
        return "error: RecursionError"
    frames = re.findall(r'File "([^"]+)", line \d+, in (\S+)', outcome.trace)
    where = f"{Path(frames[-1][0]).name}:{frames[-1][1]}" if frames else ""
    return f"error: {words} in {where}"


def describe(outcome: Outcome) -> str:
    """The message, and the last places that an error came through."""
    places = re.findall(r'File "[^"]*/([^"/]+)", line (\d+), in (\S+)', outcome.trace)
    way = " > ".join(f"{file}:{line} {function}" for file, line, function in places[-5:])
    return f"{outcome.status}: {outcome.detail[:400]}" + (f"\n{way}" if outcome.status == "error" else "")


def failed(outcome: Outcome) -> bool:
    return outcome.status in ("WRONG", "error")
