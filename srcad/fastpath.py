"""The way of a call that is like an earlier one: one generated function checks its arguments and runs the kernel.

`specialise` answers every call, in tens of microseconds. For a derivative computed again and again, its decisions for
one kernel are written out as straight-line Python (`fastcheck`), and so is what is done with its results. Where a check
fails, or what is at hand is rare, the answer is `MISS`, and `specialise` decides as before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from srcad import boundary, captured, leaves, recovery
from srcad.abstract import Num, Seq, numbers, unflatten, without_static
from srcad.fastcheck import Checks, Rare
from srcad.kernel import same
from srcad.specialise import MISS, Ready

Fast = Callable[..., Any]  # of the arguments (and the tangents) as tuples; it answers, or returns MISS
Roots = tuple[leaves.Path, ...]
Moving = dict[leaves.Path, tuple[int, Any]]
Failed = Callable[[Exception, tuple[Any, ...], Any], Any]  # what to do with an exception of the kernel


class Call(NamedTuple):
    """A call that was answered: the values given, the last of them for the keywords `names`; the kernel's results."""

    ready: Ready
    given: tuple[Any, ...]
    names: tuple[str, ...] = ()
    results: tuple[Any, ...] = ()


def gradient(call: Call, roots: Roots, single: bool, valued: bool, failed: Failed) -> Fast | None:
    """A function from arguments to what `grad` (or, `valued`, `value_and_grad`) returns, or to `MISS`.

    It answers the calls that the same kernel fits. None where there is no short way.
    """

    def write(writer: _Writer) -> None:
        if writer.kernel.unit_seed is None:
            raise Rare
        writer.call(
            writer.canonical_inputs(), [writer.text.constant(writer.kernel.unit_seed[0])], [*writer.bars.values()]
        )
        gradients = [writer.structured(root) for root in roots]
        writer.return_gradient(gradients[0] if single else tuple_text(gradients), valued)

    return written(call, write, failed)


def jvp(call: Call, moving: Moving, failed: Failed) -> Fast | None:
    """A function from arguments and tangents to what `jvp` returns.

    moving: (position among the tangents, example) of those that are given, by place.
    """

    def write(writer: _Writer) -> None:
        along = writer.directions(moving)
        dots = [f"d{k}" for k in writer.kernel.seeded]
        writer.call(writer.canonical_inputs(), along, dots)
        writer.return_tangent(dots)

    return written(call, write, failed)


def hvp(call: Call, moving: Moving, roots: Roots, single: bool, failed: Failed) -> Fast | None:
    """A function from arguments and tangents to what `hvp` returns."""

    def write(writer: _Writer) -> None:
        if writer.kernel.unit_seed is None:
            raise Rare
        seed = writer.text.constant(writer.kernel.unit_seed[0])
        firsts = [f"b{k}" for k in range(len(writer.kernel.plan.wrt))]
        dots = [f"d{k}" for k in writer.kernel.seeded]
        along = writer.directions(moving)
        writer.call(writer.canonical_inputs(), [seed, *along], [*firsts, *dots, *writer.bars.values()])
        products = [writer.structured(root) for root in roots]
        writer.text.add(f"return {products[0] if single else tuple_text(products)}")

    return written(call, write, failed)


def value(call: Call, failed: Failed) -> Fast | None:
    """A function from arguments to the value of the function."""

    def write(writer: _Writer) -> None:
        writer.call(writer.canonical_inputs(), [], [])
        writer.text.add(f"return {writer.value()}")

    return written(call, write, failed)


