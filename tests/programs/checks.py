"""What is checked of one program on one backend; never raises, whatever the program or srcad does."""

from __future__ import annotations

import ast
import copy
import linecache
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.programs.reference import Reference, reference, worst
from tests.programs.registry import Program
from tests.programs.tree import bits, dot, floating, is_floating, leaves, map_leaves


class Wrong(AssertionError):
    """srcad answered, and the answer is not right."""


@dataclass(frozen=True)
class Outcome:
    """status: "ok", "WRONG", "refused" (`srcad.Unsupported`) or "error" (any other exception)."""

    status: str
    detail: str = ""
    trace: str = ""


def check(
    program: Program,
    backend: str = "numpy",
    seconds: int = 120,
    answer: Callable[[Program], Reference] = reference,
) -> Outcome:
    """Value, gradient, tangent, repetition and ownership of one program; `answer` gives the gradient to expect."""
    return guarded(lambda: _check(program, backend, answer), seconds)


def guarded(work: Callable[[], None], seconds: int) -> Outcome:
    """Do `work`; what it raises, or that it does not end, becomes the outcome.

    seconds: of the processor, so that a busy machine is no finding; of the clock, eight times as many.
    """
    import srcad

    refused: Any = getattr(srcad, "Unsupported", ())
    limits = ((signal.SIGPROF, signal.ITIMER_PROF, seconds), (signal.SIGALRM, signal.ITIMER_REAL, 8 * seconds))
    previous = [signal.signal(sent, _expired) for sent, _, _ in limits]
    for _, timer, limit in limits:
        signal.setitimer(timer, limit)
    try:
        work()
        return Outcome("ok")
    except Wrong as problem:
        return Outcome("WRONG", str(problem), traceback.format_exc())
    except refused as reason:
        return Outcome("refused", str(reason), traceback.format_exc())
    except Exception as problem:
        return Outcome("error", f"{type(problem).__name__}: {problem}", traceback.format_exc())
    finally:
        for (sent, timer, _), handler in zip(limits, previous):
            signal.setitimer(timer, 0)
            signal.signal(sent, handler)


def _expired(*_: Any) -> None:
    raise TimeoutError("took too long")


def _check(program: Program, backend: str, expect: Callable[[Program], Reference]) -> None:
    if program.raises is not None:
        return _check_raises(program, backend)
    args = program.args()
    before = copy.deepcopy(args)
    expected = program.run(*args)
    answer = expect(program)
    value, gradient = _reverse(program, backend, args, answer.seed)
    _same(args, before, "the caller's arguments were changed by reverse mode")
    _check_value(value, expected, backend)
    _check_form(program, args, gradient)
    _check_gradient(program, args, gradient, answer)
    again = _reverse(program, backend, program.args(), answer.seed)
    _same((value, gradient), again, "a second call gives other bits")
    args = program.args()
    _check_tangent(program, backend, args, gradient, answer.seed, expected)
    _same(args, before, "the caller's arguments were changed by forward mode")


def _reverse(program: Program, backend: str, args: tuple[Any, ...], seed: Any) -> tuple[Any, tuple[Any, ...]]:
    import srcad

    options: dict[str, Any] = {"argnums": program.argnums, "backend": backend}
    if isinstance(seed, float) and program.outputs is None:
        return srcad.value_and_grad(program.fn, **options)(*args)
    value, pull = srcad.vjp(program.fn, *args, outputs=program.outputs, **options)
    return value, pull(map_leaves(_like, seed, value))


def _like(seed: Any, out: Any) -> Any:
    """A seed in the dtype of its output."""
    return None if seed is None else np.asarray(seed, np.asarray(out).dtype) if np.ndim(seed) else seed


def _check_raises(program: Program, backend: str) -> None:
    import srcad

    expected = _raised(lambda: program.run(*program.args()))
    f = srcad.value_and_grad(program.fn, argnums=program.argnums, backend=backend)
    got = _raised(lambda: f(*program.args()))
    if got is not None and type(got) is not type(expected):
        raise got
    if str(got) != str(expected):
        raise Wrong(f"raised {got!r}, the function itself {expected!r}")


def _raised(f: Callable[[], Any]) -> BaseException | None:
    try:
        f()
    except Exception as problem:
        return problem
    return None


def _same(got: Any, expected: Any, message: str) -> None:
    if bits(got) != bits(expected):
        raise Wrong(message)


def _check_value(
    value: Any, expected: Any, backend: str, accuracy: float = 0.0, program: Program | None = None
) -> None:
    """Bit-identical on NumPy; compiled code may round differently in the last digits.

    accuracy: relative, if that is less: of a float64 value that float32 sums go into, which NumPy rounds otherwise.
    program: of a series; its text is asked where a number is single precision that is double on NumPy.
    """
    if backend == "numpy":
        return _same(value, expected, f"value {_short(value)}, undecorated {_short(expected)}")
    for k, (v, e) in enumerate(zip(leaves(value), leaves(expected))):
        if accuracy and _is_of_one_type(v, e, lambda k=k: program is not None and types_in_single(program)[k]):
            continue
        if program is not None and type(e) is int and isinstance(v, float) and v == e:
            continue  # max(n, x[0]): compiled, it has one type (docs/backends.md)
        if np.shape(v) != np.shape(e) or np.asarray(v).dtype != np.asarray(e).dtype:
            raise Wrong(f"value {_short(v)} is not of the form of {_short(e)}")
        if not is_floating(e):
            continue
        rtol, atol = max(_rounding(e) * 1e4, accuracy), max(_rounding(e), accuracy * 1e-3)
        if not np.allclose(v, e, rtol=rtol, atol=atol, equal_nan=True):
            raise Wrong(f"value {_short(value)}, undecorated {_short(expected)}")


