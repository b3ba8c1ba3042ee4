"""Functions of structure that rules call: the evaluator runs them while transforming, their result is a constant.

`known` takes any value. All others take values that are known while transforming (axes, strings, ranks) and return
such values. None of them reaches generated code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def known(value: Any) -> bool:
    """Whether `value` is a literal of the program. Called as plain Python, it holds for Python's own numbers."""
    return type(value) in (int, float, complex, bool)


def inverse_axes(axes: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes ``np.transpose(a, axes)``."""
    order = [axis % len(axes) for axis in axes]
    return tuple(order.index(i) for i in range(len(order)))


def einsum_adjoint(subscripts: str, i: int, ranks: Sequence[int]) -> tuple[str, tuple[int, ...], str]:
    """How the adjoint of operand `i` of an einsum is an einsum itself.

    Returns the subscripts of ``einsum(..., out_bar, *other operands)``; the axes of its result to be inserted for
    letters that stand in operand `i` only (they were summed); and, if a letter is repeated in operand `i`, the
    subscripts that read its diagonals. ranks: of all operands, for the ellipsis.
    """
    inputs, output = split_subscripts(subscripts, ranks)
    others = [term for k, term in enumerate(inputs) if k != i]
    seen = set("".join([output, *others]))
    letters = "".join(dict.fromkeys(inputs[i]))
    kept = "".join(letter for letter in letters if letter in seen)
    lost = tuple(k for k, letter in enumerate(letters) if letter not in seen)
    diagonal = f"{inputs[i]}->{letters}" if letters != inputs[i] else ""
    return ",".join([output, *others]) + "->" + kept, lost, diagonal


def split_subscripts(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The letters of every operand and of the result, with the ellipsis spelt out in capital letters from Z down."""
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    free = [chr(code) for code in range(ord("A"), ord("Z") + 1) if chr(code) not in subscripts]
    widths = [rank - len(term.replace("...", "")) for term, rank in zip(terms, ranks, strict=True) if "..." in term]
    dots = "".join(free[len(free) - max(widths, default=0) :])
    if not arrow:
        letters = "".join(terms).replace(".", "")
        output = ("..." if widths else "") + "".join(sorted(x for x in set(letters) if letters.count(x) == 1))
    spelt = []
    for term, rank in zip(terms, ranks, strict=True):
        width = rank - len(term.replace("...", ""))
        spelt.append(term.replace("...", dots[len(dots) - width :] if width else ""))
    return spelt, output.replace("...", dots)


Axes = tuple[int, ...]


def tensordot_adjoint(axes: Any, rank_a: int, rank_b: int) -> tuple[tuple[Axes, Axes], tuple[Axes, Axes], Axes, Axes]:
    """How the adjoints of ``np.tensordot(a, b, axes)`` are tensordots themselves.

    Returns (over_b, over_a, order_a, order_b): a_bar is ``tensordot(out_bar, b, over_b)`` with its axes in the order
    `order_a`, and b_bar is ``tensordot(a, out_bar, over_a)`` with its axes in the order `order_b`.
    """
    summed_a, summed_b = contracted(axes, rank_a, rank_b)
    free_a = tuple(k for k in range(rank_a) if k not in summed_a)
    free_b = tuple(k for k in range(rank_b) if k not in summed_b)
    rows = tuple(range(len(free_a)))
    columns = tuple(range(len(free_a), len(free_a) + len(free_b)))
    left_a = [*free_a, *(summed_a[summed_b.index(k)] for k in sorted(summed_b))]
    left_b = [*(summed_b[summed_a.index(k)] for k in sorted(summed_a)), *free_b]
    order_a, order_b = tuple(map(left_a.index, range(rank_a))), tuple(map(left_b.index, range(rank_b)))
    return (columns, free_b), (free_a, rows), order_a, order_b


def contracted(axes: Any, rank_a: int, rank_b: int) -> tuple[Axes, Axes]:
    """The summed axes of both operands of a tensordot, not negative."""
    if isinstance(axes, int):
        return tuple(range(rank_a - axes, rank_a)), tuple(range(axes))
    first, second = ((a,) if isinstance(a, int) else tuple(a) for a in axes)
    return tuple(k % rank_a for k in first), tuple(k % rank_b for k in second)


def margin_mode(mode: str) -> Any:
    """What `np.pad` calls a mode of `scipy.ndimage`."""
    names = {"reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge"}
    return {**names, "wrap": "wrap", "grid-wrap": "wrap"}[mode]


def axes_from_zero(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The axes meant, counted from 0, in the order given."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in ((axis,) if isinstance(axis, int) else axis))
