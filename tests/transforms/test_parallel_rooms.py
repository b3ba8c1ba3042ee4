"""Arrays that each iteration fills before it reads them: what counts as filled, and what does not."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import numpy as np
import pytest

from srcad import ir
from srcad.facts import rebound
from srcad.transforms import parallel_facts, parallel_rooms
from srcad.types import Num
from tests.transforms.lowered import primal

X = np.ones((5, 3))


def rooms(body: str) -> set[str]:
    """The rooms of the last outermost loop of a function of x."""
    lines = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    program = primal(f"import numpy as np\n\ndef f(x):\n{lines}\n    return x[0, 0]\n", (X,))
    made = parallel_rooms.made_once(program, rebound(program.body, {i.name for i in program.inputs}))
    loop = [s for s in program.body if isinstance(s, ir.For)][-1]
    return set(parallel_rooms.filled_in(loop, made, parallel_rooms.mentions(program.body)))


FILLED = {
    "a vector": """
        for j in range(3):
            t[j] = x[i, j]
        x[i, 0] = t[2]
    """,
    "read where it is set": """
        for j in range(3):
            t[j] = x[i, j]
            x[i, j] = t[j] * 2.0
            t[j] = t[j] * x[i, j]
    """,
    "seen through a view": """
        r = t[1:]
        for j in range(3):
            t[j] = x[i, j]
        x[i, 0] = r[0]
    """,
    "set to a number": """
        t[:] = 0.5
        for j in range(2):
            t[j] = x[i, j]
        x[i, 0] = t[2]
    """,
    "in a loop within": """
        for k in range(i):
            for j in range(3):
                t[j] = x[i, j] * k
            x[i, 0] += t[2]
    """,
    "filled again": """
        for j in range(3):
            t[j] = x[i, j]
        for j in range(2):
            t[j] = t[j + 1]
        x[i, 0] = t[0]
    """,
}


@pytest.mark.parametrize("lines", FILLED.values(), ids=list(FILLED))
def test_filled(lines: str) -> None:
    assert rooms(f"t = np.empty(3)\nfor i in range(5):\n{textwrap.indent(textwrap.dedent(lines), '    ')}") == {"t"}


OTHERS = {
    "set to another one's": """
        t[:] = t * 0.5
        x[i, 0] = t[2]
    """,
    "a half set to a number": """
        t[1:] = 0.5
        x[i, 0] = t[0]
    """,
    "in a loop within, read behind it": """
        for k in range(i):
            for j in range(3):
                t[j] = x[i, j] * k
        x[i, 0] += t[2]
    """,
    "in a loop within, read at its end": """
        for k in range(int(t[0])):
            for j in range(3):
                t[j] = x[i, j] * k
    """,
    "a part": """
        for j in range(2):
            t[j] = x[i, j]
        x[i, 0] = t[2]
    """,
    "from another beginning": """
        for j in range(1, 3):
            t[j] = x[i, j]
        x[i, 0] = t[0]
    """,
    "read before": """
        x[i, 0] = t[0]
        for j in range(3):
            t[j] = x[i, j]
    """,
    "read for what it gets": """
        for j in range(3):
            t[j] = t[j] + x[i, j]
    """,
    "the next one read": """
        for j in range(3):
            t[j] = x[i, j]
            x[i, j] = t[2 - j]
    """,
    "read within, before": """
        for j in range(3):
            x[i, j] = t[j]
            t[j] = x[i, j]
    """,
    "set elsewhere": """
        for j in range(3):
            t[0] = x[i, j]
        x[i, 0] = t[1]
    """,
    "set by another counter": """
        for j in range(3):
            k = j // 2
            t[k] = x[i, j]
        x[i, 0] = t[2]
    """,
    "in a branch": """
        if x[i, 0] > 0.5:
            for j in range(3):
                t[j] = x[i, j]
        x[i, 0] = t[0]
    """,
    "elements in a branch": """
        for j in range(3):
            if x[i, j] > 0.5:
                t[j] = x[i, j]
        x[i, 0] = t[0]
    """,
    "a loop that may end": """
        for j in range(3):
            t[j] = x[i, j]
            if x[i, j] > 2.0:
                break
        x[i, 0] = t[2]
    """,
    "a while loop": """
        j = 0
        while j < 3 and x[i, j] > 0.5:
            t[j] = x[i, j]
            j += 1
        x[i, 0] = t[2]
    """,
    "one element of three": """
        t[0] = x[i, 0]
        x[i, 1] = t[2]
    """,
}


@pytest.mark.parametrize("lines", OTHERS.values(), ids=list(OTHERS))
def test_not_filled(lines: str) -> None:
    assert rooms(f"t = np.empty(3)\nfor i in range(5):\n{textwrap.indent(textwrap.dedent(lines), '    ')}") == set()


FILL = "for i in range(5):\n    for j in range(3):\n        t[j] = x[i, j]\n    x[i, 0] = t[2]\n"


@pytest.mark.parametrize(
    "lines",
    [
        f"t = np.empty(3)\nt[0] = 1.0\n{FILL}",
        f"t = np.empty(3)\n{FILL}x[0, 0] = t[1]",
        f"t = np.empty(4)\n{FILL}",
        f"t = np.zeros(3)\n{FILL}",
        f"t = np.empty(3)\nu = t\n{FILL}x[1, 1] = u[0]",
        f"t = np.empty(3)\nif x[0, 0] > 0.5:\n    t = np.empty(3)\n{FILL}",
        f"n = 3\nfor k in range(2):\n    n = n + 0 * k\nt = np.empty(n)\n{FILL.replace('range(3)', 'range(n)')}",
    ],
    ids=["set before", "read behind", "longer", "zeros", "two names", "two arrays", "an extent that changes"],
)
def test_what_else_mentions_it(lines: str) -> None:
    assert rooms(lines) == set()


def test_of_two_axes() -> None:
    nest = "for j in range(3):\n        for k in range(2):\n            t[{}] = x[i, j] * x[i, k]"
    head, end = "t = np.empty((3, 2))\nfor i in range(5):\n    ", "\n    x[i, 0] = t[2, 1]"
    assert rooms(head + nest.format("j, k") + end) == {"t"}
    assert rooms(head + nest.format("k, j") + end) == set()
    assert rooms(head + nest.format("j, 0") + end) == set()
    between = nest.format("j, k") + "\n        x[i, j] = t[2 - j, 0]"
    assert rooms(head + between + end) == set()
    only_row = "for j in range(3):\n        t[j, 1] = x[i, j]"
    assert rooms(head + only_row + end) == set()


def test_of_one_element() -> None:
    assert rooms("t = np.empty(1)\nfor i in range(5):\n    t[0] = x[i, 1]\n    x[i, 0] = t[0]") == {"t"}
    assert rooms("t = np.empty(1)\nfor i in range(5):\n    t[0] = x[i, 1] + t[0]\n    x[i, 0] = t[0]") == set()


# ---- extents of what is made on the way ----


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("for i in range(3):\n    t = x[1:] @ x.T", "x.shape[0] - 1, x.shape[0]"),
        ("for i in range(3):\n    t = x[: x.shape[0] - i] @ x.T", "?, x.shape[0]"),
        ("for i in range(3):\n    t = x @ x.T\nt = x.T @ x", "?, ?"),
        ("n = 3\nif x[0, 0] > 0.0:\n    n = 2\nfor i in range(3):\n    t = np.zeros((n, 2))", "?, ?"),
        ("for i in range(3):\n    r = x @ x[0]\n    t = r.reshape(x.shape)", "x.shape[0], x.shape[1]"),
        ("for i in range(3):\n    r = x @ x[0]\n    t = r.reshape(x.shape)\nx = x[1:]", "?, ?"),
        ("for i in range(3):\n    q = x[i:]\n    r = x @ x[0]\n    t = r.reshape(q.shape)", "?, ?"),
    ],
)
def test_extents_of_what_one_statement_makes(body: str, expected: str) -> None:
    lines = textwrap.indent(body, "    ")
    program = primal(f"import numpy as np\n\ndef f(x):\n{lines}\n    return t[0, 0]\n", (X,))
    unknown = {
        name: Num(kind.dtype, (None,) * len(kind.dims))
        for name, kind in program.types.items()
        if name in "tr" and isinstance(kind, Num) and kind.dims
    }  # as `loops` knows what it makes
    program = replace(program, types={**program.types, **unknown})
    changing = rebound(program.body, {i.name for i in program.inputs})
    kind = parallel_facts.as_allocated(program, changing).get("t", unknown["t"])
    assert isinstance(kind, Num) and kind.dims is not None
    assert ", ".join("?" if d is None else str(d) for d in kind.dims) == expected
