"""The way of a call that is like an earlier one: one generated function checks its arguments and runs the kernel.

`specialise` answers every call, in tens of microseconds. For a gradient called again and again with positional
arguments, its decisions for one kernel are written out as straight-line Python: the same checks of types, extents and
baked values, captured values read anew, overlap looked for, results put into the arguments' structure. Where any check
fails, or what is at hand is rare, the answer is `MISS`, and `specialise` decides as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srcad import boundary, captured, leaves, recovery
from srcad.abstract import Num, unflatten
from srcad.kernel import Kernel, same
from srcad.specialise import MISS, Ready

_PLAIN = (int, bool, str)  # equal means the same


class _Rare(Exception):
    """Something that only the long way knows how to treat."""


@dataclass
class _Text:
    """The function being written, and the objects that it names."""

    lines: list[str] = field(default_factory=list)
    space: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def constant(self, value: Any) -> str:
        name = f"c{len(self.space)}"
        self.space[name] = value
        return name

    def add(self, line: str) -> None:
        self.lines.append(line)

    def unless(self, condition: str) -> None:
        self.add(f"if not ({condition}): return MISS")

    def missing(self, *conditions: str) -> None:
        self.add(f"if {' or '.join(conditions)}: return MISS")


def written(
    ready: Ready,
    args: tuple[Any, ...],
    roots: tuple[leaves.Path, ...],
    single: bool,
    valued: bool,
    failed: Callable[[Exception, tuple[Any, ...]], Any],
) -> Callable[[tuple[Any, ...]], Any] | None:
    """A function from positional arguments to what `grad` (or, `valued`, `value_and_grad`) returns, or to `MISS`.

    ready: a call that was answered, with `args`; the function answers others that the same kernel fits. failed: what
    to do with an exception of the kernel, for these arguments. None where there is no short way.
    """
    try:
        return _Writer(ready, args).function(roots, single, valued, failed)
    except _Rare:
        return None


class _Writer:
    def __init__(self, ready: Ready, args: tuple[Any, ...]) -> None:
        self.ready, self.args, self.text = ready, args, _Text()
        self.kernel: Kernel = ready.kernel
        self.flat: list[tuple[str, Any]] = []  # (variable, example) of every leaf, in the order of `leaves.key`
        self.shapes: dict[str, str] = {}  # variable of an array -> variable of its shape
        self.parameters: dict[str, str] = {}
        self.variables: dict[leaves.Path, str] = {}  # of every part of the arguments

    def function(
        self, roots: tuple[leaves.Path, ...], single: bool, valued: bool, failed: Callable[..., Any]
    ) -> Callable[..., Any]:
        plan = self.kernel.plan
        if plan.updates or self.ready.stateful or not self.kernel.warm or plan.backend not in ("numpy", "numba"):
            raise _Rare
        self._arguments()
        self._baked()
        inputs = self._inputs()
        self._overlap(inputs)
        self._call([self._canonical(name, example) for name, example in inputs])
        gradients = [self._structured(root) for root in roots]
        gradient = gradients[0] if single else f"({''.join(f'{g}, ' for g in gradients)})"
        self._return(gradient, valued)
        return self._compiled(failed)

    def _compiled(self, failed: Callable[..., Any]) -> Callable[..., Any]:
        space = {
            "MISS": MISS, "ndarray": np.ndarray, "like": boundary.like, "zeros": boundary.zeros,
            "compiled_form": boundary.compiled_form, "may_share_memory": np.may_share_memory, "float64": np.float64,
            "follow": leaves.follow, "same": same, "read": captured.read, "finite": recovery.finite,
            "unflatten": unflatten, "assemble": leaves.assemble, "failed": failed, **self.text.space,
        }  # fmt: skip
        body = "\n    ".join(self.text.lines)
        exec(f"def fast(args):\n    {body}\n", space)
        return space["fast"]  # type: ignore[no-any-return]

    # ---- arguments ----

    def _arguments(self) -> None:
        """Every parameter's value under a name: arguments of the call, and what binding adds to them always."""
        call = self.ready.call
        first = call.binder.first
        names = []
        for k, (name, value) in enumerate(zip(call.binder.parameters, call.values)):
            position = k - first
            if 0 <= position < len(self.args):
                if self.args[position] is not value:
                    raise _Rare
                names.append(f"p{position}")
                self.parameters[name] = names[-1]
            else:
                self.parameters[name] = self.text.constant(value)
        if len(names) != len(self.args):
            raise _Rare
        self.text.add(f"{''.join(f'{n}, ' for n in names)} = args" if names else "pass")
        for name, value in zip(call.binder.parameters, call.values):
            self._walk(self.parameters[name], value, (name,))

    def _walk(self, name: str, value: Any, path: leaves.Path) -> None:
        """Check that a value has the key of the example's; note its leaves."""
        kind = type(value)
        self.variables[path] = name
        if kind is np.ndarray:
            self._array(name, value)
        elif kind in leaves.NUMBERS:
            self.text.missing(f"type({name}) is not {self.text.constant(kind)}")
            self.flat.append((name, value))
        elif leaves.children(value) is not None:
            self._container(name, value, path)
        else:
            self._other(name, value, kind)

    def _array(self, name: str, value: np.ndarray) -> None:
        if not value.ndim or not value.dtype.isnative:
            raise _Rare
        shape = self.shapes[name] = self.text.fresh()
        dtype = self.text.constant(value.dtype)
        self.text.missing(f"type({name}) is not ndarray", f"{name}.dtype is not {dtype}")
        self.text.add(f"{shape} = {name}.shape")
        ones = [n == 1 for n in value.shape]
        conditions = [f"len({shape}) != {value.ndim}"]
        if any(ones):
            conditions += [f"{shape}[{k}] {'!=' if one else '=='} 1" for k, one in enumerate(ones)]
        else:
            conditions.append(f"1 in {shape}")
        self.text.missing(*conditions)
        self.flat.append((name, value))

    def _container(self, name: str, value: Any, path: leaves.Path) -> None:
        kind = type(value)
        self.text.missing(f"type({name}) is not {self.text.constant(kind)}")
        parts = leaves.children(value) or []
        variables = [self.text.fresh() for _ in parts]
        listed = "".join(f"{v}, " for v in variables)
        if isinstance(value, (tuple, list)):
            self.text.missing(f"len({name}) != {len(parts)}")
            self.text.add(f"{listed} = {name}" if parts else "pass")
        elif kind is dict:
            self.text.missing(f"tuple({name}) != {self.text.constant(tuple(value))}")
            self.text.add(f"{listed} = {name}.values()" if parts else "pass")
        elif isinstance(value, dict) or not all(str(key).isidentifier() for key, _ in parts):
            raise _Rare
        else:
            for (key, _), variable in zip(parts, variables):
                self.text.add(f"{variable} = {name}.{key}")
        for (key, item), variable in zip(parts, variables):
            self._walk(variable, item, (*path, key))

    def _other(self, name: str, value: Any, kind: type) -> None:
        """Strings, None and functions by what they are; an object, whose attributes may be read, by its class."""
        if hasattr(value, "shape") or leaves.is_generator(value):
            raise _Rare
        if kind is str:
            self.text.missing(f"type({name}) is not str", f"{name} != {self.text.constant(value)}")
        elif value is None or callable(value):
            self.text.missing(f"{name} is not {self.text.constant(value)}")
        elif hasattr(value, "__dict__"):
            self.text.missing(f"type({name}) is not {self.text.constant(kind)}")
        else:
            raise _Rare
        self.flat.append((name, value))

    # ---- what was baked in, what is captured ----

    def _baked(self) -> None:
        for position, value in self.kernel.baked_leaves:
            name, _ = self.flat[position]
            self._same(name, value)
        for one, axis, other, last in self.kernel.alike:
            self.text.missing(f"{self._extent(one, axis)} != {self._extent(other, last)}")
        for one, axis, n in self.kernel.least:
            self.text.missing(f"{self._extent(one, axis)} < {n}")
        for space, key, value in self.kernel.watched:
            self.text.missing(f"{self.text.constant(space)}.get({key!r}) is not {self.text.constant(value)}")
        for origin, path, value in self.kernel.baked_hidden:
            self._same(self._read(origin, path), value)

    def _same(self, name: str, value: Any) -> None:
        constant = self.text.constant(value)
        if isinstance(value, leaves.Form):
            raise _Rare
        if type(value) in _PLAIN:
            self.text.missing(f"type({name}) is not {self.text.constant(type(value))}", f"{name} != {constant}")
        else:
            self.text.missing(f"{name} is not {constant} and not same({name}, {constant})")

    def _extent(self, position: int, axis: int | None) -> str:
        name, _ = self.flat[position]
        return name if axis is None else f"{self.shapes[name]}[{axis}]"

    def _read(self, origin: str, path: leaves.Path) -> str:
        """A captured value under a name, as it is at the time of the call."""
        name = self.text.fresh()
        self.text.add(f"try: {name} = {self._source(origin, path)}")
        self.text.add("except (LookupError, AttributeError, ValueError): return MISS")
        return name

    def _source(self, origin: str, path: leaves.Path) -> str:
        """Where `captured.read` finds a value, looked up once; what may be another at the next call is not."""
        function = self.ready.call.binder.function
        root, *keys = path
        home, _, dotted = str(root).rpartition(":")
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        if origin in ("param", "attribute"):
            source, home = self.parameters[root], ""
        elif (
            origin == "closure"
            and home == f"{function.__module__}.{function.__qualname__}"
            and dotted in self.parameters
        ):
            source, home = self.parameters[dotted], ""
        elif origin == "closure" and root in cells:
            source = f"{self.text.constant(cells[root])}.cell_contents"
        elif origin == "global" and root in function.__globals__:
            source = f"{self.text.constant(function.__globals__)}[{root!r}]"
        else:
            try:
                captured.read(function, {}, origin, path)
            except LookupError:
                raise _Rare from None
            return f"read({self.text.constant(function)}, {{}}, {origin!r}, {self.text.constant(path)})"
        return f"follow({source}, {self.text.constant(tuple(keys))})" if keys else source

    def _inputs(self) -> list[tuple[str, Any]]:
        """(variable, example) per input of the kernel."""
        found = []
        for pick, (origin, path, _) in zip(self.kernel.picks, self.kernel.plan.inputs):
            if pick is not None:
                found.append(self.flat[pick])
                continue
            name, example = self._read(origin, path), self.ready.call.read(origin, path)
            if not isinstance(example, np.ndarray) and type(example) not in leaves.NUMBERS:
                raise _Rare
            mark = len(self.flat)
            self._walk(name, example, ("#captured", origin, *path))
            del self.flat[mark:]  # no leaf of an argument
            found.append((name, example))
        return found

    def _overlap(self, inputs: list[tuple[str, Any]]) -> None:
        for k in self.kernel.plan.written:
            for j, (other, example) in enumerate(inputs):
                if j != k and isinstance(example, np.ndarray):
                    self.text.missing(f"may_share_memory({inputs[k][0]}, {other})")

    def _canonical(self, name: str, example: Any) -> str:
        if self.kernel.plan.backend == "numba" and isinstance(example, np.ndarray):
            return f"{name} if {name}.flags.carray else compiled_form({name})"
        return name

    # ---- the kernel and its results ----

    def _call(self, arguments: list[str]) -> None:
        kernel = self.kernel
        seed = kernel.unit_seed
        if seed is None:
            raise _Rare
        self.outs = [f"o{k}" for k in range(len(kernel.outputs))]
        self.bars = {path: f"g{k}" for k, path in enumerate(kernel.plan.wrt)}
        run = f"{self.text.constant(kernel.compiled.call)}({', '.join([*arguments, self.text.constant(seed[0])])})"
        results = [*self.outs, *self.bars.values()]
        self.text.add(f"try: {', '.join(results)} = {run}" if len(results) > 1 else f"try: {results[0]} = {run}")
        self.text.add("except Exception as error: return failed(error, args)")
        if kernel.plan.fragile and kernel.plan.backend == "numba":
            self.text.unless(f"finite(({', '.join(results)},))")

    def _structured(self, root: leaves.Path) -> str:
        """An argument's gradient in its structure, as an expression."""
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
            kinds = self.text.constant((float, np.float64) if type(example) is float else (type(example),))
            self.text.add(f"if type({bar}) not in {kinds}: {bar} = like({bar}, {name})")
        return bar

    def _return(self, gradient: str, valued: bool) -> None:
        kernel = self.kernel
        plan = kernel.plan
        if not valued and not plan.has_aux:
            self.text.add(f"return {gradient}")
            return
        casts = [f"{self.text.constant(cast)}({out})" if cast else out for out, cast in zip(self.outs, kernel.scalars)]
        value = casts[0]
        if not isinstance(plan.output, Num):
            self.text.add(f"value = unflatten({self.text.constant(plan.output)}, [{', '.join(casts)}])")
            value = "value"
        if not plan.has_aux:
            self.text.add(f"return {value}, {gradient}")
        elif valued:
            self.text.add(f"return (value[0], value[1]), {gradient}")
        else:
            self.text.add(f"return {gradient}, value[1]")
