"""Mutations of what is checked when compiled code runs: bounds, overflow."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

TESTS = ("tests/test_bounds.py", "tests/test_overflow.py")
MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/bounds.py",
        ("quotients are not rounded", "(divisor - 1 if coef > 0 else 0)", "0"),
        (
            "upper ends are not checked",
            "self.open += [d for d in (low, extent - 1 - high) if",
            "self.open += [d for d in (low,) if",
        ),
        (
            "lower ends are not checked",
            "self.open += [d for d in (low, extent - 1 - high) if",
            "self.open += [d for d in (extent - 1 - high,) if",
        ),
        ("an extent is an index", "extent - 1 - high", "extent - high"),
        (
            "unknown indices are inside",
            "types.is_array(self.shapes.of(item)):\n            self.open.append(None)\n",
            "types.is_array(self.shapes.of(item)):\n",
        ),
        ("a counter reaches its stop", "return (start, stop - 1) if step", "return (start, stop - 2) if step"),
        ("a counter that falls", "else (stop + 1, start)", "else (stop + 2, start)"),
        (
            "the wrong end of a falling index",
            "bound = ranges[inner][end if coef > 0 else 1 - end]",
            "bound = ranges[inner][end]",
        ),
        (
            "only the first axis is looked at",
            "in enumerate(zip(items, dims, strict=False)):",
            "in [*enumerate(zip(items, dims, strict=False))][:1]:",
        ),
        ("any step will do", "or step not in (ir.Const(1), ir.Const(-1)):", "or False:"),
        (
            "unknown arrays are long",
            "or base.dims is None:\n            self.open.append(None)\n",
            "or base.dims is None:\n",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/overflow.py",
        ("every product fits", 'safe = all(sides) if node.op in ("*", "**", "<<") else any(sides)', "safe = True"),
        (
            "one small factor is enough",
            'safe = all(sides) if node.op in ("*", "**", "<<") else any(sides)',
            "safe = any(sides)",
        ),
        ("powers of small numbers fit", "            safe = False\n", "            pass\n"),
        ("a sum is not checked", '"+": "total", ', ""),
        ("counters are big", "return extent or expr.id in self.small", "return extent"),
        (
            "sums of big numbers are small",
            'return expr.op in ("+", "-") and self.is_small(expr.left) and self.is_small(expr.right)',
            "return True",
        ),
        ("all integers are extents", "return extent or expr.id in self.small", "return True"),
        ("a difference is not checked", '"-": "difference", ', ""),
        ("a shift is not checked", ', "<<": "shifted"', ""),
        ("a power is not checked", '"**": "power", ', ""),
        tests=TESTS,
        numba=True,
    ),
)
