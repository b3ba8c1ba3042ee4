"""What people write with NumPy and `math`, beyond plain calls: operators, methods, indexing, argument forms.

They stand in `texts`, one a line, by what they do; ``refused.txt`` holds what is refused in both modes, and `more` what
is not run on every push. Each is an expression, or statements before one, in the variables of `variables`. Those that
hold floating numbers are differentiated.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np

from tests.rules.calls import Call
from tests.rules.support import Draw


def variables() -> dict[str, Any]:
    """a, d: numbers; v, w: (4,); u: (3,); m, q: (3, 4); n: (4, 2); s, h: (3, 3), h positive definite; t: (2, 3, 4);
    o: (2, 3, 3); e: (4,) ascending; p: (3, 4) positive; c, z: complex (4,), (3, 3); b, B: masks of v and m; k, K:
    places in axes of three; g, G: v and m with nan."""
    r = Draw(11)
    v, m = r.distinct(4), r.distinct(3, 4)
    g, G = v.copy(), m.copy()
    g[2] = G[0, 1] = G[2, 3] = np.nan
    return {
        "a": 0.7,
        "d": 1.3,
        "v": v,
        "w": r(4),
        "u": r(3),
        "m": m,
        "q": r.distinct(3, 4) + 0.13,
        "n": r(4, 2),
        "s": r.regular(3),
        "h": r.spd(3),
        "t": r.distinct(2, 3, 4),
        "o": r.regular(3, 2),
        "e": np.array([0.3, 0.9, 2.0, 2.6]),
        "p": r.positive(3, 4),
        "c": r.complex(4),
        "z": r.complex(3, 3) + 2.0 * np.eye(3),
        "b": np.array([True, False, True, True]),
        "B": np.array([[True, False, True, True], [False, True, False, True], [True, True, False, False]]),
        "k": np.array([2, 0, 2]),
        "K": np.array([[0, 2, 1, 0], [1, 1, 0, 2]]),
        "g": g,
        "G": G,
    }


TEXTS = Path(__file__).parent / "texts"


def forms() -> list[Call]:
    """Run on every push."""
    return [c for file in sorted(TEXTS.glob("*.txt")) if file.stem != "refused" for c in of_file(file)]


def more_forms() -> list[Call]:
    """Further forms of the same functions."""
    return [c for file in sorted(TEXTS.glob("more/*.txt")) for c in of_file(file)]


def of_file(file: Path) -> list[Call]:
    group = file.stem.replace("_", " ")
    return [call(f"{group}: {text}", text) for text in entries(file.read_text())]


def entries(block: str) -> list[str]:
    return [line.strip() for line in block.splitlines() if line.strip()]


def call(name: str, text: str) -> Call:
    body = text.replace("\\n", "\n").replace("; ", "\n")
    known = variables()
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    args = {name: value for name, value in known.items() if name in used}
    active = tuple(name for name, value in args.items() if np.asarray(value).dtype.kind in "fc")
    return Call(name, body, args, active)


REFUSED = [call(text, text) for text in entries((TEXTS / "refused.txt").read_text())]
