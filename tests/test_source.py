"""Where the text of a live function is found, and when it is refused."""

from __future__ import annotations

import linecache
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from srcad import Unsupported, ir, scope


def refs(f: Any) -> dict[str, Any]:
    """The free names of a function, path to object."""
    return {n.path: n.obj for n in ir.walk(scope.from_live(f).function) if isinstance(n, ir.Ref)}


def _cell(code: str, name: str = "<cell 1>") -> dict[str, Any]:
    """Run a notebook cell: its text is in linecache and in no file."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, name, "exec"), space)
    return space


def test_notebook_cells() -> None:
    space = _cell("k = 2.0\ndef f(x):\n    return x * k\ng = lambda x: f(x) + k\n")
    assert refs(space["f"]) == {"global:k": 2.0}
    assert set(refs(space["g"])) == {"user:__main__.f", "global:k"}


def test_code_without_text_is_refused() -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    return x\n", space)
    with pytest.raises(Unsupported, match="there is no source text for 'f'"):
        scope.from_live(space["f"]).function  # noqa: B018


@pytest.mark.parametrize(
    "edited",
    [
        "def f(x):\n    return x * 3.0\n",  # another constant
        "def f(x):\n    return x + 2.0\n",  # another operator
        "\ndef f(x):\n    return x * 2.0\n",  # moved
        "def f(x, y):\n    return x * 2.0\n",
        "def f(x)\n",
    ],
)
def test_a_file_that_changed_since_it_was_loaded_is_refused(edited: str) -> None:
    space = _cell("def f(x):\n    return x * 2.0\n", "<cell 2>")
    linecache.cache["<cell 2>"] = (len(edited), None, edited.splitlines(keepends=True), "<cell 2>")
    with pytest.raises(Unsupported, match="any more"):
        scope.from_live(space["f"]).function  # noqa: B018


def test_form_feeds_do_not_shift_lines() -> None:
    space = _cell('a = 1.0\n\x0c\ndef f(x):\n    s = "\u2028"\n    return x * a\n', "<cell 3>")
    function = scope.from_live(space["f"]).function
    assert function.body[0].value.value == "\u2028"  # type: ignore[union-attr]
    assert function.body[1].loc.text == "return x * a" and function.body[1].loc.line == 5  # type: ignore[union-attr]


def test_finding_a_function_needs_no_libcst() -> None:
    program = (
        "import sys; from srcad import scope; import functools\n"
        "from tests.programs import signals\n"
        "f = next(v for v in vars(signals).values() if hasattr(v, '__code__') and v.__module__ == signals.__name__)\n"
        "t = scope.from_live(f); t.parameters, t.source_key, scope.dependencies(t)\n"
        "assert 'libcst' not in sys.modules\n"
        "t.function\n"
        "assert 'libcst' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parent.parent)
