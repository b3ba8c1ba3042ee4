"""What is imported when: `import srcad` is light, and a cache hit needs neither libcst nor the derivative rules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = """
import sys
import numpy as np
import srcad

def loss(w, x):
    h = np.tanh(x @ w)
    for k in range(3):
        h = h * 0.5 + h[0]
    return np.mean(h * h)

value, gradient = srcad.value_and_grad(loss, backend="{backend}")(np.ones(3), np.ones((2, 3)))
print(float(value), gradient.tolist())
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("libcst", "srcad", "numba", "scipy")))
"""


def run(text: str, folder: Path, name: str = "model.py") -> list[str]:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    paths = os.pathsep.join([str(ROOT), str(ROOT / "runtime")])
    env = {**os.environ, "PYTHONPATH": paths, "SRCAD_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, env=env, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_import_is_light(tmp_path: Path) -> None:
    (names,) = run("import sys, srcad\nprint(*sys.modules)\n", tmp_path)
    heavy = {"numba", "scipy", "libcst", "typer", "rich"}
    assert not heavy & {name.split(".")[0] for name in names.split()}
    assert not [name for name in names.split() if name.startswith(("srcad.rules", "srcad.transforms"))]


def test_a_cache_hit_imports_neither_libcst_nor_the_compiler(tmp_path: Path) -> None:
    text = MODEL.format(backend="numpy")
    first, made = run(text, tmp_path)
    again, names = run(text, tmp_path)
    assert first == again
    assert "libcst" in made.split() and "srcad.transforms.reverse" in made.split()
    hit = names.split()
    assert not [n for n in hit if n.startswith(("libcst", "srcad.rules", "srcad.transforms", "srcad.eval_"))]
    assert not [n for n in hit if n.startswith(("numba", "scipy"))]


def test_a_cache_hit_on_numba_imports_no_compiler_of_ours(tmp_path: Path) -> None:
    text = MODEL.format(backend="numba")
    first, _ = run(text, tmp_path)
    again, names = run(text, tmp_path)
    assert first == again
    assert not [n for n in names.split() if n.startswith(("libcst", "srcad.rules", "srcad.transforms", "srcad.eval_"))]


def test_a_small_function_loads_few_rules(tmp_path: Path) -> None:
    """Rules are loaded by where the function called lives: tanh asks for none of linalg, fft, statistics."""
    _, names = run(MODEL.format(backend="numpy"), tmp_path)
    loaded = {n.removeprefix("srcad.rules.") for n in names.split() if n.startswith("srcad.rules.")}
    assert not loaded & {"linalg", "scipy_linalg", "fft", "special", "statistics", "stats", "random"}
