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


def negated(shift: int | Sequence[int]) -> int | tuple[int, ...]:
    """The shift that undoes ``np.roll(a, shift)``."""
    return -shift if isinstance(shift, int) else tuple(-s for s in shift)


def einsum_adjoint(subscripts: str, i: int, ranks: Sequence[int]) -> tuple[str, tuple[int, ...]]:
    """How the adjoint of operand `i` of an einsum is an einsum itself.

    Returns the subscripts of ``einsum(..., out_bar, *other operands)`` and the axes of operand `i` whose letter stands
    nowhere else (they were summed): the result lacks them. ranks: of all operands, for the ellipsis.
    """
    inputs, output = split_subscripts(subscripts, ranks)
    others = [term for k, term in enumerate(inputs) if k != i]
    seen = set("".join([output, *others]))
    kept = "".join(dict.fromkeys(letter for letter in inputs[i] if letter in seen))
    lost = tuple(k for k, letter in enumerate(inputs[i]) if letter not in seen)
    return ",".join([output, *others]) + "->" + kept, lost


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
