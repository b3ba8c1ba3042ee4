"""`srcad emit`: from a file that is never imported to the text of its gradient module."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from srcad import __version__, emit_imports
from srcad.config import Config, UsageError

MODES = {"reverse": ("reverse",), "forward": ("forward",), "hvp": ("reverse", "forward")}
_HEADER = re.compile(r"# Written by srcad (?P<version>\S+): srcad emit (?P<command>.*)")


@dataclass(frozen=True)
class Job:
    """What is to be emitted: a file as it was named, its text, the function (or "" for every decorated one)."""

    file: str
    text: str
    function: str
    config: Config
    standalone: bool = False

    @property
    def command(self) -> str:
        """The options that led to this output, as one types them."""
        file = "-" if self.file == "<stdin>" else self.file
        words = [f"{file}:{self.function}" if self.function else file]
        for name in ("wrt", "mode", "backend", "types"):
            value = getattr(self.config, name)
            if value and value != getattr(Config(), name):
                words += [f"--{name}", value]
        flags = (
            ("--parallel", self.config.parallel and self.config.backend == "numba"),
            ("--standalone", self.standalone),
        )
        return shlex.join([*words, *(flag for flag, on in flags if on)])


def emit(job: Job) -> str:
    """The module that holds the derivatives asked for.

    Raises:
        Unsupported, SyntaxError, TypeSyntaxError, UsageError: with a message for the user.
    """
    texts = [_without_header(text(job, target, generate(job, target))) for target in targets(job)]
    whole = joined(texts)
    if job.standalone:
        from srcad.bundle import bundled

        whole = bundled(whole).lstrip("\n")
    return f"# Written by srcad {__version__}: srcad emit {job.command}\n\n{whole}"


def targets(job: Job) -> list[Any]:
    """The functions asked for: the one named, or every one under ``@differentiate``.

    Raises:
        UsageError: there is none.
    """
    from srcad import scope

    where = job.text if job.file == "<stdin>" else Path(job.file)  # a file's neighbours can be read too
    found = list(scope.decorated(where, job.file))
    if job.function:
        named = [target for target in found if target.qualname == job.function]
        return named or [scope.from_file(where, job.function, job.file)]
    if not found:
        raise UsageError(f"{job.file} has no function under @differentiate; name one: {job.file}:FUNCTION")
    return found


def generate(job: Job, target: Any, keep_passes: bool = False) -> Any:
    """`pipeline.build` for a function of a file; returns its `Generated`."""
    from srcad import pipeline

    request = pipeline.Request(
        target=target,
        arguments=argument_types(job, target),
        wrt=wanted(job, target),
        modes=MODES[job.config.mode],
        backend=job.config.backend,
        has_aux=bool(target.options.get("has_aux", False)),
        options=_options(job, target),
    )
    from srcad.errors import Unsupported

    while True:
        try:
            return pipeline.build(request, keep_passes)
        except pipeline.NeedValue as need:
            if need.origin == "layout" and need.refusal is not None:
                raise need.refusal from None
            if need.origin == "layout":
                reason = f"cannot differentiate a write into a reshaped {need.path_[0]}, which may be a view or a copy"
                raise Unsupported(reason, target.function.loc, "Reshape a copy of it.") from None
            value = _value(target, need.origin, need.path_)
            request = replace(request, baked=(*request.baked, (need.origin, need.path_, value)))


def _options(job: Job, target: Any) -> tuple[tuple[str, bool], ...]:
    """Threads where they are asked for; no passes whose kernels are a library that cannot be written into a module."""
    threads = job.config.parallel or target.options.get("parallel")
    off = (("products", False), ("quotients", False)) if job.standalone else ()
    return ((("parallel", True),) if threads else ()) + off


def text(job: Job, target: Any, made: Any) -> str:
    """The generated module, with a wrapper where the function takes containers or reads captured values."""
    from srcad.standalone import Kernel, standalone

    names = [p.name for p in target.parameters]
    return standalone(
        Kernel(
            text=made.text,
            entry=made.entry,
            name=target.name,
            inputs=tuple((i.origin, i.path, i.name) for i in made.inputs),
            wrt=tuple(i.path for i in made.wrt_leaves),
            roots=tuple((name,) for name in wanted(job, target)),
            output=made.output,
            parameters=target.function.params,
            types=dict(zip(names, argument_types(job, target))),
            read=lambda origin, path: captured(target, origin, path),
            baked=made.baked,
        )
    )


def wanted(job: Job, target: Any) -> tuple[str, ...]:
    """The parameters to differentiate: from ``--wrt``, else from the decorator, else the first.

    Raises:
        UsageError: a name or position that is no parameter.
    """
    names = [p.name for p in target.parameters if p.name not in target.bound]
    if job.config.wrt:
        asked: list[Any] = [name.strip() for name in job.config.wrt.split(",") if name.strip()]
    else:
        argnums = target.options.get("argnums", 0)
        asked = list(argnums) if isinstance(argnums, (tuple, list)) else [argnums]
    found = [names[a] if isinstance(a, int) and -len(names) <= a < len(names) else a for a in asked]
    for name in found:
        if name not in names:
            raise UsageError(f"{target.qualname}({', '.join(names)}) has no parameter {name!r}")
    return tuple(found)


def argument_types(job: Job, target: Any) -> tuple[Any, ...]:
    """The types of all parameters: from ``--types``, else from annotations, else unknown."""
    from srcad.annotations import parse_annotation, parse_types
    from srcad.types import UNKNOWN

    given = parse_types(job.config.types) if job.config.types else {}
    annotations = {p.name: p.annotation for p in target.function.params}
    names = [p.name for p in target.parameters]
    if job.function:
        for name in given:
            if name not in names:
                raise UsageError(f"--types: {target.qualname}({', '.join(names)}) has no parameter {name!r}")
    return tuple(
        given[n] if n in given else parse_annotation(annotations[n], n) if annotations.get(n) else UNKNOWN
        for n in names
    )


def _value(target: Any, origin: str, path: tuple[Any, ...]) -> Any:
    """A number that decides the program's structure: a parameter's default, or a literal global."""
    from srcad import scope
    from srcad.errors import Unsupported

    name = str(path[0])
    if origin == "param":
        found = next((p for p in target.parameters if p.name == name), None)
        if found is not None and found.has_default and found.default is not scope.MISSING:
            return found.default
    else:
        value = captured(target, origin, path)
        if value is not scope.MISSING:
            return value
    raise Unsupported(
        f"{target.qualname}: the value of {name} decides what the program is, and it is not known without running it",
        hint=f"Give {name} a default, or use @differentiate, which sees its value.",
    )


def captured(target: Any, origin: str, path: tuple[Any, ...]) -> Any:
    """A captured value of a function in a file: what a literal says, else `scope.MISSING`."""
    from srcad import scope

    value = scope.read(target, origin, path)
    expression = getattr(value, "expression", None)
    if expression is None:
        return value
    try:
        return ast.literal_eval(expression)
    except ValueError:
        return scope.MISSING


# ---- several modules as one ----


def joined(texts: list[str]) -> str:
    """Generated modules as one: their imports once, at the top, then each function once."""
    if len(texts) == 1:
        return texts[0]
    imports = Imports()
    bodies: dict[str, None] = {}
    for text in texts:
        for node in ast.parse(text).body:
            if not imports.add(node):
                bodies[segment(text, node)] = None
    return "\n\n\n".join([*imports.text(), *bodies]) + "\n"


@dataclass(frozen=True)
class Imports:
    """Import statements, each name once."""

    found: dict[emit_imports.Import, None] = field(default_factory=dict)

    def add(self, node: ast.stmt) -> bool:
        """Take a statement in; False if it is no import."""
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            return False
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            own = (module, alias.name) if module else (alias.name, "")
            self.found[emit_imports.Import(*own, alias.asname or alias.name)] = None
        return True

    def text(self) -> list[str]:
        """A paragraph for the future, the standard library and the rest; nothing where there are none."""
        future = [i for i in self.found if i.module == "__future__"]
        rest = emit_imports.lines(i for i in self.found if i.module != "__future__")
        text = "\n\n".join("\n".join(group) for group in (emit_imports.lines(future), rest) if group)
        return [text] if text else []


def segment(text: str, node: ast.stmt) -> str:
    """A statement's lines with its decorators and the comments above it."""
    lines = text.splitlines()
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    while first > 1 and lines[first - 2].startswith("#"):
        first -= 1
    return "\n".join(lines[first - 1 : node.end_lineno])


# ---- the header ----


def _without_header(text: str) -> str:
    """A module without the comments at its top."""
    return re.sub(r"\A(#[^\n]*\n|\n)+", "", text)


def recorded(text: str) -> tuple[str, list[str]] | None:
    """(version, words of the command) that the header of an emitted module records; None without a header."""
    match = _HEADER.match(text.partition("\n")[0])
    return (match["version"], shlex.split(match["command"])) if match else None


def body(text: str) -> str:
    """A module without its header line: what must be equal for it not to be stale."""
    return text.partition("\n")[2] if recorded(text) else text
