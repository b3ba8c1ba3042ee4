"""What the commands share: options, exit codes, and how errors become messages."""

from __future__ import annotations

import contextlib
import enum
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srcad.config import BACKENDS, MODES, Config, UsageError, did_you_mean, load

if TYPE_CHECKING:
    from srcad.emitting import Job


STDIN = "<stdin>"


class ExitCode(enum.IntEnum):
    FINE = 0
    CHANGED = 1  # or a check failed
    USAGE = 2
    UNSUPPORTED = 3
    INTERNAL = 4
    INTERRUPTED = 130


def _one_of(allowed: tuple[str, ...]) -> Any:
    def check(value: str) -> str:
        if value and value not in allowed:
            raise typer.BadParameter(f"{value!r}{did_you_mean(value, allowed)}")
        return value

    return check


def _completion(allowed: tuple[str, ...]) -> Any:
    return lambda incomplete: [word for word in allowed if word.startswith(incomplete)]


FILE = Annotated[str, typer.Argument(metavar="FILE[:FUNC]", help="A Python file, or - for stdin, and a function.")]
WRT = Annotated[str, typer.Option("--wrt", help="Parameters to differentiate: w,b.")]
MODE = Annotated[
    str, typer.Option("--mode", help=" | ".join(MODES), callback=_one_of(MODES), autocompletion=_completion(MODES))
]
BACKEND = Annotated[
    str,
    typer.Option(
        "--backend", help=" | ".join(BACKENDS), callback=_one_of(BACKENDS), autocompletion=_completion(BACKENDS)
    ),
]
TYPES = Annotated[str, typer.Option("--types", help='Types of parameters: "w=f8[:], x=f8[:,:], n=int".')]
PARALLEL = Annotated[
    bool, typer.Option("--parallel", help="Share loops out among threads where that is safe (with --backend numba).")
]
ARGS = Annotated[
    str,
    typer.Option("--args", help="Arguments: Python expressions ('np.ones(3), y=2.0'), or a .npz, .npy or .json file."),
]


def say(message: str) -> None:
    """A line on stderr."""
    print(message, file=sys.stderr)


@contextlib.contextmanager
def outcomes() -> Iterator[None]:
    """Turn errors into a message on stderr and an exit code."""
    from srcad.annotations import TypeSyntaxError
    from srcad.errors import Unsupported, render

    try:
        yield
    except (typer.Exit, typer.BadParameter):
        raise
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        # the reader has gone (`srcad emit f.py | head`): no further write may fail at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.FINE) from None
    except Unsupported as error:
        from srcad.files import NoFunction

        say(str(error))
        raise typer.Exit(ExitCode.USAGE if isinstance(error, NoFunction) else ExitCode.UNSUPPORTED) from None
    except SyntaxError as error:
        say("".join(traceback.format_exception_only(error)).rstrip())
        raise typer.Exit(ExitCode.USAGE) from None
    except OSError as error:
        say(f"srcad: {error.filename}: {error.strerror}" if error.filename and error.strerror else f"srcad: {error}")
        raise typer.Exit(ExitCode.USAGE) from None
    except (UsageError, TypeSyntaxError) as error:
        say(f"srcad: {error}")
        raise typer.Exit(ExitCode.USAGE) from None
    except Exception as error:
        if _programs_own(error):
            say(render(f"{type(error).__name__}: {error}", error.srcad_loc))  # type: ignore[attr-defined]
            raise typer.Exit(ExitCode.UNSUPPORTED) from None
        traceback.print_exc()
        say("srcad: internal error; please report it with the lines above")
        raise typer.Exit(ExitCode.INTERNAL) from None


def _programs_own(error: Exception) -> bool:
    """Whether running the program would raise this, too: it has a place, and was raised on purpose."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    inside = Path(last.filename).parent == Path(__file__).parent
    return hasattr(error, "srcad_loc") and (not inside or (last.line or "").startswith("raise "))


@contextlib.contextmanager
def running() -> Iterator[None]:
    """Around the user's own code: what it raises is shown as Python shows it, and is a failed check."""
    from srcad.errors import Unsupported

    try:
        yield
    except (Unsupported, UsageError, typer.Exit):
        raise
    except Exception:
        traceback.print_exc()
        raise typer.Exit(ExitCode.CHANGED) from None


