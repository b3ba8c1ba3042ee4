"""Further ways to compute the same derivatives: another point, compiled code in other forms, a tool outside."""

from __future__ import annotations

import collections
import contextlib
import copy
import dataclasses
import re
from collections.abc import Iterable
from random import Random
from types import ModuleType
from typing import Any

import numpy as np

from srcad import products, recovery
from srcad.errors import Unsupported
from srcad.generate import OPTIONAL
from tests.programs import checks
from tests.programs.checks import Wrong
from tests.programs.reference import worst
from tests.programs.registry import Program
from tests.programs.tree import bits, floating, is_floating, leaves, map_leaves

COUNTS: collections.Counter[str] = collections.Counter()  # how many programs ran in other ways
CLOSE, CLOSE_SINGLE = 1e-9, 2e-4  # what two right answers may differ by, in double and single precision
CLOSE_BESIDE_SINGLE = 1e-5  # in double precision, where some arguments are single: fused sums round otherwise
FAR = 1e-4  # what differences tell apart
PASSES = sorted(OPTIONAL)
Options = tuple[tuple[str, Any], ...]
SWITCHES: tuple[Options, ...] = (  # each optional pass left out, then all of them
    *(((name, False),) for name in PASSES),
    tuple((name, False) for name in PASSES),
    (("parallel", True),),
)
UNCHECKED: Options = (("boundscheck", False),)
OF_NUMBA = set(  # alone
    "loops columns ranges gather order products quotients vector_maths parallel boundscheck".split()
)


def drawn(number: int, compiled: bool = False) -> Options:
    """The switches that program `number` is run with: each of `SWITCHES` in turn, or some passes left out."""
    every = (*SWITCHES, UNCHECKED) if compiled else SWITCHES
    rng = Random(number)
    if number % 2:
        return every[rng.randrange(len(every))]
    left_out = tuple((name, False) for name in PASSES if rng.random() < 0.5)
    extra = (("parallel", True),) if rng.random() < 0.3 else UNCHECKED if compiled and rng.random() < 0.3 else ()
    return left_out + extra


class CannotRun(Exception):
    """The outside tool does not run this program."""


def check_again(program: Program, backend: str) -> None:
    """The same arguments a second time: the same bits."""
    import srcad

    if not _is_number(program):
        return
    g = srcad.value_and_grad(program.fn, argnums=program.argnums, backend=backend)
    first, second = g(*program.args()), g(*program.args())
    if bits(first) != bits(second):
        raise Wrong(f"a second call gives {checks._short(second)} after {checks._short(first)}")


def _is_number(program: Program) -> bool:
    value = program.run(*program.args())
    return is_floating(value) and np.ndim(value) == 0


def moved(program: Program) -> Program:
    """The program at another point, where tests may turn out otherwise: what was compiled before must still hold."""

    def other(leaf: Any) -> Any:
        if not is_floating(leaf):
            return leaf
        new = np.asarray(0.31 - 0.87 * np.asarray(leaf), np.asarray(leaf).dtype)
        return new if isinstance(leaf, np.ndarray) else type(leaf)(new)

    args = map_leaves(other, program.args())
    return dataclasses.replace(program, name="moved", make_args=lambda _: copy.deepcopy(args))


# ---- compiled code ----


def check_switched(program: Program, switches: Iterable[Options] = SWITCHES) -> None:
    """The gradient by NumPy's text and by Numba's, interpreted, with optional passes left out."""
    subject = Seeded(program, "numpy")
    expected = _results(subject, ())
    for options in switches:
        if {name for name, _ in options} - OF_NUMBA:
            _compare(program, _results(subject, options), expected, f"NumPy's text with {dict(options)}")
        check_lowered(program, options)


def check_lowered(program: Program, options: Options = ()) -> None:
    """The gradient by Numba's text, interpreted: what the passes for Numba made of it, without compiling.

    Extents that the text finds unlike those it is made for end it: such a call is answered by NumPy's text.
    """
    from tests.generating import make

    subject = Seeded(program, "numpy")
    expected = _results(subject, ())
    try:
        made = make(program, ("reverse",), "numba", options=options)
    except Unsupported:
        COUNTS["refused for Numba"] += 1
        return
    text = re.sub(r"^@njit.*$", "", made.generated.text, flags=re.M).replace("from numba import njit\n", "")
    space: dict[str, Any] = {"__name__": __name__, "prange": range}
    exec(compile(text.replace("from numba import njit, prange\n", ""), "<lowered>", "exec"), space)
    try:
        with np.errstate(all="ignore"), _in_parts(options):
            found = space[made.generated.entry](*made.inputs(), *copy.deepcopy(subject.seeds))
    except ValueError as problem:
        if str(problem) != recovery.MISMATCH:
            raise
        COUNTS["left to NumPy by the text for Numba"] += 1
        return
    found = found if isinstance(found, tuple) else (found,)
    _compare(program, [np.asarray(r) for r in found], expected, f"Numba's text, when interpreted, {dict(options)}")


