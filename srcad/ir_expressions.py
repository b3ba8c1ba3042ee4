"""Places in a text, and the nodes of expressions (see `ir`)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, Union

if TYPE_CHECKING:
    from srcad.ir_statements import Function


@dataclass(frozen=True, eq=False)
class Source:
    """A text that functions were parsed from; compared by identity."""

    file: str
    text: str

    def line(self, number: int) -> str:
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


@dataclass(frozen=True)
class Loc:
    """A place: lines from 1, columns from 0 (as `ast` counts, in characters)."""

    source: Source = field(repr=False)
    line: int
    col: int
    end_line: int
    end_col: int

    @property
    def text(self) -> str:
        """The verbatim text of the place, its lines stripped and joined by one blank."""
        lines = self.source.text.splitlines()[self.line - 1 : self.end_line]
        if not lines:
            return ""
        lines[-1] = lines[-1][: self.end_col]
        lines[0] = lines[0][self.col :]
        return " ".join(line.strip() for line in lines)


def loc_field() -> Any:
    """Where a node was written: the same code elsewhere is equal."""
    return field(default=None, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True)
class Const:
    """A literal: float, int, bool, complex, str, None or Ellipsis. `kind` keeps 1, 1.0 and True apart."""

    value: Any
    kind: str = ""
    loc: Loc | None = loc_field()

    def __post_init__(self) -> None:
        if isinstance(self.value, enum.Enum):  # a member of an IntEnum or StrEnum is written as the number or string
            object.__setattr__(self, "value", self.value.value)
        object.__setattr__(self, "kind", type(self.value).__name__)


@dataclass(frozen=True)
class Name:
    """A local variable or parameter."""

    id: str
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Ref:
    """Something that is not local, by what it is: ``numpy.tanh``, ``builtins.len``, ``math.pi``.

    `obj` is what the scope found (a live object, a `scope.UserFunction`, ...), for what has no library name.
    """

    path: str
    obj: Any = field(default=None, compare=False, repr=False)
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Attr:
    base: Expr
    name: str
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Slice:
    lower: Expr | None
    upper: Expr | None
    step: Expr | None = None
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Index:
    """``base[items]``; one item for ``x[i]``, several for ``x[i, j]``; `Const(None)` is newaxis."""

    base: Expr
    items: tuple[Expr, ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Unary:
    op: str  # "-" "+" "~" "not"
    operand: Expr
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Binary:
    op: str  # + - * / // % ** @ & | ^ << >>
    left: Expr
    right: Expr
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Compare:
    """``a < b < c``: len(items) == len(ops) + 1; desugar leaves one op each where operands are not cheap."""

    ops: tuple[str, ...]  # < <= > >= == != "is" "is not" "in" "not in"
    items: tuple[Expr, ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class BoolOp:
    op: str  # "and" "or"
    items: tuple[Expr, ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class IfExp:
    test: Expr
    body: Expr
    orelse: Expr
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Call:
    fn: Expr
    args: tuple[Expr, ...] = ()
    kwargs: tuple[tuple[str | None, Expr], ...] = ()  # a None key is ``**mapping``
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Tuple:
    items: tuple[Expr, ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class List:
    items: tuple[Expr, ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Dict:
    keys: tuple[Expr | None, ...]  # a None key is ``**mapping``
    values: tuple[Expr, ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class FString:
    """Parts are `Const` strings and `(expr, conversion, format spec)` triples."""

    parts: tuple[Const | tuple[Expr, str | None, str | None], ...]
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Lambda:
    function: Function
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Starred:
    value: Expr
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Walrus:
    target: Name
    value: Expr
    loc: Loc | None = loc_field()


@dataclass(frozen=True)
class Generator:
    """One ``for target in iter if test...`` of a comprehension."""

    target: Expr
    iter: Expr
    tests: tuple[Expr, ...] = ()


@dataclass(frozen=True)
class Comprehension:
    kind: str  # "list" "set" "dict" "generator"
    element: Expr  # for a dict: Tuple((key, value))
    generators: tuple[Generator, ...]
    loc: Loc | None = loc_field()


Expr: TypeAlias = Union[
    Const,
    Name,
    Ref,
    Attr,
    Slice,
    Index,
    Unary,
    Binary,
    Compare,
    BoolOp,
    IfExp,
    Call,
    Tuple,
    List,
    Dict,
    FString,
    Lambda,
    Starred,
    Walrus,
    Comprehension,
]