def _is_of_one_type(got: Any, expected: Any, narrow: Callable[[], Any]) -> bool:
    """Compiled, a variable has one type: a number that is Python's here and single precision elsewhere is single, one
    that is single here and double elsewhere is double (docs/backends.md). So is what NumPy's functions make of the
    former; narrow: its type where Python's numbers are single precision."""
    of_pythons = type(expected) is float or isinstance(expected, np.float64) and isinstance(got, np.float32)
    if of_pythons and (type(expected) is float or narrow() == np.float32):
        return isinstance(got, np.float32) and bool(got == np.float32(expected))
    single = isinstance(expected, np.float32) and isinstance(got, np.float64)
    return single and bool(np.isclose(np.float32(got), expected, rtol=4 * np.finfo(np.float32).eps, atol=0.0))


def types_in_single(program: Program) -> list[np.dtype[Any]]:
    """The types of the program's results where each of Python's numbers in it is one of single precision."""
    file = program.fn.__code__.co_filename
    tree = _Single().visit(ast.parse("".join(linecache.getlines(file))))
    space: dict[str, Any] = {"__name__": "in_single"}
    exec(compile(ast.fix_missing_locations(tree), file, "exec"), space)
    args = map_leaves(lambda a: np.float32(a) if type(a) is float else a, list(program.args()))
    return [np.asarray(leaf).dtype for leaf in leaves(space[program.fn.__name__](*args))]


class _Single(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, float):
            return node
        return ast.Call(ast.Attribute(ast.Name("np", ast.Load()), "float32", ast.Load()), [node], [])


def _rounding(leaf: Any) -> float:
    return float(np.finfo(np.asarray(leaf).dtype).eps)


def _check_form(program: Program, args: tuple[Any, ...], gradient: tuple[Any, ...]) -> None:
    """Structure, dtype and shape of the arguments; memory of nobody else."""
    if not isinstance(gradient, tuple) or len(gradient) != len(program.argnums):
        raise Wrong(f"{len(program.argnums)} gradients asked for, got {_short(gradient)}")
    for n, tree in zip(program.argnums, gradient):
        if type(tree) is not type(args[n]) and not is_floating(args[n]):
            raise Wrong(f"gradient of argument {n} is a {type(tree).__name__}, not a {type(args[n]).__name__}")
        for leaf, g in zip(leaves(args[n]), leaves(tree)):
            if is_floating(leaf) and (np.shape(g), np.asarray(g).dtype) != (np.shape(leaf), np.asarray(leaf).dtype):
                raise Wrong(f"gradient of argument {n} is {_short(g)} for {_short(leaf)}")
    arrays = [g for g in leaves(gradient) if isinstance(g, np.ndarray)]
    others = [a for a in leaves(args) if isinstance(a, np.ndarray)]
    for k, g in enumerate(arrays):
        if any(np.shares_memory(g, other) for other in others + arrays[:k]):
            raise Wrong("a gradient shares memory with an argument or another gradient")


def _check_gradient(program: Program, args: tuple[Any, ...], gradient: tuple[Any, ...], answer: Any) -> None:
    accuracy = 2e-4 if is_single(args) else answer.accuracy
    for n, got, expected in zip(program.argnums, gradient, answer.gradient):
        error = worst(got, expected)
        if error > accuracy:
            raise Wrong(
                f"gradient of argument {n} is off by {error:.1e}: {_short(got)}, differences {_short(expected)}"
            )


def _check_tangent(
    program: Program, backend: str, args: tuple[Any, ...], gradient: tuple[Any, ...], seed: Any, expected: Any
) -> None:
    """Forward against reverse: <seed, out_dot> == <x_bar, x_dot>."""
    import srcad

    rng = np.random.default_rng(11)
    tangents: list[Any] = [None] * len(args)
    for n in program.argnums:
        tangents[n] = map_leaves(lambda leaf: _tangent(rng, leaf), args[n])
    value, out_dot = srcad.jvp(program.fn, args, tuple(tangents), outputs=program.outputs, backend=backend)
    _check_value(value, expected, backend, 2e-4 if is_single(args) else 0.0, program)
    left = dot(map_leaves(lambda s: 0 if s is None else s, seed), out_dot)
    asked = tuple(tangents[n] for n in program.argnums)
    right = dot(map_leaves(lambda g: 0 if g is None else g, gradient), asked)
    size = max(1.0, abs(right), *(float(np.max(np.abs(g), initial=0.0)) for g in floating(gradient)))
    if not abs(left - right) <= (1e-3 if is_single(args) else 1e-9) * size:
        raise Wrong(f"forward and reverse disagree: <out_bar, out_dot> = {left!r}, <x_bar, x_dot> = {right!r}")


def _tangent(rng: np.random.Generator, leaf: Any) -> Any:
    if not is_floating(leaf):
        return None
    if np.ndim(leaf) == 0 and not isinstance(leaf, (np.ndarray, np.generic)):
        return float(rng.standard_normal())
    dot_ = np.asarray(rng.standard_normal(np.shape(leaf))).astype(leaf.dtype)
    return dot_ if isinstance(leaf, np.ndarray) else leaf.dtype.type(dot_)


def is_single(args: Any) -> bool:
    """Whether some of the arguments are float32, and no more digits can be expected."""
    return any(np.asarray(leaf).dtype == np.float32 for leaf in floating(args))


def _short(value: Any) -> str:
    text = np.array2string(value, precision=6, threshold=6) if isinstance(value, np.ndarray) else repr(value)
    return " ".join(text.split())[:160]