def _in_parts(options: Options) -> contextlib.AbstractContextManager[None]:
    """Loops that are shared out run in parts, which come in some order."""
    if not dict(options).get("parallel"):
        return contextlib.nullcontext()
    from tests.transforms.in_any_order import ORDERS, shared_out

    return shared_out(ORDERS["shuffled"])


def check_compiled(program: Program, switches: Iterable[Options] = ()) -> None:
    """The gradient by NumPy's text, and by Numba's, compiled as it is and with these switches, and interpreted."""
    expected = _results(Seeded(program, "numpy"), ())
    subject = Seeded(program, "numba")
    for options in ((), *switches):
        _compare(program, _results(subject, options), expected, f"compiled with {dict(options)}")
    ready = _ready(subject, ())
    try:
        interpreted = ready.kernel.compiled.call.py_func(*copy.deepcopy(ready.inputs), *copy.deepcopy(subject.seeds))
    except ValueError as problem:
        if str(problem) == recovery.MISMATCH:
            COUNTS["left to NumPy by the text for Numba"] += 1
        elif "fingerprint of empty list" in str(problem):
            COUNTS["hand an empty list to a compiled function, which no interpreter can"] += 1
        else:
            raise
        return
    _compare(program, [np.asarray(r) for r in interpreted], expected, "compiled, when interpreted")


class Seeded:
    """A program with its arguments, a fixed random seed for each of its results, and kernels of its gradient."""

    def __init__(self, program: Program, backend: str) -> None:
        from srcad.binding import binder

        self.program, self.backend, self.binder = program, backend, binder(program.fn)
        args = program.args()
        self.values = self.binder.bind(*args)
        self.roots = tuple(self.binder.root(n, len(args)) for n in program.argnums)
        self.seeds = self._seeds()

    def _seeds(self) -> list[Any]:
        """One for each result of the kernel: a list whose length the run decides is one."""
        rng, pairs = np.random.default_rng(3), []  # type: ignore[var-annotated]
        kernel = _ready(self, ()).kernel
        products._pair(kernel.plan.value, None, self.program.run(*self.program.args()), pairs)
        values = [pairs[k][1] for k in kernel.seeded]
        return [rng.normal(size=np.shape(x)) if np.ndim(x) else 1.0 for x in values]


def _ready(subject: Seeded, options: Options) -> Any:
    from srcad.generate import Settings
    from srcad.specialise import specialiser

    settings = Settings(subject.roots, ("reverse",), subject.backend, subject.program.outputs, options=options)
    return specialiser(subject.binder, settings).prepare(copy.deepcopy(tuple(subject.values))).again()


def _results(subject: Seeded, options: Options) -> list[np.ndarray]:
    return [np.asarray(r) for r in _ready(subject, options).run(*copy.deepcopy(subject.seeds))]


def _compare(program: Program, got: list[np.ndarray], expected: list[np.ndarray], what: str) -> None:
    close = CLOSE_BESIDE_SINGLE if checks.is_single(program.args()) else CLOSE
    if any(e.dtype == np.float32 for e in expected):
        close = CLOSE_SINGLE
    for g, e in zip(got, expected, strict=True):
        if g.shape != e.shape or worst([g.astype(float)], [e.astype(float)]) > close:
            raise Wrong(f"{what}: {checks._short(g)}, by NumPy {checks._short(e)}")


# ---- outside ----


def check_outside(program: Program, module: ModuleType, text: str) -> None:
    """The gradient by autograd, which runs what writes nothing in place; ours is that of differences, to some digits.

    Raises:
        CannotRun: it does not run this program, or not to the same value. Wrong: it gives another gradient.
    """
    import autograd
    import autograd.numpy

    import srcad

    if not _is_number(program) or checks.is_single(program.args()):
        raise CannotRun
    space: dict[str, Any] = {"math": autograd.numpy, "__name__": __name__}
    outside = re.sub(r"\bmath\.(\w+)", lambda m: f"np.{_NUMPY.get(m[1], m[1])}", text)
    exec(compile(outside.replace("import numpy as np", "import autograd.numpy as np"), "<outside>", "exec"), space)
    args = program.args()
    value, gradient = srcad.value_and_grad(program.fn, argnums=program.argnums, backend="numpy")(*args)
    try:
        theirs, other = autograd.value_and_grad(space["f"], program.argnums)(*copy.deepcopy(args))
        comparable = abs(float(theirs) - float(value)) <= 1e-12 * max(1.0, abs(float(value)))
        ours, others = floating(gradient), leaves(other)
        comparable = comparable and len(ours) == len(others) and all(np.isfinite(o).all() for o in others)
    except Exception as problem:
        raise CannotRun(str(problem)) from None
    if not comparable:
        raise CannotRun
    for g, o in zip(ours, others, strict=True):
        apart = worst([np.asarray(o, float)], [np.asarray(g, float)])
        if apart > FAR:  # differences told ours from theirs
            raise CannotRun("it gives another gradient than differences do")
        if apart > CLOSE:
            raise Wrong(f"gradient {checks._short(g)}, by autograd {checks._short(o)}")


_NUMPY = {"atan": "arctan", "atan2": "arctan2", "asin": "arcsin", "acos": "arccos"}
