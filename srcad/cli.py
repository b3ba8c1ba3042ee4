"""The command line: `emit` here, the other commands in modules named after them.

Results go to stdout, everything else to stderr. Exit codes: 0 fine, 1 a check failed or a file would change, 2 usage,
3 an unsupported construct, 4 an internal error, 130 interrupted.
"""

from __future__ import annotations

import difflib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from srcad import cli_check, cli_explain, cli_tools
from srcad.cli_common import (
    BACKEND,
    FILE,
    MODE,
    PARALLEL,
    STDIN,
    TYPES,
    WRT,
    ExitCode,
    make_job,
    outcomes,
    say,
    write_out,
)

app = typer.Typer(
    name="srcad",
    help="Derivatives of NumPy functions, written as ordinary Python.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("explain")(cli_explain.explain)
app.command("check")(cli_check.check)
app.command("bench")(cli_check.bench)
app.add_typer(cli_tools.cache_app, name="cache")
app.command("doctor")(cli_tools.doctor)


def _version(shown: bool) -> None:
    if shown:
        from srcad import __version__

        print(f"srcad {__version__}")
        raise typer.Exit()


@app.callback()
def top(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Derivatives of NumPy functions, written as ordinary Python."""


@app.command()
def emit(
    file: FILE,
    wrt: WRT = "",
    mode: MODE = "",
    backend: BACKEND = "",
    types: TYPES = "",
    parallel: PARALLEL = False,
    standalone: Annotated[bool, typer.Option("--standalone", help="Write helpers of srcad_runtime into it.")] = False,
    out: Annotated[str, typer.Option("-o", "--out", help="The file to write; stdout unless given.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if OUT is stale.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
) -> None:
    """Write the gradient module of FILE's functions. FILE is parsed, never imported or run."""
    with outcomes():
        if (check or diff) and not out:
            raise typer.BadParameter("--check and --diff compare with the file that -o names")
        options = {"wrt": wrt, "mode": mode, "backend": backend, "types": types}
        old = _read(Path(out)) if out else ""
        from srcad import emitting

        if check or diff:
            recorded = _recorded(old)
            standalone, parallel = standalone or "standalone" in recorded, parallel or "parallel" in recorded
            options = {name: value or recorded.get(name, "") for name, value in options.items()}
        text = emitting.emit(replace(make_job(file, options, parallel), standalone=standalone))
        if not out:
            print(text, end="")
        elif check or diff:
            _compare(old, text, out, diff)
        elif old != text:
            write_out(out, text)
            say(f"wrote {out}")
        else:
            say(f"{out} is up to date")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _recorded(text: str) -> dict[str, str]:
    """The options in the header of an emitted module."""
    from srcad import emitting

    found = emitting.recorded(text)
    words = found[1] if found else []
    return {word[2:]: following for word, following in zip(words, [*words[1:], ""]) if word.startswith("--")}


def _compare(old: str, new: str, out: str, show: bool) -> None:
    from srcad import emitting

    if emitting.body(old) == emitting.body(new):
        say(f"{out} is up to date")
        return
    if show:
        lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), out, f"{out} (now)")
        print("".join(lines), end="")
    say(f"{out} is stale" if old else f"{out} does not exist")
    raise typer.Exit(ExitCode.CHANGED)


def main(args: list[str] | None = None) -> Any:
    """Run the command line; exits the process."""
    words = sys.argv[1:] if args is None else args
    try:
        # `-:FUNC` would be taken for an option
        return app([f"{STDIN}{word[1:]}" if word.startswith("-:") else word for word in words], prog_name="srcad")
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
