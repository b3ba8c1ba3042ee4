"""The command line as a user runs it: the real compiler, on files as they come."""

from __future__ import annotations

import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from srcad import bundle
from srcad.cli import app
from srcad.cli_common import ExitCode

ROOT = Path(__file__).resolve().parent.parent
MODEL = '''import numpy as np

from srcad import differentiate


@differentiate(argnums=("w", "b"))
def loss(w, b, x, y):
    """Mean squared residual."""
    r = x @ w + b - y
    return np.mean(r * r)


@differentiate(argnums=("u", "alpha"))
def heat(u: "f8[:]", alpha: "f8", steps: int):
    n = u.shape[0]
    for t in range(steps):
        for i in range(1, n - 1):
            u[i] = u[i] + alpha * (u[i - 1] - 2.0 * u[i] + u[i + 1])
    return np.sum(u * u)


class Spring:
    def energy(self, x):
        return np.sum(self.k * x * x)

    @staticmethod
    def cube(x):
        return np.sum(x**3)


def cubes(x):
    return np.sum(x**3)


def outer(a):
    def inner(x):
        return a * x * x

    return inner


raise SystemExit("this file must never run")
'''
TYPES = "w=f8[:], b=f8, x=f8[:,:], y=f8[:]"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


def run(*args: str, input: str | None = None) -> Any:
    return CliRunner().invoke(app, list(args), input=input, prog_name="srcad")


def emitted(*args: str) -> dict[str, Any]:
    """What an emitted module defines, once it is run."""
    file = Path(f"emitted_{len(list(Path().glob('emitted_*')))}.py")
    result = run("emit", *args, "-o", str(file))
    assert result.exit_code == 0, result.stderr
    return runpy.run_path(str(file))


def process(*args: str, **environment: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "runtime")])
    env = {**os.environ, "PYTHONPATH": paths, **environment}
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-m", "srcad.cli", *args], env=env, text=True, **pipes)


# ---- what is emitted ----

W, X, Y = np.array([0.5, -1.0]), np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]]), np.array([1.0, 0.0, 2.0])
R = X @ W + 0.3 - Y
GRADIENT, HESSIAN = 2.0 / 3.0 * X.T @ R, 2.0 / 3.0 * X.T @ X


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_modes(backend: str) -> None:
    options = ("model.py:loss", "--types", TYPES, "--wrt", "w", "--backend", backend)
    value, w_bar = emitted(*options, "--mode", "reverse")["loss_grad"](W, 0.3, X, Y)
    np.testing.assert_allclose(value, np.mean(R * R))
    np.testing.assert_allclose(w_bar, GRADIENT)
    v = np.array([2.0, 1.0])
    value, dot = emitted(*options, "--mode", "forward")["loss_jvp"](W, 0.3, X, Y, v)
    np.testing.assert_allclose(dot, GRADIENT @ v)
    *_, dot, product = emitted(*options, "--mode", "hvp")["loss_hvp"](W, 0.3, X, Y, 1.0, v)
    np.testing.assert_allclose(product, HESSIAN @ v)


def test_every_decorated_function_with_annotations_and_types() -> None:
    space = emitted("model.py", "--types", TYPES)
    assert len(space["loss_grad"](W, 0.3, X, Y)) == 3  # argnums of the decorator
    out, u_bar, alpha_bar = space["heat_grad"](np.array([0.0, 1.0, 0.5, 0.0]), 0.1, 3)
    assert u_bar.shape == (4,) and np.ndim(alpha_bar) == 0


def test_the_first_parameter_unless_stated() -> None:
    out, x_bar = emitted("model.py:cubes")["cubes_grad"](np.array([1.0, 2.0]))
    np.testing.assert_allclose(x_bar, [3.0, 12.0])
    out, x_bar = emitted("model.py:Spring.cube")["cube_grad"](np.array([1.0, 2.0]))
    np.testing.assert_allclose(x_bar, [3.0, 12.0])


def test_cupy_text() -> None:
    result = run("emit", "model.py:loss", "--types", TYPES, "--backend", "cupy")
    code = [line for line in result.stdout.splitlines() if not line.lstrip().startswith("#")]
    assert "import cupy as cp" in code and not [line for line in code if "np." in line]


