"""Lists of unknown length whose items may be one array: a write into an item is refused, reading is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import srcad

X = np.array([0.1, 0.2, 0.3, 0.4])

BUILT = {
    "views appended": "items = []\nfor _ in range(n): items.append(x[0:3])",
    "reshaped views": "items = []\nfor _ in range(n): items.append(x.reshape(4))",
    "one array, comprehension": "y = x * 2\nitems = [y for _ in range(n)]",
    "one array, by *": "y = x * 2\nitems = [y] * n",
    "new array, by *": "items = [x * 2] * n",
    "one array twice": "items = []\nfor _ in range(n):\n    y = x * 2\n    items.append(y)\n    items.append(y)",
    "an item again": "items = [x * i for i in range(n)]\nitems.append(items[1])",
    "items of itself": "items = [x * i for i in range(n)]\nitems.extend(items[:2])",
    "sum of lists": "rows = [x * i for i in range(n)]\nitems = rows + rows",
    "filled on": "y = np.zeros(4)\nitems = []\nfor i in range(n):\n    items.append(y)",
    "tuples": "items = [(x[1:], x[0]) for i in range(n)]",
}
WRITES = ("items[1][2] *= x[0]", "items[0] *= x[3]", "np.add(items[0], x[1], out=items[1])", "fill(items[1], x[0])")
OTHERS = {
    "copied list": "rows = [x * i for i in range(n)]\nitems = list(rows)\nitems[1][2] = x[0]",
    "part of a list": "rows = [x * i for i in range(n)]\nitems = rows[1:]\nitems[0][2] = x[0]",
    "sorted list": "rows = [x * i for i in range(n)]\nitems = sorted(rows, key=lambda r: -r[0])\nitems[0][2] = x[0]",
    "comprehension": "rows = [x * i for i in range(n)]\nitems = [r for r in rows]\nitems[0][2] = x[0]",
    "views": "rows = [x * i for i in range(n)]\nitems = [r[1:] for r in rows]\nitems[0][1] = x[0]",
}
RIGHT = {
    "arrays of their own": "items = [np.zeros(4) for _ in range(n)]\nfor i in range(n):\n    items[i][i] += x[i] ** 2\n"
    "    items[0][1] *= x[0]",
    "a row made anew": "items = []\nfor i in range(n):\n    row = np.zeros(4)\n    row[i] = x[i]\n"
    "    items.append(row)\nitems[1][0] = x[2] * x[3]",
    "copies of views": "items = []\nfor i in range(n): items.append(x[1:].copy())\nitems[0][1] *= x[0]",
    "written while dead": "items = [x * 2] * n\ns = np.sum(items[1])\nitems[0][1] = s\n"
    "items = [s * x for _ in range(n)]",
    "sorted and read": "rows = [x * i for i in range(n)]\n"
    "items = sorted(rows, key=lambda r: -r[0])\nitems.append(rows[1])",
    "selected and read": "rows = [x * i for i in range(n)]\nitems = [r for r in rows]\nitems.append(rows[0] * rows[1])",
}


def made(body: str) -> Any:
    """A function that builds a list and reads two of its items."""
    part = "[0]" if "(x[1:], x[0])" in body else ""
    lines = [*body.splitlines(), f"first, second = items[0]{part}, items[1]{part}"]
    text = "def f(x, n):\n" + "\n".join("    " + line for line in lines)
    rest = "    return np.sum(first * second) + np.sum(second) * x[0]\n"
    return text + "\n" + rest


def function_of(body: str, tmp_path: Any) -> Any:
    head = "import numpy as np\n\ndef fill(v, s):\n    v[0] = s\n\n"
    path = tmp_path / "model.py"
    path.write_text(head + made(body), encoding="utf-8")
    space: dict[str, Any] = {"__name__": "model"}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), space)
    return space["f"]


def right(f: Any) -> None:
    value, gradient = srcad.value_and_grad(f, backend="numpy")(X, 3)
    np.testing.assert_allclose(value, f(X.copy(), 3))
    slopes = [(f(X + step, 3) - f(X - step, 3)) / 2e-6 for step in 1e-6 * np.eye(4)]
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8)
    direction = np.arange(4.0)
    _, tangent = srcad.jvp(f, (X, 3), (direction, None), backend="numpy")
    np.testing.assert_allclose(tangent, np.dot(slopes, direction), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("built", BUILT)
def test_a_write_into_what_items_share(built: str, write: str, tmp_path: Any) -> None:
    if built == "tuples":
        write = write.replace("items[0]", "items[0][0]").replace("items[1]", "items[1][0]")
    if write == "items[0][0] *= x[3]":
        pytest.skip("a tuple takes no items, which Python says after the write")
    with pytest.raises(srcad.Unsupported, match="an item of|may also change"):
        srcad.grad(function_of(f"{BUILT[built]}\n{write}", tmp_path), backend="numpy")(X, 3)


@pytest.mark.parametrize("case", OTHERS)
def test_a_write_into_what_two_lists_share(case: str, tmp_path: Any) -> None:
    body = OTHERS[case] + "\nitems.append(rows[1])"
    with pytest.raises(srcad.Unsupported, match="an item of|may also change"):
        srcad.grad(function_of(body, tmp_path), backend="numpy")(X, 3)


@pytest.mark.parametrize("built", BUILT)
def test_lists_of_one_array_can_be_read(built: str, tmp_path: Any) -> None:
    right(function_of(BUILT[built], tmp_path))


@pytest.mark.parametrize("case", RIGHT)
def test_items_that_are_arrays_of_their_own(case: str, tmp_path: Any) -> None:
    right(function_of(RIGHT[case], tmp_path))