def swept(call: Call, roots: Roots, single: bool | None, rare: Callable[..., Any]) -> Fast | None:
    """A function from arguments to (out, aux, pull), of a kernel whose sweeps are two functions.

    single: whether one derivative is returned, or a tuple; None: a tuple with None for what is not floating. rare:
    answers, of the kernel's results, the shapes of the arguments' arrays, and the value, cotangents of another form.
    """

    def write(writer: _Writer) -> None:
        kept = [f"k{n}" for n in range(writer.count - len(writer.outs))]
        writer.call(writer.canonical_inputs(), [], kept)
        for k, example in zip(kept, writer.results[len(writer.outs) :]):
            if isinstance(example, list):  # which may hold arrays of the caller's
                writer.text.add(f"{k} = snapshot({k})")
        aux = writer.kernel.plan.has_aux
        value = writer.value()
        writer.text.add(f"out, aux = {value}[0], {value}[1]" if aux else f"out, aux = {value}, None")
        shapes = [writer.shapes[name] for name, leaf in writer.flat if isinstance(leaf, np.ndarray)]
        results = f"{tuple_text([*writer.outs, *kept])}, {tuple_text(shapes)}"
        writer.text.add(f"rare = lambda out_bar: {writer.text.constant(rare)}({results}, out, out_bar)")
        if isinstance(writer.kernel.plan.value, Num):
            writer.pull(kept, roots, single)
        else:
            writer.text.add("pull = rare")
        writer.text.add("return out, aux, pull")

    return written(call, write, lambda *_: MISS)


def written(call: Call, write: Callable[[_Writer], None], failed: Failed) -> Fast | None:
    try:
        writer = _Writer(*call)
        write(writer)
        return writer.compiled(failed)
    except Rare:
        return None


def tuple_text(items: list[str]) -> str:
    return f"({''.join(f'{item}, ' for item in items)})"


