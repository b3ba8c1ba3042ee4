"""Abstract values: what is known about a value before the program runs.

`describe` takes them from live values, `parse_types` from text (``f8[:,:]``), `infer` from expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias, Union


@dataclass(frozen=True)
class Dim:
    """An extent, or an integer, in linear form: ``const + sum(coef * symbol)``.

    A symbol is a Python expression over parameters and unchanged local names, such as ``x.shape[0]`` or ``n``.
    Terms are sorted by symbol and have no zero coefficient, so that equal forms are equal objects. Extents of slices
    are meant clipped at zero.
    """

    const: int
    terms: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Num:
    """A number or an array of numbers.

    dtype: NumPy's name ("float64", "int64", "bool", "complex128"), None if unknown.
    dims: one `Dim` (or None: unknown extent) per axis; () is a scalar; None: unknown rank.
    weak: a Python number, which does not widen an array's dtype (NEP 50).
    number: for an integer scalar, its value in linear form where known.
    """

    dtype: str | None
    dims: tuple[Dim | None, ...] | None = ()
    weak: bool = False
    number: Dim | None = None


@dataclass(frozen=True)
class Static:
    """A value known while transforming: str, None, a dtype, a function, a module, or a baked number."""

    value: Any


@dataclass(frozen=True)
class Struct:
    """A container whose shape is known. kind: "tuple" "list" "dict" "namedtuple" "dataclass" "object"."""

    kind: str
    keys: tuple[Any, ...]  # positions, dict keys or field names
    items: tuple[Abstract, ...]
    cls: Any = None


@dataclass(frozen=True)
class Seq:
    """A list whose length is known only at run time, of numbers or arrays of one type."""

    element: Num


Abstract: TypeAlias = Union[Num, Static, Struct, Seq]
UNKNOWN = Num(None, None)
