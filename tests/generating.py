"""What the compiler makes of a program of the corpus, and how to call it, without the public face of srcad."""

from __future__ import annotations

import copy
import inspect
import itertools
import linecache
import textwrap
from dataclasses import dataclass
from typing import Any

from srcad import binding, boundary, generate, leaves
from srcad.pipeline import Generated
from tests.programs.registry import Program

_numbers = itertools.count()


@dataclass(frozen=True)
class Made:
    """A generated module and the arguments of its entry, seeds and tangents apart."""

    generated: Generated
    call: generate.Call

    def inputs(self) -> list[Any]:
        """Fresh values for the inputs of the entry, in order, as a kernel gets them."""
        found = []
        for i in self.generated.inputs:
            at = self.call.at(i.path) if i.origin == "param" else self.call.read(i.origin, i.path)
            found.append(boundary.interpreted_form(copy.deepcopy(at)))
        return found


def make(
    program: Program,
    modes: tuple[str, ...],
    backend: str = "numpy",
    keep_passes: bool = False,
    options: tuple[tuple[str, Any], ...] = (),
) -> Made:
    """Compile a program for its own arguments; lines are counted from its ``def``. options: as in `Settings`."""
    fn = from_line_one(program.fn)
    binder = binding.binder(fn)
    args = program.args()
    values = binder.bind(*args)
    flat: list[Any] = []
    for value in values:
        leaves.key(value, flat)
    wrt = tuple(binder.root(n, len(args)) for n in program.argnums)
    call = generate.Call(binder, values, flat)
    settings = generate.Settings(wrt, modes, backend, program.outputs, options=options)
    return Made(generate.build(call, settings, backend, keep_passes), call)


def from_line_one(fn: Any) -> Any:
    """The same function from a text of its own, that begins with its ``def``; a closure stays where it is."""
    if not inspect.isfunction(fn) or fn.__closure__ or fn.__name__ == "<lambda>" or hasattr(fn, "__wrapped__"):
        return fn
    source = textwrap.dedent(inspect.getsource(fn))
    text = source[source.index(f"def {fn.__name__}(") :]
    file = f"<corpus {next(_numbers)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space: dict[str, Any] = {}
    exec(compile(text, file, "exec"), fn.__globals__, space)
    space[fn.__name__].__module__ = fn.__module__
    return space[fn.__name__]
