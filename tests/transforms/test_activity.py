"""activity: the variables through which derivatives flow, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from srcad import ir
from srcad.transforms import activity
from tests.transforms.lowered import primal

ARGS = {"x": np.ones(4), "y": np.ones(4), "s": 0.5, "n": 3}


def active(body: str, inputs: str = "x s", outputs: str = "out") -> set[str]:
    """The active variables of a function body that sets `out`."""
    lines = "\n".join("    " + line for line in body.splitlines())
    text = f"import srcad\nimport numpy as np\n\ndef f({', '.join(ARGS)}):\n{lines}\n    return out\n"
    program = primal(text, tuple(ARGS.values()))
    results = set().union(*(ir.names(r) for r in program.results)) if outputs == "out" else set(outputs.split())
    return set(activity.active(program.body, program.types, inputs.split(), results))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a = 2.0 * s\nout = 3.0 * a", "s a out"),
        ("a = s * 2.0\nout = a * 3.0", "s a out"),
        ("a = x[0]\nout = a + 1.0", "x a out"),
        ("a = y[0]\nout = a + s", "s out"),
        ("a = np.zeros(4)\na[1] = s\nout = np.sum(a)", "a s out"),
        ("a = np.zeros(4)\na[1:] += x[1:]\nout = np.sum(a)", "a x out"),
        ("a = np.zeros(4)\nnp.add.at(a, [0, 0], s)\nout = np.sum(a)", "a s out"),
        ("a = np.array([s, 1.0])\nout = a[0]", "a s out"),
        ("a = np.where(y > s, y, x)\nout = a[0]", "a x out"),
        ("a = np.floor(s)\nb = np.argmax(x)\nout = y[b] * a + s", "s out"),
        ("a = y[n]\nout = (x // 2.0)[0] * a + s", "s out"),
        ("a = float(x.shape[0]) * y[0]\nout = a * s", "s out"),
        ("a = np.zeros_like(x)\nout = a[0] * s", "s out"),
        ("a = srcad.stop_gradient(s) * y[0]\nout = a * x[0]", "x out"),
        ("a = srcad.stop_gradient(x)\nout = a[0] * s", "s out"),
        ("a, b = s, y[0]\na, b = b, a\nout = b * 1.5", "s a b out"),
        ("out = 1.0\nfor v in x:\n    out = out * 2.0 + v", "x v out"),
        ("a = s\nb = y[1]\nwhile b < 1.0:\n    b = b + 1.0\nout = a * 2.0", "s a out"),
    ],
)
def test_active(body: str, expected: str) -> None:
    assert active(body) == set(expected.split())


def test_items_of_lists_are_active() -> None:
    found = active("items = [s]\nfor k in range(n):\n    items.append(items[-1] * x[k])\nout = items.pop() * items[0]")
    assert {"items", "x", "s"} <= found


def test_what_does_not_reach_the_value_is_not_active() -> None:
    assert active("a = np.sin(s)\nb = a * a\nout = x[0] * 2.0", "x s") == {"x", "out"}


def test_only_what_is_asked_for_is_active() -> None:
    assert active("a = s * y[0]\nb = x[0] * 3.0\nout = a + b", "x") == {"x", "b", "out"}