@pytest.mark.parametrize(
    "target, code, message",
    [
        ("model.py", 3, "model.py:9:9: cannot differentiate numpy.matmul without the rank of x"),
        ("model.py:Spring.energy", 3, "only running the file would tell what self is"),
        ("model.py:outer.inner", 3, "only running the file would tell"),
        ("model.py:los", 2, "Did you mean 'loss'?"),
        ("model.py:qqq", 2, "Its functions: loss, heat, Spring.energy, Spring.cube, cubes, outer."),
        ("gone.py", 2, "srcad: gone.py: No such file or directory"),
        (".", 2, "srcad: .: Is a directory"),
        ("plain.py", 2, "no function under @differentiate; name one: plain.py:FUNCTION"),
        ("empty.py", 2, "no function under @differentiate"),
        ("broken.py:f", 2, 'File "broken.py", line 2'),
        ("bytes.py:f", 2, "byte 0xe9 is not utf-8; save the file as UTF-8"),
        ("unknown.py:f", 2, "unknown encoding"),
        ("wrong.py:attribute", 3, "wrong.py:6:5: AttributeError: 'numpy.ndarray' object has no attribute 'foo'"),
        ("wrong.py:typo", 3, "wrong.py:10:12: module 'numpy' has no attribute 'summ'"),
        ("wrong.py:undefined", 3, "wrong.py:14:16: the name 'nothing' is not defined"),
        ("wrong.py:both", 3, "wrong.py:18:12: cannot differentiate eval"),
    ],
)
def test_awkward_files(folder: Path, target: str, code: int, message: str) -> None:
    (folder / "plain.py").write_text("def f(x):\n    return x\n")
    (folder / "empty.py").write_text("")
    (folder / "broken.py").write_text("def f(x):\n    return x *\n")
    (folder / "bytes.py").write_bytes(b"def f(x):\n    return x  # caf\xe9\n")
    (folder / "unknown.py").write_bytes(b"# -*- coding: nonsense -*-\ndef f(x):\n    return x\n")
    (folder / "wrong.py").write_text(
        "import numpy as np\n\n\ndef attribute(x):\n    y = np.zeros(3)\n    return x * y.foo\n\n\n"
        "def typo(x):\n    return np.summ(x)\n\n\ndef undefined(x):\n    return x * nothing\n\n\n"
        'def both(x):\n    return eval("x")\n'
    )
    for command in ("emit", "explain"):
        result = run(command, target)
        assert result.exit_code == code, result.output
        assert message in result.stderr and not result.stdout
        assert "Traceback" not in result.stderr


def test_a_file_in_its_own_encoding(folder: Path) -> None:
    (folder / "latin.py").write_bytes(
        b"# -*- coding: latin-1 -*-\ndef f(x):\n    caf\xe9 = x * x\n    return caf\xe9\n"
    )
    (folder / "bom.py").write_bytes(b"\xef\xbb\xbfdef f(x):\r\n    return x * x\r\n")
    for name in ("latin.py", "bom.py"):
        assert emitted(f"{name}:f", "--types", "x=f8")["f_grad"](3.0) == (9.0, 6.0)


def test_stdin_and_the_header() -> None:
    result = run("emit", "-", "--types", TYPES, input=MODEL)
    assert result.exit_code == 0, result.stderr
    assert re.match(r"# Written by srcad \d+\.\d+\.\d+: srcad emit - --types '", result.stdout)


# ---- files that are written ----


def test_check_and_diff_use_the_header(folder: Path) -> None:
    options = ("--types", TYPES, "--wrt", "w", "--mode", "forward", "--standalone")
    assert run("emit", "model.py:loss", *options, "-o", "out.py").exit_code == 0
    assert run("emit", "model.py:loss", "-o", "out.py", "--check").exit_code == 0
    text = (folder / "out.py").read_text()
    (folder / "model.py").write_text(MODEL.replace("r * r", "r * r * 2.0"))
    for flag in ("--check", "--diff"):
        result = run("emit", "model.py:loss", "-o", "out.py", flag)
        assert result.exit_code == ExitCode.CHANGED and "out.py is stale" in result.stderr
        assert ("\n+" in result.stdout) is (flag == "--diff")
    assert (folder / "out.py").read_text() == text
    (folder / "out.py").write_text(text.replace("r_dot", "s_dot"))
    assert run("emit", "model.py:loss", "-o", "out.py", "--check").exit_code == ExitCode.CHANGED


