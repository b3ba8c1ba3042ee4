"""A call that is like an earlier one, recognised: the checks of `specialise`, written out as straight-line Python.

The checks of types, extents and baked values are those of one kernel; captured values are read anew, overlap is looked
for. Where any check fails, the function returns `MISS`, and `specialise` decides as before.
"""

from __future__ import annotations

import functools
import inspect
import types
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from srcad import captured, leaves
from srcad.kernel import Kernel
from srcad.specialise import Ready

_PLAIN = (int, bool, str)  # equal means the same


class Rare(Exception):
    """Something that only the long way knows how to treat."""


@dataclass
class Text:
    """The function being written, and the objects that it names."""

    lines: list[str] = field(default_factory=list)
    space: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    indent: str = ""

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def constant(self, value: Any) -> str:
        name = f"c{len(self.space)}"
        self.space[name] = value
        return name

    def add(self, line: str) -> None:
        self.lines.append(self.indent + line)

    def unless(self, condition: str) -> None:
        self.add(f"if not ({condition}): return MISS")

    def missing(self, *conditions: str) -> None:
        self.add(f"if {' or '.join(conditions)}: return MISS")


class Checks:
    """Written when it is made; `inputs` are then the variables of the kernel's inputs, with the example's values.

    ready: a call that was answered, with the values `given`, the last of them for the keywords `names`.
    """

    def __init__(self, ready: Ready, given: tuple[Any, ...], names: tuple[str, ...]) -> None:
        self.ready, self.given, self.names, self.text = ready, given, names, Text()
        self.kernel: Kernel = ready.kernel
        self.flat: list[tuple[str, Any]] = []  # (variable, example) of every leaf, in the order of `leaves.key`
        self.shapes: dict[str, str] = {}  # variable of an array -> variable of its shape
        self.parameters: dict[str, str] = {}
        self.variables: dict[leaves.Path, str] = {}  # of every part of the arguments
        plan = self.kernel.plan
        if plan.updates or ready.stateful or plan.backend not in ("numpy", "numba"):
            raise Rare
        self._arguments()
        self._baked()
        self.inputs = self._inputs()
        self._overlap(self.inputs)

    # ---- arguments ----

    def _arguments(self) -> None:
        """Every parameter's value under a name: arguments of the call, and what binding adds to them always."""
        call = self.ready.call
        count = len(self.given) - len(self.names)  # of the positional ones
        places = {name: count + k for k, name in enumerate(self.names)}
        found = set()
        for k, (name, value) in enumerate(zip(call.binder.parameters, call.values)):
            position = k - call.binder.first
            position = position if 0 <= position < count else places.get(name, -1)
            if position < 0:
                self.parameters[name] = self.text.constant(value)
                continue
            if self.given[position] is not value:
                raise Rare
            found.add(position)
            self.parameters[name] = f"p{position}"
        if len(found) != len(self.given):
            raise Rare
        self.text.add(f"{''.join(f'p{k}, ' for k in range(len(self.given)))} = args" if found else "pass")
        self._unchanged(call.binder.function)
        if isinstance(called := call.binder.called, functools.partial):  # its keywords are a dict that may be changed
            keywords = self.text.constant(called.keywords)
            self.text.missing(f"len({keywords}) != {len(called.keywords)}")
            for key, value in called.keywords.items():
                self.text.missing(f"{keywords}.get({key!r}, MISS) is not {self.text.constant(value)}")
        elif isinstance(own := inspect.getattr_static(type(called), "__call__", None), types.FunctionType):
            self.text.missing(f"type({self.text.constant(called)}).__call__ is not {self.text.constant(own)}")
        for function, _ in self.kernel.functions:
            self._unchanged(function)
        for name, value in zip(call.binder.parameters, call.values):
            self._walk(self.parameters[name], value, (name,))

    def _unchanged(self, f: types.FunctionType) -> None:
        """Check that a function has the code and the defaults that it has now."""
        name, keywords = self.text.constant(f), self.text.constant(f.__kwdefaults__)
        self.text.missing(f"{name}.__code__ is not {self.text.constant(f.__code__)}")
        called = any(f is function for function, _ in self.kernel.functions)
        if f.__defaults__ is None and not f.__kwdefaults__ and not called:
            return  # every call gives all that it takes: defaults that it is given later say nothing of this one
        self.text.missing(f"{name}.__defaults__ is not {self.text.constant(f.__defaults__)}")
        self.text.missing(f"{name}.__kwdefaults__ is not {keywords}")
        for key, value in (f.__kwdefaults__ or {}).items():
            self.text.missing(f"{keywords}.get({key!r}, MISS) is not {self.text.constant(value)}")
        if f.__kwdefaults__:
            self.text.missing(f"len({keywords}) != {len(f.__kwdefaults__)}")

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
            raise Rare
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
        for (key, item), variable in zip(leaves.children(value) or [], self._parts(name, value)):
            self._walk(variable, item, (*path, key))

    def _parts(self, name: str, value: Any) -> list[str]:
        """Check that `name` is a container like `value`; the variables of its items."""
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
            raise Rare
        else:
            for (key, _), variable in zip(parts, variables):
                self.text.add(f"{variable} = {name}.{key}")
        return variables

    def _other(self, name: str, value: Any, kind: type) -> None:
        """Strings, None and functions by what they are; an object, whose attributes may be read, by its class."""
        if hasattr(value, "shape") or leaves.is_generator(value):
            raise Rare
        if kind is str:
            self.text.missing(f"type({name}) is not str", f"{name} != {self.text.constant(value)}")
        elif value is None or callable(value):
            self.text.missing(f"{name} is not {self.text.constant(value)}")
        elif hasattr(value, "__dict__"):
            self.text.missing(f"type({name}) is not {self.text.constant(kind)}")
        else:
            raise Rare
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
        for one, axis, n in self.kernel.exact:
            self.text.missing(f"{self._extent(one, axis)} != {n}")
        for position, layout in self.kernel.layouts:
            self.text.missing(f"layout({self.flat[position][0]}) != {layout!r}")
        for space, key, value in self.kernel.watched:
            self.text.missing(f"{self.text.constant(space)}.get({key!r}) is not {self.text.constant(value)}")
        for origin, path, value in self.kernel.baked_hidden:
            self._same(self._read(origin, path), value)

    def _same(self, name: str, value: Any) -> None:
        constant = self.text.constant(value)
        if isinstance(value, leaves.Form):
            raise Rare
        if type(value) in _PLAIN:
            self.text.missing(f"type({name}) is not {self.text.constant(type(value))}", f"{name} != {constant}")
        else:
            self.text.missing(f"{name} is not {constant} and not same({name}, {constant})")

    def _extent(self, position: int, axis: int | None) -> str:
        name, _ = self.flat[position]
        return name if axis is None else f"{self.shapes[name]}[{axis}]"

    def _read(self, origin: str, path: leaves.Path) -> str:
        """A captured value under a name, as it is at the time of the call."""
        if isinstance(path[-1], leaves.Same):
            raise Rare
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
                raise Rare from None
            return f"read({self.text.constant(function)}, {{}}, {origin!r}, {self.text.constant(path)})"
        return f"follow({source}, {self.text.constant(tuple(keys))})" if keys else source

    def _inputs(self) -> list[tuple[str, Any]]:
        """(variable, example) per input of the kernel."""
        found = []
        for pick, (origin, path, _) in zip(self.kernel.picks, self.kernel.plan.inputs):
            if pick is not None:
                found.append(self.flat[pick])
                continue
            name, example = self._read(origin, path), self.ready.call.read(origin, path, self.kernel.target)
            if not isinstance(example, np.ndarray) and type(example) not in leaves.NUMBERS:
                raise Rare
            mark = len(self.flat)
            self._walk(name, example, ("#captured", origin, *path))
            del self.flat[mark:]  # no leaf of an argument
            found.append((name, example))
        return found

    def _overlap(self, inputs: list[tuple[str, Any]]) -> None:
        for k, j in self.kernel.strangers:
            if isinstance(inputs[j][1], np.ndarray):
                self.text.missing(f"may_share_memory({inputs[k][0]}, {inputs[j][0]})")
