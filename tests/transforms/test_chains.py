"""chains: factors that do not wait for another iteration come first; the numbers are the same up to rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import srcad
from srcad import ir
from srcad.program import FORWARD, REVERSE
from srcad.transforms.chains import chains
from tests.transforms.lowered import load, primal, text_of

HEAD = "def f(x, y, a, b, n):\n    z = y[:]\n    s = 0.0\n    t = 0.5\n    w = 0.3\n    for k in range(n):\n"
TAIL = "    return s + 2.0 * t + 3.0 * w + x[0]\n"

# body of the loop, the lines that are expected; what waits is carried from iteration to iteration
MOVED = {
    "through names": (
        """
g2 = t * y[k]
g3 = -a * g2
s += 2.0 * g3 * x[k]
t = 0.9 * t + b
""",
        ["s -= t * (2.0 * a * y[k] * x[k])"],
        ["g2 =", "g3 ="],
    ),
    "terms that stand together": (
        """
g = a * t
s += g * y[k] * b
s -= g
t = t * 0.5 + s
""",
        ["s += g * (b * y[k] - 1.0)"],
        [],
    ),
    "signs": (
        """
g = -t
s -= g * y[k]
s -= -(g * x[k])
t = 0.5 * t + s
""",
        ["s -= g * (y[k] - x[k])"],
        [],
    ),
    "a factor that stays the same first": (
        """
s += y[k] * t * a * b
t = s * 0.1
""",
        ["s += t * (a * b * y[k])"],
        [],
    ),
}
LEFT = {
    "nothing waits": "s += y[k] * a * b\nx[k] = s\n",
    "two that wait": "s += y[k] * t * s * a\nt = s * 0.1\n",
    "one factor": "s += t * y[k]\nt = s * 0.1\n",
    "what it is multiplied by changes": "g = t * y[k]\ny[k] = 2.0\ns += g * y[k]\nt = s * 0.1\n",
    "the number changes": "g = t * a\nt = 0.5 * t + s\ns += g * b\n",
    "a factor changes": "g = t * w\nw = y[k]\ns += g * w\nt = s * 0.1\n",
    "a branch": "g = t * a\nif y[k] > 0.0:\n    s += g * b * y[k]\nt = s * 0.1\n",
    "a choice": "s += t * a * (b if y[k] > 0.0 else 1.0)\nt = s * 0.1\n",
    "a quotient": "s += t * a / y[k]\nt = s * 0.1\n",
    "a name that stays": "g = a * t\ns += b * g * y[k] * 0.5 * s\ns -= x[k] * g\nt = s * 0.1\n",
    "integers": "s += k * t * n\nt = s * 0.1\n",
    "another name for what is written": "g = t * z[k] * a\ny[k] = 2.0\ns += g * y[k]\nt = s * 0.1\n",
    "its own number": "s += s * a * b\nt = s * 0.1\n",
}


def arguments():
    rng = np.random.default_rng(2)
    return rng.standard_normal(5), rng.standard_normal(5), 0.7, -0.4, 5


def both(body):
    """The program and what the pass makes of it, as functions, with the text of the second."""
    lines = "".join(f"        {line}\n" for line in body.strip().splitlines())
    program = primal("import numpy as np\n\n\n" + HEAD + lines + TAIL, arguments())
    program = replace(program, body=(ir.Block(REVERSE, program.body),))
    new = chains(program)
    return load(program), load(new), text_of(new), new == program


@pytest.mark.parametrize("name", MOVED)
def test_moved(name):
    body, expected, gone = MOVED[name]
    before, after, text, _ = both(body)
    assert all(line in text for line in expected) and not any(line in text for line in gone), text
    assert after(*arguments()) == pytest.approx(before(*arguments()), rel=1e-13)


@pytest.mark.parametrize("name", LEFT)
def test_left(name):
    before, after, text, alike = both(LEFT[name])
    assert alike, text
    assert after(*arguments()) == before(*arguments())


def test_outside_of_the_reverse_sweep_nothing_changes():
    lines = "".join(f"        {line}\n" for line in MOVED["through names"][0].strip().splitlines())
    program = primal("import numpy as np\n\n\n" + HEAD + lines + TAIL, arguments())
    program = replace(program, body=(ir.Block(FORWARD, program.body),))
    assert chains(program) == program


def oscillator(x, v, mu, steps):
    for _ in range(steps):
        v += 0.1 * (mu * (1.0 - x * x) * v - x)
        x += 0.1 * v
    return x * v


def test_a_gradient(monkeypatch):
    f = srcad.differentiate(argnums=(0, 1, 2), backend="numba")(oscillator)
    text = f.source_for(0.3, 0.2, 1.5, 9)
    assert "x_bar -= g * (" in text and "g3" not in text
    h = 1e-20
    moved = [
        oscillator(0.3 + h * 1j * (k == 0), 0.2 + h * 1j * (k == 1), 1.5 + h * 1j * (k == 2), 9).imag / h
        for k in range(3)
    ]
    np.testing.assert_allclose(f.grad(0.3, 0.2, 1.5, 9), moved, rtol=1e-12)
    monkeypatch.setenv("SRCAD_OFF", "chains")
    off = srcad.differentiate(argnums=(0, 1, 2), backend="numba")(oscillator)
    assert "g3" in off.source_for(0.3, 0.2, 1.5, 9)
