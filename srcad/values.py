"""What the partial evaluator knows of a value: a residual expression, a constant, a container, a function.

A `State` maps variables to values; containers live on its heap, so that two names of one list see each other's writes.
States are copied where control flow splits and merged where it meets.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar, Union

from srcad import ir, library
from srcad.types import Num, Seq

Error = TypeVar("Error", bound=Exception)


@dataclass(frozen=True)
class Dyn:
    """A number, an array or a run-time list: `expr` computes it; `const` is its value where that is known too."""

    expr: ir.Expr
    type: Num | Seq
    const: ir.Const | None = None


@dataclass(frozen=True)
class Known:
    """A value that exists while transforming: None, a string, a dtype, a function, a class, a module.

    place: where it is found again, (origin, path), if it is a part of something that was captured or given.
    """

    value: Any
    expr: ir.Expr | None = None
    place: tuple[str, tuple[Any, ...]] | None = field(default=None, compare=False)

    def __eq__(self, other: object) -> bool:
        """Objects of the user's are what they are, whatever their class calls equal."""
        if not isinstance(other, Known):
            return NotImplemented
        if library.has_state(self.value) or library.has_state(other.value):
            return self.value is other.value and self.expr == other.expr
        return bool(self.value == other.value) and self.expr == other.expr


@dataclass(frozen=True)
class Ptr:
    """A container on the heap."""

    id: int


@dataclass(frozen=True)
class Closure:
    """A nested ``def`` or lambda together with the frame it was made in and the defaults as they were then."""

    function: ir.Function
    frame: str
    defaults: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True)
class Bound:
    """A method: `owner` is the receiver, `name` the method's name, `function` its definition if it is the user's."""

    owner: Value
    name: str
    function: Any = None


@dataclass(frozen=True)
class Lazy:
    """What is evaluated when it is used. kind: "range", "slice" (three bounds), an iterator ("zip" "enumerate"
    "reversed" "map" "filter" "iter"), which has a serial number, or a dict's view ("keys" "values" "items")."""

    kind: str
    args: tuple[Value, ...]
    serial: int = 0


@dataclass(frozen=True)
class Generator:
    """A generator expression and the frame of the variables it reads; `serial` is its identity."""

    expr: ir.Comprehension
    frame: str
    serial: int

    @property
    def source(self) -> str:
        """The variable of what its first loop runs over."""
        return f"items#{self.serial}"


@dataclass(frozen=True)
class Stream:
    """What a generator function returned: its body, and the frame of its arguments, which live until it is used up.

    `function` is desugared; `serial` is its identity.
    """

    function: ir.Function
    frame: str
    serial: int


@dataclass(frozen=True)
class Text:
    """A string known only at run time: good for messages."""

    expr: ir.Expr


@dataclass(frozen=True)
class Conflict:
    """A variable whose values on two paths cannot be one variable; an error when it is read."""

    reason: str
    decision: tuple[Any, ...] | None = None  # what the evaluator may decide to make one variable of it after all


@dataclass(frozen=True)
class Maybe:
    """A number that is None on some paths: `absent` tells at run time; `value` is read only where it is not None."""

    absent: Dyn
    value: Dyn


@dataclass(frozen=True)
class Table:
    """A list of lists of numbers that an array holds, or a row: ``array[prefix]``. `site` is where it was made."""

    array: Dyn
    prefix: tuple[Dyn, ...] = ()
    site: Any = None


ROW = "row"  # the site of a container that was read from `Rows`: a change of it would be lost


@dataclass(frozen=True)
class Rows:
    """A list of unknown length of containers of one structure (kind, keys, cls): a run-time list for each part."""

    columns: tuple[Dyn, ...]
    kind: str
    keys: tuple[Any, ...]
    cls: Any = None


@dataclass(frozen=True)
class Partial:
    """``functools.partial(fn, *args, **kwargs)`` made inside the model, or a derivative ``srcad.grad(f)``."""

    fn: Value
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()
    derivative: str = ""  # "", "grad", "value_and_grad", ...


Value: TypeAlias = Union[
    Dyn, Known, Ptr, Closure, Bound, Lazy, Generator, Stream, Text, Conflict, Maybe, Table, Rows, Partial
]


@dataclass(frozen=True)
class Box:
    """A container's contents. `expr` prints it as a whole where one expression gives it (``x.shape``).

    `bound`: its numbers are held by variables of its own, so that the container can be changed or merged.
    `site` is where it was made. `maybe` are the containers that may be the same object: where two paths meet under one
    name that stood for two of them.
    """

    kind: str  # tuple list dict namedtuple dataclass object
    keys: tuple[Any, ...]
    items: tuple[Value, ...]
    cls: Any = None
    expr: ir.Expr | None = None
    bound: bool = False
    site: Any = None
    maybe: frozenset[int] = frozenset()

    @property
    def growing(self) -> bool:
        """Whether it is a list that the program makes, which can be one of unknown length instead."""
        return self.kind == "list" and isinstance(self.site, tuple) and self.site[0] == "list"

    def index(self, key: Any) -> int | None:
        """The position of `key`, comparing types too for dicts (1 and True are one key in Python, so are they here)."""
        return next((k for k, own in enumerate(self.keys) if own == key), None)

    def with_item(self, position: int, value: Value) -> Box:
        return replace(self, items=(*self.items[:position], value, *self.items[position + 1 :]), expr=None)

    def with_items(self, items: tuple[Value, ...]) -> Box:
        return replace(self, items=items, expr=None)


def certain(error: Error, box: Box | None = None) -> Error:
    """Marks an exception that the program itself raises here, every time that it comes by.

    box: the list that is too short, which in a loop it may be in the first iteration alone.
    """
    error.certain = True  # type: ignore[attr-defined]
    if box is not None and box.growing:
        error.growing = box.site  # type: ignore[attr-defined]
    return error


@dataclass
class State:
    frames: dict[str, dict[str, Value]] = field(default_factory=dict)
    heap: dict[int, Box] = field(default_factory=dict)

    def copy(self) -> State:
        return State({k: dict(v) for k, v in self.frames.items()}, dict(self.heap))