def split(file: str) -> tuple[str, str]:
    """``model.py:loss`` as file and function; a function may be dotted."""
    path, colon, function = file.rpartition(":")
    named = colon and all(part.isidentifier() for part in function.split("."))
    return (path, function) if named else (file, "")


def make_job(file: str, options: dict[str, str], parallel: bool = False) -> Job:
    """Read the file (or stdin) and its settings; what the command line says wins.

    Raises:
        UsageError: threads are asked for without the backend that has them.
    """
    from srcad import source
    from srcad.emitting import Job

    path, function = split(file)
    if path in ("-", STDIN):
        text, start = _stdin(), Path.cwd()
    else:
        text, start = source.read(Path(path)), Path(path).resolve().parent
    config = load(start)
    given = {name: value for name, value in options.items() if value}
    chosen = Config(**{**vars(config), **given, "parallel": parallel or config.parallel})
    if parallel and chosen.backend != "numba":
        raise UsageError("--parallel takes --backend numba")
    return Job(STDIN if path == "-" else path, text, function, chosen)


def configured(file: str) -> str:
    """The backend that the settings ask for; "" where they say nothing."""
    return load(Path(split(file)[0]).resolve().parent, Config(backend="")).backend


def _stdin() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise UsageError(f"stdin is not {error.encoding}: {error.reason}") from None


def write_out(out: str, text: str) -> None:
    """Write a file in one step.

    Raises:
        UsageError: it cannot be written.
    """
    from srcad import cache

    try:
        cache.write(Path(out), text.encode("utf-8"), private=False)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None


def import_function(file: str) -> tuple[Any, Any]:
    """(function, module) of ``model.py:loss``. Runs the file, and says so.

    Raises:
        UsageError: no function is named, or the file has none of that name.
    """
    from srcad import source

    path, name = split(file)
    if not name:
        raise UsageError(f"name the function: {file}:FUNCTION")
    say(f"importing {path} (this runs it)")
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if spec is None or spec.loader is None or not Path(path).is_file():
        raise UsageError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(Path(path).resolve().parent))
    compile(source.read(Path(path)), path, "exec", dont_inherit=True)  # its SyntaxError is one of usage
    with running():
        spec.loader.exec_module(module)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(f"{path} has no function {name!r}{did_you_mean(name, _functions(module))}")
        owner, found = found, getattr(found, part)
        if isinstance(owner, type) and inspect.isfunction(vars(owner).get(part)):
            raise UsageError(f"{name} is a method: name a function that makes the object and calls it")
    return found, module


def _functions(module: Any) -> list[str]:
    own = [n for n, v in vars(module).items() if callable(v) and getattr(v, "__module__", None) == module.__name__]
    return own or ["no functions"]


def arguments(text: str, module: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments that ``--args`` describes: a file of them, or Python expressions over the module's names.

    Raises:
        UsageError: they cannot be read.
    """
    path = Path(text)
    if path.suffix in (".npz", ".npy", ".json") and path.is_file():
        return _from_file(path)
    import math

    import numpy as np

    space = {"np": np, "numpy": np, "math": math, **vars(module), "_arguments": lambda *args, **kw: (args, kw)}
    try:
        return eval(f"_arguments({text})", space)
    except Exception as error:
        raise UsageError(f"--args {text!r}: {type(error).__name__}: {error}") from error


def _from_file(path: Path) -> tuple[tuple[Any, ...], dict[str, Any]]:
    import json

    import numpy as np

    if path.suffix == ".json":
        data = json.loads(path.read_text(encoding="utf-8"))
        items = {k: _array(v) for k, v in data.items()} if isinstance(data, dict) else [_array(v) for v in data]
        return ((), items) if isinstance(items, dict) else (tuple(items), {})
    found = np.load(path, allow_pickle=False)
    if path.suffix == ".npy":
        return (found,), {}
    positional = [found[f"arr_{k}"] for k in range(len(found.files)) if f"arr_{k}" in found.files]
    return tuple(positional), {name: found[name] for name in found.files if not name.startswith("arr_")}


def _array(value: Any) -> Any:
    import numpy as np

    return np.array(value) if isinstance(value, list) else value