class _Writer(Checks):
    """Adds to the checks the run of the kernel, and what is made of its results; `results` are the example's."""

    def __init__(
        self, ready: Ready, given: tuple[Any, ...], names: tuple[str, ...], results: tuple[Any, ...] = ()
    ) -> None:
        super().__init__(ready, given, names)
        self.count, self.results = len(results), results
        self.outs = [f"o{k}" for k in range(len(self.kernel.outputs))]
        self.bars = {path: f"g{k}" for k, path in enumerate(self.kernel.plan.wrt)}
        self.floats: set[str] = set()  # results that are Python's floats at every call

    def compiled(self, failed: Failed) -> Fast:
        space = {
            "MISS": MISS, "ndarray": np.ndarray, "like": boundary.like, "zeros": boundary.zeros,
            "compiled_form": boundary.compiled_form, "may_share_memory": np.may_share_memory, "float64": np.float64,
            "follow": leaves.follow, "same": same, "read": captured.read, "finite": recovery.finite,
            "layout": boundary.layout,
            "unflatten": unflatten, "assemble": leaves.assemble, "snapshot": leaves.snapshot, "failed": failed,
            **self.text.space,
        }  # fmt: skip
        body = "\n    ".join(self.text.lines)
        exec(f"def fast(args, tangents=()):\n    {body}\n", space)
        return space["fast"]  # type: ignore[no-any-return]

    def canonical_inputs(self) -> list[str]:
        """The kernel's inputs in the form that it takes."""
        compiled = self.kernel.plan.backend == "numba"
        return [
            f"{name} if {name}.flags.carray else compiled_form({name})"
            if compiled and isinstance(example, np.ndarray)
            else name
            for name, example in self.inputs
        ]

    # ---- tangents ----

    def directions(self, moving: Moving) -> list[str]:
        """A tangent per differentiated leaf, in the kernel's order."""
        given: dict[leaves.Path, str] = {}
        for root, (position, tangent) in moving.items():
            name = self.text.fresh()
            self.text.add(f"{name} = tangents[{position}]")
            self._tangent(name, tangent, self.ready.call.at(root), root, given)
        return [given.get(path) or self._still(path) for path in self.kernel.plan.wrt]

    def _tangent(self, name: str, tangent: Any, value: Any, path: leaves.Path, given: dict[leaves.Path, str]) -> None:
        parts = leaves.children(value)
        if tangent is None:
            self.text.missing(f"{name} is not None")
        elif parts is not None:
            own = leaves.children(tangent)
            if own is None or type(tangent) is not type(value) or [key for key, _ in own] != [key for key, _ in parts]:
                raise Rare
            for variable, (key, item), (_, part) in zip(self._parts(name, tangent), own, parts):
                self._tangent(variable, item, part, (*path, key), given)
        elif not leaves.is_floating(value):
            raise Rare
        elif isinstance(value, np.ndarray):
            dtype, shape = self.text.constant(value.dtype), self.shapes[self.variables[path]]
            self.text.missing(
                f"type({name}) is not ndarray", f"{name}.dtype is not {dtype}", f"{name}.shape != {shape}"
            )
            given[path] = f"{name}.copy()"
        else:
            self.text.missing(f"type({name}) is not {self.text.constant(type(value))}")
            given[path] = name

    def _still(self, path: leaves.Path) -> str:
        value = self.ready.call.at(path)
        if isinstance(value, np.ndarray):
            return f"zeros({self.variables[path]})"
        return self.text.constant(boundary.zeros(value))

    # ---- the kernel and its results ----

    def call(self, arguments: list[str], extra: list[str], results: list[str]) -> None:
        """Run the kernel; its results are the value's leaves and those named."""
        names = [*self.outs, *results]
        if len(names) != self.count or not self.kernel.warm:
            raise Rare
        run = f"{self.text.constant(self.kernel.compiled.call)}({', '.join([*arguments, *extra])})"
        if self.kernel.plan.backend == "numba":  # one signature, one type: as in the example
            self.floats = {name for name, example in zip(names, self.results) if type(example) is float}
        self.text.add(f"try: {', '.join(names)} = {run}")
        self.text.add("except Exception as error: return failed(error, args, tangents)")
        if self.kernel.plan.fragile and self.kernel.plan.backend == "numba":
            self._finite(names)

    def _finite(self, names: list[str]) -> None:
        """Answer with `MISS` where a result is inf or nan; a kernel's results are of the types of the example's."""
        numbers = [name for name in names if name in self.floats]
        others = [name for name in names if name not in self.floats]
        if numbers:  # 0.0 of what is finite, nan of what is not; a sum that overflows is looked at by `specialise`
            self.text.unless(f"({' + '.join(numbers)}) * 0.0 == 0.0")
        if others:
            self.text.unless(f"finite(({', '.join(others)},))")

    def structured(self, root: leaves.Path) -> str:
        """An argument's derivative in its structure, as an expression."""
        return self._gradient(root, self.ready.call.at(root))

    def _gradient(self, path: leaves.Path, example: Any) -> str:
        parts, name = leaves.children(example), self.variables[path]
        if parts is None:
            return self._leaf(path, name, example)
        kind = type(example)
        items = [self._gradient((*path, key), item) for key, item in parts]
        if kind is dict:
            return "{" + ", ".join(f"{self.text.constant(key)}: {g}" for (key, _), g in zip(parts, items)) + "}"
        if kind is list:
            return f"[{', '.join(items)}]"
        if kind is tuple:
            return f"({''.join(f'{g}, ' for g in items)})"
        if isinstance(example, tuple) and leaves.fields(kind):
            return f"{self.text.constant(kind)}({', '.join(items)})"
        pairs = "".join(f"({self.text.constant(key)}, {g}), " for (key, _), g in zip(parts, items))
        return f"assemble({name}, [{pairs}])"

    def _leaf(self, path: leaves.Path, name: str, example: Any) -> str:
        if not leaves.is_floating(example):
            return "None"
        bar = self.bars.get(path)
        if bar is None:
            return f"zeros({name})"
        if isinstance(example, np.ndarray):
            shape, dtype = self.shapes[name], self.text.constant(example.dtype)
            self.text.add(
                f"if type({bar}) is not ndarray or {bar}.shape != {shape} or {bar}.dtype is not {dtype}: "
                f"{bar} = like({bar}, {name})"
            )
        else:
            kind = "float" if type(example) is float else self.text.constant(type(example))
            if kind != "float" or bar not in self.floats:
                self.text.add(f"if type({bar}) is not {kind}: {bar} = like({bar}, {name})")
        return bar

    def pull(self, kept: list[str], roots: Roots, single: bool | None) -> None:
        """``pull``, which runs the reverse sweep on what the forward one kept."""
        self.text.add("def pull(out_bar):")
        self.text.indent = "    "
        seed = self._seed()
        examples = zip(kept, self.results[len(self.outs) :])
        given = [f"snapshot({k})" if isinstance(example, list) else k for k, example in examples]
        assert self.kernel.second is not None
        call = f"{self.text.constant(self.kernel.second.call)}({', '.join([*given, seed])})"
        names = [*self.bars.values()]
        self.text.add(f"{', '.join(names)} = {call}")
        asked = [root for root in roots if single is not None or any(path[: len(root)] == root for path in self.bars)]
        parts = {root: self.structured(root) for root in asked}
        found = [parts.get(root, "None") for root in roots]
        self.text.add(f"return {found[0] if single else tuple_text(found)}")
        self.text.indent = ""

    def _seed(self) -> str:
        """The cotangent of a value that is one number or array, as an expression."""
        example = self.results[0]
        if not leaves.is_floating(example):
            raise Rare
        if isinstance(example, np.ndarray):
            shape = "o0.shape"
            conditions = f"type(out_bar) is not ndarray or out_bar.dtype is not {self.text.constant(example.dtype)}"
            self.text.add(f"if {conditions} or out_bar.shape != {shape}: return rare(out_bar)")
            return "out_bar.copy()"
        self.text.add("if type(out_bar) is not float and type(out_bar) is not float64: return rare(out_bar)")
        return f"{self.text.constant(self.kernel.scalars[0] or type(example))}(out_bar)"

    # ---- what is returned ----

    def value(self) -> str:
        """The value as the function returns it."""
        plan = self.kernel.plan
        casts = self._casts()
        if isinstance(plan.output, Num):
            return casts[0]
        self.text.add(f"value = unflatten({self.text.constant(plan.output)}, [{', '.join(casts)}])")
        return "value"

    def _casts(self) -> list[str]:
        pairs = zip(self.outs, self.kernel.scalars)
        known = {(out, float) for out in self.floats}
        return [
            f"{self.text.constant(cast)}({out})" if cast and (out, cast) not in known else out for out, cast in pairs
        ]

    def return_gradient(self, gradient: str, valued: bool) -> None:
        aux = self.kernel.plan.has_aux
        if not valued and not aux:
            self.text.add(f"return {gradient}")
            return
        value = self.value()
        if not aux:
            self.text.add(f"return {value}, {gradient}")
        elif valued:
            self.text.add(f"return (value[0], value[1]), {gradient}")
        else:
            self.text.add(f"return {gradient}, value[1]")

    def return_tangent(self, dots: list[str]) -> None:
        kernel = self.kernel
        if any(isinstance(t, Seq) for t in numbers(kernel.plan.value)):
            raise Rare
        primal = self._casts()
        moved = dict(zip(kernel.seeded, dots))
        parts = [
            f"like({moved[k]}, {primal[k]})" if k in moved else "None" for k in range(len(numbers(kernel.plan.value)))
        ]
        out_dot = parts[0]
        if not isinstance(kernel.plan.value, Num):
            shape = self.text.constant(without_static(kernel.plan.value))
            out_dot = f"unflatten({shape}, [{', '.join(parts)}])"
        value = self.value()
        self.text.add(f"return value[0], {out_dot}, value[1]" if kernel.plan.has_aux else f"return {value}, {out_dot}")
