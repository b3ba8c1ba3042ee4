"""The command line: output, exit codes, settings; with a stand-in for the compiler."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from srcad import pipeline, specialise
from srcad.cli import app, main
from srcad.cli_common import ExitCode, split
from srcad.config import Config, ConfigError, load
from srcad.emitting import joined
from tests.fake_compiler import QUADRATIC, FakeCompiler, generated

MODEL = '''import numpy as np

import srcad

raise_if_run = 1 // ("imported" in globals())


@srcad.differentiate(argnums=("w",))
def loss(w, x, y):
    """Mean squared residual."""
    r = x @ w - y
    return np.mean(r * r)


@srcad.differentiate
def other(w, x, y):
    return np.sum(w)


def plain(w, x, y):
    return loss(w, x, y)
'''
RUNNABLE = MODEL.replace('raise_if_run = 1 // ("imported" in globals())\n', "")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeCompiler:
    compiler = FakeCompiler()
    for name in ("loss", "plain"):
        compiler.knows(name, QUADRATIC)
    compiler.answers["other"] = lambda r: generated(r, "def other_grad(w, x, y, out_bar=1.0):\n    return w, w\n")
    monkeypatch.setattr(pipeline, "build", compiler.build)
    monkeypatch.setattr(specialise, "_tables", {})
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return compiler


def run(*args: str, input: str | None = None) -> Any:
    return CliRunner().invoke(app, list(args), input=input)


# ---- emit ----


def test_emit_writes_every_decorated_function(fake):
    result = run("emit", "model.py")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"# Written by srcad \S+: srcad emit model.py", lines[0])
    assert result.stdout.count("import numpy as np\n") == 1
    assert "def loss_grad(" in result.stdout and "def other_grad(" in result.stdout
    assert [r.wrt for r in fake.requests] == [("w",), ("w",)]
    compile(result.stdout, "out.py", "exec")


def test_emit_never_runs_the_file(fake, tmp_path):
    (tmp_path / "model.py").write_text(RUNNABLE + "\nraise SystemExit('was run')\n")
    before = set(sys.modules)
    assert run("emit", "model.py:loss").exit_code == 0
    assert "model" not in set(sys.modules) - before


def test_emit_options_reach_the_compiler(fake):
    result = run("emit", "model.py:plain", "--wrt", "w,y", "--mode", "hvp", "--types", "w=f4[:], x=f8[:,:]")
    assert result.exit_code == 0, result.stderr
    (request,) = fake.requests
    assert request.wrt == ("w", "y") and request.modes == ("reverse", "forward") and request.backend == "numpy"
    assert [getattr(t, "dtype", "?") for t in request.arguments] == ["float32", "float64", None]
    assert "--wrt w,y --mode hvp --types 'w=f4[:], x=f8[:,:]'" in result.stdout.splitlines()[0]


def test_emit_reads_stdin(fake):
    result = run("emit", "-", input=MODEL)
    assert result.exit_code == 0 and "def loss_grad" in result.stdout and "def other_grad" in result.stdout


def test_main_takes_a_function_of_stdin(fake, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO(MODEL))
    with pytest.raises(SystemExit) as caught:
        main(["emit", "-:loss"])
    out = capsys.readouterr().out
    assert caught.value.code == 0 and "def loss_grad" in out and "emit -:loss" in out.splitlines()[0]


def test_emit_to_a_file_check_and_diff(fake, tmp_path):
    out = tmp_path / "grad.py"
    assert run("emit", "model.py:loss", "--wrt", "w", "-o", "grad.py", "--check").exit_code == ExitCode.CHANGED
    assert not out.exists()
    assert run("emit", "model.py:loss", "--wrt", "w", "-o", "grad.py").exit_code == 0
    first = out.read_text()
    # the options are those that the header records
    assert run("emit", "model.py:loss", "-o", "grad.py", "--check").exit_code == 0
    out.write_text(first.replace("srcad 0.", "srcad 9."))
    assert run("emit", "model.py:loss", "-o", "grad.py", "--check").exit_code == 0
    fake.answers["loss"] = lambda r: generated(r, QUADRATIC[r.modes].replace("2.0", "3.0"))
    result = run("emit", "model.py:loss", "-o", "grad.py", "--diff")
    assert result.exit_code == ExitCode.CHANGED
    assert "-    w_bar = x.T @ (2.0" in result.stdout and "+    w_bar = x.T @ (3.0" in result.stdout
    assert "stale" in result.stderr and "2.0" in out.read_text()


def test_emit_does_not_touch_a_file_that_is_up_to_date(fake, tmp_path):
    run("emit", "model.py:loss", "-o", "grad.py")
    before = (tmp_path / "grad.py").stat().st_mtime_ns
    result = run("emit", "model.py:loss", "-o", "grad.py")
    assert "up to date" in result.stderr and (tmp_path / "grad.py").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "args, code, message",
    [
        (["emit", "none.py"], ExitCode.USAGE, "none.py"),
        (["emit", "model.py:loss", "--wrt", "v"], ExitCode.USAGE, "has no parameter 'v'"),
        (["emit", "model.py:loss", "--mode", "revers"], ExitCode.USAGE, "reverse"),
        (["emit", "model.py:loss", "--backend", "torch"], ExitCode.USAGE, "numba"),
        (["emit", "model.py:loss", "--types", "w=f8[:"], ExitCode.USAGE, "types"),
        (["emit", "model.py:loss", "--types", "q=f8"], ExitCode.USAGE, "'q'"),
        (["emit", "model.py:loss", "--check"], ExitCode.USAGE, "-o"),
        (["emit", "model.py:lose"], ExitCode.USAGE, "Did you mean 'loss'"),
        (["emit"], ExitCode.USAGE, ""),
        (["emmit"], ExitCode.USAGE, "emit"),
    ],
)
def test_usage_errors(fake, args, code, message):
    result = run(*args)
    assert result.exit_code == code, result.output
    assert message in result.stderr and not result.stdout


def test_exit_codes_of_errors(fake, tmp_path):
    import srcad

    def raising(error):
        def answer(request):
            raise error

        return answer

    fake.answers["loss"] = raising(srcad.Unsupported("no gradient of this"))
    result = run("emit", "model.py:loss")
    assert result.exit_code == ExitCode.UNSUPPORTED and "no gradient of this" in result.stderr
    fake.answers["loss"] = raising(RuntimeError("bug"))
    result = run("emit", "model.py:loss")
    assert result.exit_code == ExitCode.INTERNAL and "internal error" in result.stderr
    fake.answers["loss"] = raising(KeyboardInterrupt())
    assert run("emit", "model.py:loss").exit_code == ExitCode.INTERRUPTED
    (tmp_path / "model.py").write_text("def loss(:\n")
    assert run("emit", "model.py:loss").exit_code == ExitCode.USAGE


def test_a_file_without_decorated_functions(fake, tmp_path):
    (tmp_path / "model.py").write_text("def f(x):\n    return x\n")
    result = run("emit", "model.py")
    assert result.exit_code == ExitCode.USAGE and "model.py:FUNCTION" in result.stderr


def test_splitting_file_and_function():
    assert split("a/b.py:f") == ("a/b.py", "f")
    assert split("a/b.py:C.m") == ("a/b.py", "C.m")
    assert split("C:\\a\\b.py") == ("C:\\a\\b.py", "")
    assert split("-:f") == ("-", "f") and split("-") == ("-", "")


def test_modules_are_joined_with_one_set_of_imports():
    one = "import numpy as np\n\nfrom srcad_runtime import unbroadcast\n\n\ndef f_grad(x):\n    return x\n"
    two = "import math\n\nimport numpy as np\n\nfrom srcad_runtime import astype\n\n\n# note\n"
    two += "def g_grad(x):\n    return x\n"
    text = joined([one, two, one])
    assert text.startswith("import math\n\nimport numpy as np\nfrom srcad_runtime import astype, unbroadcast\n\n\n")
    assert text.count("def f_grad") == 1 and "# note\ndef g_grad" in text


# ---- settings ----


def test_settings_come_from_pyproject(fake, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.srcad]\nbackend = "numba"\nwrt = ["w", "y"]\n')
    assert load(tmp_path) == Config(backend="numba", wrt="w,y")
    assert run("emit", "model.py:plain").exit_code == 0
    assert (fake.requests[-1].backend, fake.requests[-1].wrt) == ("numba", ("w", "y"))
    assert run("emit", "model.py:plain", "--backend", "numpy").exit_code == 0
    assert fake.requests[-1].backend == "numpy"


@pytest.mark.parametrize(
    "text, message",
    [
        ('[tool.srcad]\nbackened = "numpy"\n', "did you mean 'backend'"),
        ('[tool.srcad]\nmode = "revers"\n', "did you mean 'reverse'"),
        ("[tool.srcad]\nbackend = 3\n", "is not text"),
        ("[tool.srcad\n", "pyproject.toml"),
    ],
)
def test_wrong_settings(fake, tmp_path, text, message):
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path)
    result = run("emit", "model.py:loss")
    assert result.exit_code == ExitCode.USAGE and message in result.stderr


# ---- explain ----


def explained(request):
    found = generated(
        request,
        "def loss_grad(w, x, y, out_bar=1.0):\n    r = x @ w - y\n    # L12  return np.mean(r * r)\n"
        "    w_bar = x.T @ r\n    return np.mean(r * r), w_bar\n",
        notes=("Records nothing.",),
        passes=(("parse", "def loss(w, x, y): ..."), ("reverse", "def loss_grad(w, x, y): ...")),
    )
    return found


def test_explain_shows_every_pass(fake):
    fake.answers["loss"] = explained
    result = run("explain", "model.py:loss")
    assert result.exit_code == 0, result.stderr
    for part in ("after parse", "after reverse", "Records nothing.", "def loss_grad"):
        assert part in result.stdout


def test_explain_html_links_lines(fake, tmp_path):
    fake.answers["loss"] = explained
    assert run("explain", "model.py:loss", "--html", "-o", "page.html").exit_code == 0
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "http" not in page.split("<body>")[1]
    assert "Mean squared residual" in page
    target = re.search(r"href='#(\S+-12)'", page)
    assert target and f"id='{target[1]}'" in page
    assert page.count("data-line='12'") == 3  # the line, its quotation and the statement below


# ---- check and bench ----


def test_check(fake, tmp_path):
    (tmp_path / "model.py").write_text(RUNNABLE)
    args = "np.ones(3), np.eye(3), y=np.zeros(3)"
    result = run("check", "model.py:loss", "--args", args, "--backend", "numpy")
    assert result.exit_code == 0, result.output
    assert "importing model.py" in result.stderr and "agree" in result.stdout
    np.savez(tmp_path / "args.npz", np.ones(3), np.eye(3), y=np.zeros(3))
    assert run("check", "model.py:loss", "--args", "args.npz", "--backend", "numpy").exit_code == 0
    fake.knows("plain", {**QUADRATIC, ("reverse",): QUADRATIC[("reverse",)].replace("2.0", "2.5")})
    result = run("check", "model.py:plain", "--args", args, "--wrt", "w", "--backend", "numpy")
    assert result.exit_code == ExitCode.CHANGED and "finite differences give" in result.stderr


def test_check_refuses(fake, tmp_path):
    (tmp_path / "model.py").write_text(RUNNABLE)
    for args, message in (
        (["check", "model.py", "--args", "1"], "name the function"),
        (["check", "model.py:lose", "--args", "1"], "did you mean 'loss'"),
        (["check", "model.py:loss", "--args", "np.one(3)"], "AttributeError"),
        (["check", "none.py:loss", "--args", "1"], "not a Python file"),
    ):
        result = run(*args)
        assert result.exit_code == ExitCode.USAGE and message in result.stderr, result.output
    (tmp_path / "model.py").write_text("raise KeyError('mine')\n")
    result = run("check", "model.py:loss", "--args", "1")
    assert result.exit_code == ExitCode.CHANGED and "KeyError: 'mine'" in result.stderr


def test_bench(fake, tmp_path, monkeypatch):
    from srcad import cli_check

    monkeypatch.setattr(cli_check, "best", lambda call, budget=0.0: (call(), 1e-3)[1])
    (tmp_path / "model.py").write_text(RUNNABLE)
    result = run("bench", "model.py:loss", "--args", "np.ones(3), np.eye(3), np.ones(3)", "--backend", "numpy")
    assert result.exit_code == 0, result.output
    assert "gradient / function" in result.stdout and "1.00" in result.stdout
    assert re.search(r"recorded\W+0 bytes", result.stdout) and "generate and compile" in result.stdout


# ---- cache and doctor ----


def test_cache_commands(fake, tmp_path):
    assert run("cache", "dir").stdout.strip() == str(tmp_path / "cache")
    import srcad

    def loss(w, x, y):
        return w

    body = "def loss_grad(w, x, y, out_bar=1.0):\n    return 1.0, w  # only here\n"
    fake.knows("loss", {("reverse",): body})
    srcad.grad(loss, backend="numpy")(np.ones(3), np.eye(3), np.ones(3))
    assert re.search(r"modules +1\n", run("cache", "info").stdout)
    assert "removed 1 modules" in run("cache", "clear").stdout
    assert re.search(r"modules +0\n", run("cache", "info").stdout)


def test_doctor(fake, monkeypatch):
    result = run("doctor")
    assert result.exit_code == 0, result.output
    for word in ("numpy", "numba", "processor", "threading layer", "vector maths", "CUDA", "cache"):
        assert word in result.stdout


def test_help_and_version():
    assert "emit" in run("--help").stdout
    assert re.fullmatch(r"srcad \d+\.\d+\.\d+\n", run("--version").stdout)
    for command in ("emit", "explain", "check", "bench", "cache", "doctor"):
        assert run(command, "--help").exit_code == 0


def test_colour_is_not_forced_on_pipes():
    result = subprocess.run([sys.executable, "-m", "srcad.cli", "doctor"], capture_output=True, env=_environment())
    assert b"\x1b[" not in result.stdout + result.stderr


def _environment() -> dict[str, str]:
    import os

    root = Path(__file__).resolve().parent.parent
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'runtime'}", "NO_COLOR": "1"}
