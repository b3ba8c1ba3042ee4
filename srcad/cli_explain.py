"""`srcad explain`: the program after each pass, what is active, what is recorded, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from srcad.cli_common import BACKEND, FILE, MODE, PARALLEL, TYPES, WRT, make_job, outcomes, say, write_out


def explain(
    file: FILE,
    wrt: WRT = "",
    mode: MODE = "",
    backend: BACKEND = "",
    types: TYPES = "",
    parallel: PARALLEL = False,
    html: Annotated[bool, typer.Option("--html", help="Write one self-contained page instead of text.")] = False,
    out: Annotated[str, typer.Option("-o", "--out", help="The file to write; stdout unless given.")] = "",
) -> None:
    """Show how the derivative comes about, pass by pass. FILE is parsed, never imported or run."""
    with outcomes():
        from srcad import emitting

        job = make_job(file, {"wrt": wrt, "mode": mode, "backend": backend, "types": types}, parallel)
        found = emitting.targets(job)
        made = [(target, emitting.generate(job, target, keep_passes=True)) for target in found]
        text = "\n".join(_page(t, g) if html else _text(t, g) for t, g in made)
        if not out:
            print(text)
            return
        write_out(out, text)
        say(f"wrote {out}")


def _text(target: Any, made: Any) -> str:
    parts = [f"==== {target.qualname} ({target.file}) ====", *(f"- {fact}" for fact in facts(made))]
    for name, text in made.passes:
        parts += ["", f"---- after {name} ----", text.rstrip()]
    return "\n".join([*parts, "", "---- the module ----", made.text.rstrip()])


def facts(made: Any) -> tuple[str, ...]:
    """Shapes, activity, records: what the docstring says of records is said here with its reason."""
    shapes = tuple(
        part for note in made.notes for part in [note.partition(" Records ")[0]] if not note.startswith("Records ")
    )
    return (*shapes, *(made.reasons or made.notes))


def _page(target: Any, made: Any) -> str:
    from srcad import html

    first, primal = source_of(target)
    return html.page(f"{target.qualname} and its derivative", primal, made.text, first, facts(made), made.passes)


def source_of(target: Any) -> tuple[int, str]:
    """(first line, text) of a function in its file."""
    node, source = target.slice.node, target.slice.source
    first = node.lineno
    return first, "\n".join(source.line(n) for n in range(first, node.end_lineno + 1))
