"""What the passes name is theirs: a function called or differentiated inside of a model leaves its variables be.

Each program of the corpus is put into a model whose own variables have the names that the program's derivative is
written with (``index`` for the mask of a write, ``copy``, ``w_bar``), and which reads them all behind the call.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import srcad
from tests.fuzz.judge import load_file
from tests.programs.registry import Program, programs

ALL = [p for p in programs() if p.raises is None and not p.fills]
CALLS = {
    "value": "found__ = function__({given})",
    "vjp": "found__, pull__ = srcad.vjp(function__, {given}, argnums={argnums}, backend='numpy')",
}


def names_in(program: Program) -> list[str]:
    """The variables of its gradient."""
    text = srcad.differentiate(program.fn, backend="numpy").source_for(*program.args())
    tree = ast.parse(text)
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return sorted(stored | {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)})


def model_around(program: Program, how: str, names: list[str], folder: Path) -> Callable[..., Any]:
    arguments = [f"argument{k}__" for k in range(len(program.args()))]
    call = CALLS[how].format(given=", ".join(arguments), argnums=program.argnums)
    lines = [
        "import numpy as np",
        "import srcad",
        "from what_is_called import function__",
        f"def model__(start__, {', '.join(arguments)}):",
        *(f"    {name} = start__ * {k + 1.25}" for k, name in enumerate(names)),
        f"    {call}",
        "    return np.sum(start__) + " + " + ".join(f"np.sum({name}) * {k + 0.5}" for k, name in enumerate(names)),
    ]
    path = folder / "around.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_file(path).model__  # type: ignore[no-any-return]


def at_every_push(k: int) -> bool:
    return k % 15 == 0 or ALL[k].name == "small.masked"  # which a mask of the model's was mistaken for


@pytest.mark.parametrize("how", CALLS)
@pytest.mark.parametrize(
    "program",
    [pytest.param(p, id=p.name, marks=[] if at_every_push(k) else [pytest.mark.slow]) for k, p in enumerate(ALL)],
)
def test_variables_outside_are_left(program: Program, how: str, tmp_path: Path, monkeypatch: Any) -> None:
    called = ModuleType("what_is_called")
    called.function__ = program.fn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, called.__name__, called)
    try:
        names = names_in(program)
    except srcad.Unsupported:
        pytest.skip("is refused by itself")
    model = model_around(program, how, names, tmp_path)
    start = np.array([1.0, 2.0])
    expected = model(start, *program.args())
    try:
        value, gradient = srcad.value_and_grad(model, backend="numpy")(start, *program.args())
    except srcad.Unsupported:
        pytest.skip("is refused inside of a model")
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, np.full(2, expected / 3.0), rtol=1e-12)
