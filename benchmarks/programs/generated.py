"""Straight-line programs of 50 to 400 array statements: how compile time grows with the length of a program.

The text is written to a file, because a compiler that reads source needs one. The JAX versions are the same text.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.case import case

LENGTHS = (50, 100, 200, 400)

_STATEMENTS = (
    "v{0} = np.tanh(v{1} * w[{4}] + v{3})",
    "v{0} = v{1} - 0.1 * v{2} * v{2}",
    "v{0} = np.exp(-v{1} * v{1}) + 0.5 * v{2}",
    "v{0} = np.sqrt(1.0 + v{1} * v{1}) - 0.3 * v{2}",
    "v{0} = (v{1} + w[{4}]) / (2.0 + v{3} * v{3})",
)


def text(length: int, numpy: str = "numpy") -> str:
    """The source of a module with one function of `length` statements."""
    lines = [
        f"import {numpy} as np",
        "",
        "",
        f"def statements_{length}(x, w):",
        "    v0, v1, v2 = x, x * w[0], x + w[1]",
    ]
    for i in range(3, length + 1):
        lines.append("    " + _STATEMENTS[i % 5].format(i, i - 1, i - 2, i - 3, i % 8))
    return "\n".join([*lines, f"    return np.sum(v{length} * v{length})", ""])


def load(length: int, numpy: str = "numpy") -> Callable[..., Any]:
    """The function, from a file in the temporary folder whose name and content are the same in every process."""
    folder = Path(tempfile.gettempdir()) / "srcad_benchmarks"
    folder.mkdir(exist_ok=True)
    path = folder / f"{numpy.replace('.', '_')}_{length}.py"
    if not path.is_file() or path.read_text() != text(length, numpy):
        path.write_text(text(length, numpy))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, f"statements_{length}")


def _vector(rng, n):
    return rng.standard_normal(n), rng.standard_normal(8)


def register() -> None:
    """Add the programs to the registry; they are not among those that are timed."""
    for length in LENGTHS:
        fn = load(length)
        fn.__module__ = __name__
        case(_vector, (0, 1), tiny=(5,), small=(1000,), medium=(100_000,), large=(1_000_000,))(fn)
