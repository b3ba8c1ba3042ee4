"""The compiler on one screen: a straight list of named passes."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from srcad.types import Abstract

if TYPE_CHECKING:
    from srcad.program import Program


@dataclass(frozen=True)
class Request:
    """What to generate.

    target: what `scope` found (`scope.Target`). arguments: an `Abstract` per parameter, in order (bound and
    partial arguments included). wrt: names of the parameters asked for. modes: transforms in order of application:
    () primal, ("reverse",), ("forward",), ("reverse", "forward") is a Hessian-vector product.
    outputs: names of written parameters to return instead of the return value.
    """

    target: Any
    arguments: tuple[Abstract, ...]
    wrt: tuple[str, ...]
    modes: tuple[str, ...] = ("reverse",)
    backend: str = "numpy"
    outputs: tuple[str, ...] | None = None
    has_aux: bool = False
    options: tuple[tuple[str, Any], ...] = ()  # boundscheck, parallel, ..., sorted
    baked: tuple[tuple[str, tuple[Any, ...], Any], ...] = ()  # (origin, path, value) of leaves fixed by value
    extents: tuple[tuple[str, int], ...] = ()  # of the arrays in the call at hand, by their symbols; integers, too
    shared: Any = field(default=None, compare=False, repr=False)  # what other modes made (`shared.Shared`), or None


class NeedValue(Exception):
    """`build` raises it when a number decides the program's structure (an axis, a container's index), or a layout.

    The caller reads the value at (origin, path), adds it to `Request.baked` and asks again; `refusal` is what made it
    necessary, to be shown if the value does not help.
    """

    def __init__(self, origin: str, path: tuple[Any, ...], refusal: Exception | None = None) -> None:
        super().__init__(origin, path)
        self.origin, self.path_, self.refusal = origin, path, refusal


@dataclass(frozen=True)
class Input:
    """A leaf of the generated kernel's arguments.

    origin: "param", "global", "closure" or "attribute"; path: keys from the root object, the first being the
    parameter, global or closure name; name: the kernel's argument name.
    """

    origin: str
    path: tuple[Any, ...]
    name: str


@dataclass(frozen=True)
class Generated:
    """A generated module and how to call it.

    The kernel `entry` takes the leaves of `inputs` in order, then for "reverse" one seed per output leaf
    (a scalar output's seed defaults to 1.0), then for "forward" one tangent per wrt leaf. It returns a flat tuple:
    the output leaves, then (reverse) one adjoint per differentiable wrt leaf, then (forward) the tangents of all those.
    output: the structure of the value. baked: leaves fixed by value, (origin, path, value).
    passes: (name, text) of the program after each pass, for `explain`.
    """

    text: str
    entry: str
    inputs: tuple[Input, ...]
    wrt_leaves: tuple[Input, ...]
    output: Abstract
    baked: tuple[tuple[str, tuple[Any, ...], Any], ...] = ()
    alike: tuple[tuple[str, str | int], ...] = ()  # extents equal to others, or at least so long, as it is made for
    fragile: bool = False  # Python would raise where compiled code gives inf or nan: math functions, number / number
    second: str = ""  # the function of the reverse sweep, where that is one of its own
    written: tuple[str, ...] = ()  # names of inputs that the model writes into
    apart: tuple[str, ...] = ()  # names of inputs that must not share memory with one another
    updates: tuple[tuple[str, tuple[Any, ...]], ...] = ()  # (origin, path) of rebound attributes: the last results
    notes: tuple[str, ...] = ()  # docstring facts: shapes, what is recorded and how many bytes
    reasons: tuple[str, ...] = ()  # what is active, what is recorded and why, for `explain`
    passes: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)


def build(request: Request, keep_passes: bool = False) -> Generated:
    """Run all passes and print the module.

    Raises:
        Unsupported: the program cannot be differentiated. NeedValue: a number decides its structure.
    """
    with _uncollected():
        return _built(request, keep_passes)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for garbage in cycles, which would walk the whole program again and again, for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _built(request: Request, keep_passes: bool) -> Generated:
    from srcad import assemble, finishing, shared
    from srcad.transforms import desugar

    kept: list[tuple[str, str]] = []
    keep = assemble.keeper(kept) if keep_passes else lambda *_: None
    if keep_passes:
        keep("parse", request.target.function)
        keep("desugar", desugar.desugar(request.target.function))
    program, aliases = shared.step(request, (), lambda: _first_order(request, keep))
    for k, mode in enumerate(request.modes):
        program, aliases = shared.step(
            request,
            request.modes[: k + 1],
            lambda: (assemble.transformed(program, mode, aliases, request, keep), aliases),  # noqa: B023  called at once
        )
    return finishing.generated(program, request, keep, kept)


def _first_order(request: Request, keep: Callable[[str, Any], None]) -> tuple[Program, dict[str, set[str]]]:
    """The passes that all modes begin with: the program, and the variables that may share memory."""
    from srcad import assemble, recursion
    from srcad.transforms import alias, layouts, raised, widths

    program = assemble.inlined(request)
    keep("inline", program)
    recursion.prepare(program)
    program = layouts.layouts(program, request)
    program, aliases = alias.alias(program)
    program = layouts.guarded(program, request.backend)
    program = raised.raised(widths.widths(program)) if request.backend == "numba" else program
    assemble.refuse_written_defaults(program, request)
    keep("alias", program)
    return program, aliases
