"""loops_ranges: what a loop's body assigns and nobody reads behind it has a name of its own."""

from __future__ import annotations

import numpy as np
import pytest

from srcad.transforms.loops import loops
from srcad.transforms.loops_ranges import apart
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(x, y, n):\n"
OWN = {
    "two loops": """
    for i in range(n):
        g = 0.5 * x
        y += g * g
    for i in range(n):
        g = 2.0 * y
        x += g * x
""",
    "inner loops": """
    for i in range(n):
        for k in range(n):
            g = 0.5 * x
            y += g * g
        for k in range(n):
            g = 0.25 * y
            x -= g
""",
    "set twice": """
    for i in range(n):
        g = 0.5 * x
        y += g * g
        g = 0.5 * y
        x += g * x
    for i in range(n):
        g = 2.0 * y
        x += g * x
""",
    "beside statements": """
    g = 0.5 * x
    y += g
    for i in range(n):
        g = 2.0 * y
        x += g * x
    g = x + y
    x *= np.sin(g)
""",
    "set before, at times": """
    for i in range(n):
        if x[i] > 0.0:
            g = 0.25 * x
            y -= g
        g = 0.5 * x
        y += g * g
    for i in range(n):
        g = 2.0 * y
        x += g * x
""",
    "a while": """
    k = 0
    while k < n:
        g = 0.5 * x
        y += g * g
        k += 1
    for i in range(n):
        g = 2.0 * y
        x += g * x
""",
}
LEFT = {
    "read behind": """
    g = x * x
    for i in range(n - 3):
        g = 0.5 * x
        y += g * g
    y += g
""",
    "read in the next iteration": """
    g = x * x
    for i in range(n):
        y += g
        g = 0.5 * y
""",
    "set at times": """
    g = x * x
    for i in range(n):
        if x[i] > 0.0:
            g = 0.5 * y
        y += g
""",
    "made of itself": """
    g = x * x
    for i in range(n):
        g = 0.5 * g
        y += g
""",
    "read by the test": """
    g = x * x
    k = 0
    while k < n and g[0] < 9.0:
        g = 2.0 * g + 1.0
        g = y + g
        y += g
        k += 1
""",
    "one loop": """
    for i in range(n):
        g = 0.5 * x
        y += g * g
""",
}


def arguments(size: int = 6) -> tuple[object, ...]:
    rng = np.random.default_rng(3)
    return rng.standard_normal(size), rng.standard_normal(size), 3


def programs(body: str):
    program = primal(f"{HEAD}{body}    return x, y\n", arguments())
    return program, apart(program)


@pytest.mark.parametrize("name", OWN)
def test_own(name: str) -> None:
    program, after = programs(OWN[name])
    assert text_of(after) != text_of(program)
    assert "np.empty" not in text_of(loops(program))  # numbers, all of them
    assert "np.empty" in text_of(loops(program, frozenset({"ranges"})))


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    program, after = programs(LEFT[name])
    assert "g2" not in text_of(after)


@pytest.mark.parametrize("body", [*OWN.values(), *LEFT.values()], ids=[*OWN, *LEFT])
def test_same_numbers(body: str) -> None:
    before, after = programs(body)
    expected = outcome(load(before), arguments())
    assert same(outcome(load(after), arguments()), expected)
    assert same(outcome(load(loops(before)), arguments()), expected)