def test_a_failed_write_leaves_the_old_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "out.py").write_text("old\n")

    def refuse(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    result = run("emit", "model.py:cubes", "-o", "out.py")
    assert result.exit_code == ExitCode.USAGE and "cannot write out.py: No space left on device" in result.stderr
    assert (folder / "out.py").read_text() == "old\n"
    assert sorted(p.name for p in folder.iterdir()) == ["model.py", "out.py"]


def test_a_refusal_leaves_the_old_file(folder: Path) -> None:
    (folder / "out.py").write_text("old\n")
    assert run("emit", "model.py:loss", "-o", "out.py").exit_code == ExitCode.UNSUPPORTED
    assert (folder / "out.py").read_text() == "old\n"


# ---- standalone ----


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_standalone_needs_no_runtime(folder: Path, backend: str) -> None:
    (folder / "model.py").write_text(
        "import numpy as np\n\n\n"
        'def f(x: "f8[:]", i: "i8[:]"):\n    y = x[i] * x[i]\n'
        "    return np.prod(x) + np.max(y) + np.sum(np.cumprod(y))\n\n\n"
        'def g(x: "f8[:]"):\n    return np.sum(x * x)\n'
    )
    name = "f" if backend == "numpy" else "g"
    result = run("emit", f"model.py:{name}", "--backend", backend, "--standalone", "-o", "out.py")
    assert result.exit_code == 0, result.stderr
    text = (folder / "out.py").read_text()
    assert "srcad_runtime" not in text and "--standalone" in text.splitlines()[0]
    helpers, _, own = text.partition("# fmt: on\n")  # ruff leaves what stands above as it is
    assert "# fmt: off\n" in helpers and max(map(len, own.splitlines())) <= 88
    call = "out.f_grad(np.arange(1.0, 5.0), np.array([0, 2, 2]))" if name == "f" else "out.g_grad(np.arange(3.0))"
    script = f"import sys; sys.path[:0] = ['.']\nimport numpy as np, out\nprint(*{call}[1])"
    script += "\nprint('srcad_runtime' in sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    numbers, imported = done.stdout.splitlines()
    assert imported == "False"
    expected = differences(name)
    np.testing.assert_allclose([float(n) for n in numbers.split()], expected, rtol=1e-6)


def test_standalone_keeps_loops(folder: Path) -> None:
    """Products and quick quotients are kernels of the runtime: such a module does without."""
    (folder / "model.py").write_text(
        "import numpy as np\n\n\n"
        'def f(a: "f8[:,:]", b: "f8[:,:]", c: "f8[:,:]", h: float, n: int):\n'
        "    for i in range(n):\n        for j in range(n):\n            for k in range(n):\n"
        "                c[i, j] += a[i, k] * b[k, j] / h\n    return np.sum(c)\n"
    )
    result = run("emit", "model.py:f", "--backend", "numba", "--standalone", "--wrt", "a")
    assert result.exit_code == 0 and "srcad_runtime" not in result.stdout, result.stderr


def differences(name: str) -> np.ndarray:
    def f(x: np.ndarray) -> float:
        y = x[[0, 2, 2]] ** 2
        return float(np.prod(x) + np.max(y) + np.sum(np.cumprod(y))) if name == "f" else float(np.sum(x * x))

    x = np.arange(1.0, 5.0) if name == "f" else np.arange(3.0)
    return np.array([(f(x + e) - f(x - e)) / 2e-6 for e in 1e-6 * np.eye(x.size)])


def test_every_helper_can_be_written_out() -> None:
    import inspect

    from srcad_runtime import arrays

    names = [name for name, value in vars(arrays).items() if inspect.isfunction(value)]
    assert len(names) > 40
    for name in names:
        text = bundle.bundled(
            f"import numpy as np\nfrom srcad_runtime import {name}\n\n\ndef f():\n    return {name}\n"
        )
        assert "srcad_runtime" not in text
        space: dict[str, Any] = {}
        exec(compile(text, name, "exec"), space)
        assert space["f"]().__code__.co_code == getattr(arrays, name).__code__.co_code


def test_standalone_says_what_it_cannot_write(folder: Path) -> None:
    (folder / "model.py").write_text(
        "import numpy as np\n\n\n"
        'def f(x: "f8[:,:]", y: "f8[:,:,:]"):\n    return np.sum(np.einsum("ij,kjl->ikl", x, y) ** 2)\n'
    )
    result = run("emit", "model.py:f", "--backend", "numba", "--standalone")
    assert result.exit_code == ExitCode.USAGE and "use --backend numpy" in result.stderr
    assert run("emit", "model.py:f", "--backend", "numpy", "--standalone").exit_code == 0


# ---- explain, check, bench ----


def test_explain_says_what_is_active_and_what_is_recorded_and_why() -> None:
    result = run("explain", "model.py:heat", "--wrt", "alpha")
    assert result.exit_code == 0, result.stderr
    for line in (
        "- Active, depending on alpha and reaching the result: u, alpha.",
        "- Not active, not floating-point: steps, n, t, i.",
        "- Records u, 8 * steps * (n - 1) bytes: overwritten at L18, and the adjoint of L18 reads its old value.",
    ):
        assert line in result.stdout.splitlines(), result.stdout[:900]
    for name in ("parse", "desugar", "inline", "alias", "reverse"):
        assert f"---- after {name} ----" in result.stdout
    result = run("explain", "model.py:heat", "--backend", "numba")
    assert "---- after loops ----" in result.stdout
    assert "Records nothing" in run("explain", "model.py:loss", "--types", TYPES).stdout


def test_explain_html_is_one_page(folder: Path) -> None:
    result = run("explain", "model.py:heat", "--html", "-o", "page.html")
    assert result.exit_code == 0, result.stderr
    page = (folder / "page.html").read_text()
    assert "overwritten at L18" in page and not re.search(r"(src|href)=['\"]?http", page)
    linked = set(re.findall(r"href='#(\S+?)'", page))
    assert linked and all(f"id='{target}'" in page for target in linked)


RUNNABLE = MODEL.replace('raise SystemExit("this file must never run")\n', "")


def test_check_says_that_it_imports_and_finds_mistakes(folder: Path) -> None:
    (folder / "model.py").write_text(
        RUNNABLE + "\n\nimport srcad\n\n\ndef doubled(x):\n    return 2.0 * x\n\n\n"
        "@srcad.elementwise(doubled)\ndef wrong(x):\n    return 3.0\n\n\ndef f(x):\n    return doubled(x)\n"
    )
    result = run("check", "model.py:cubes", "--args", "np.arange(3.0)", "--backend", "numpy")
    assert result.exit_code == 0 and "importing model.py (this runs it)" in result.stderr
    result = run("check", "model.py:f", "--args", "2.0", "--backend", "numpy")
    assert result.exit_code == ExitCode.CHANGED
    assert "x" in result.stderr and "3.0" in result.stderr and "2.0" in result.stderr


@pytest.mark.parametrize(
    "target, args, message",
    [
        ("model.py:loss", "np.ones(2)", "loss(w, b, x, y): missing a required argument: 'b'"),
        ("model.py:Spring.energy", "1.0", "Spring.energy is a method"),
        ("model.py:loss", "np.one(2)", "AttributeError"),
        ("broken.py:f", "1.0", "SyntaxError"),
        ("gone.py:f", "1.0", "gone.py is not a Python file"),
    ],
)
@pytest.mark.parametrize("command", ["check", "bench"])
def test_usage_of_check_and_bench(folder: Path, command: str, target: str, args: str, message: str) -> None:
    (folder / "model.py").write_text(RUNNABLE)
    (folder / "broken.py").write_text("def f(x):\n    return x *\n")
    result = run(command, target, "--args", args)
    assert result.exit_code == ExitCode.USAGE, result.output
    assert message in result.stderr and "Traceback" not in result.stderr


def test_bench_shows_times_ratio_record_and_compile_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from srcad import cli_check

    monkeypatch.setattr(cli_check, "best", lambda call, budget=0.0: (call(), 1e-3)[1])
    (folder / "model.py").write_text(RUNNABLE)
    result = run("bench", "model.py:heat", "--args", "np.arange(10.0), 0.1, 4", "--backend", "numpy")
    assert result.exit_code == 0, result.output
    shown = dict(re.findall(r"│ ([^│]+?) +│ ([^│]+?) +│", result.stdout))
    assert shown["gradient / function"] == "1.00"
    assert shown["recorded"] == f"{8 * 4 * 9} bytes"  # u_saved: steps times n - 1
    assert {"function in Python", "function, generated", "value and gradient", "generate and compile"} <= set(shown)


# ---- the process ----


def test_completion_of_commands_and_choices() -> None:
    for words, expected in (("srcad em", "emit"), ("srcad emit model.py --mode h", "hvp")):
        where = str(len(words.split()) - 1)
        done = process(_SRCAD_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=where)
        out, err = done.communicate(timeout=60)
        assert out.split() == [expected], (out, err)


def test_interrupted(folder: Path) -> None:
    (folder / "slow.py").write_text(
        "import time\n\nprint('started', flush=True)\ntime.sleep(60)\n\n\ndef f(x):\n    return x\n"
    )
    running = process("check", "slow.py:f", "--args", "1.0")
    assert running.stdout is not None and running.stdout.readline() == "started\n"
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == ExitCode.INTERRUPTED, err


def test_a_reader_that_leaves_is_no_error(folder: Path) -> None:
    running = process("explain", "model.py:heat")
    assert running.stdout is not None and running.stderr is not None
    running.stdout.close()
    assert running.wait(timeout=60) == 0, running.stderr.read()


def test_no_colour() -> None:
    for environment in ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"NO_COLOR": "1", "TERM": "xterm-256color"}):
        out, err = process("emit", "model.py", "--modee", **environment).communicate(timeout=60)
        assert "\x1b[" not in out + err and err
