"""What the manual shows is what happens.

The code blocks of a page run in order, Python in one namespace, `srcad` commands through the command line's main, all
in one folder. A block after it whose info string has ``title="printed"`` is what it printed; ``...`` there
stands for any text. A block with ``title="NAME"`` is first written to the file NAME. ``--update-golden`` writes what
was printed, except where ``...`` stands.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shlex
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from srcad.cli import main
from srcad.rules import coverage, registry

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted(
    page.relative_to(DOCS).as_posix() for folder in (".", "examples") for page in DOCS.glob(f"{folder}/*.md")
)
BLOCK = re.compile(r'^```(\w+)(?: title="([^"\n]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
COVERAGE = """# What has a derivative

Every library function with a derivative rule of srcad's own, written from the rules themselves. *Modes*: reverse,
forward, both, or zero where every derivative is zero. *Backends*: besides NumPy; Numba with a star where compiled code
calls back into Python, for some ranks or arguments, or always; what Numba cannot compile in a program is answered by
NumPy with one warning (`backend="auto"`) or refused (`backend="numba"`). A function that is not here is refused, unless
it is written in Python that srcad can read or has a [rule of yours](rules.md).

"""


@dataclass(frozen=True)
class Block:
    language: str
    title: str
    text: str
    line: int
    span: tuple[int, int]


def blocks(text: str) -> Iterator[Block]:
    for found in BLOCK.finditer(text):
        language, title, body = found.groups()
        yield Block(language, title or "", body, text.count("\n", 0, found.start()) + 2, found.span(3))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to run a page in; rules and modules of the page are forgotten afterwards."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(registry, "_USER", {})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize("page", PAGES)
def test_page(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    file = DOCS / page
    text = file.read_text(encoding="utf-8")
    module = types.ModuleType(page.removesuffix(".md").replace("-", "_").replace("/", "_"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    printed, changes = "", []
    for block in blocks(text):
        if block.title == "printed":
            if not matches(block.text, printed):
                assert update_golden and "..." not in block.text, f"{page}:{block.line} prints\n{printed}"
                changes.append((block.span, printed))
            printed = ""
            continue
        assert not printed or update_golden, f"{page}: before line {block.line}, this is printed\n{printed}"
        if block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language in ("python", "sh"):
            printed = clean(python(block, module) if block.language == "python" else shell(block), folder)
    for (start, end), new in reversed(changes):
        text = text[:start] + new + text[end:]
    if changes:
        file.write_text(text, encoding="utf-8")


def python(block: Block, module: types.ModuleType) -> str:
    """What a Python block prints; an error that ends it is its last lines."""
    name = f"{module.__name__}_block_{block.line}.py"
    linecache.cache[name] = len(block.text), None, block.text.splitlines(True), name
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            exec(compile(block.text, name, "exec"), module.__dict__)
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
    return out.getvalue()


def shell(block: Block) -> str:
    """What the `srcad` commands of a shell block print; other commands are for the reader."""
    out = io.StringIO()
    code = 0
    for line in block.text.splitlines():
        words = shlex.split(line)
        if line == "echo $?":
            print(code, file=out)
        elif words and words[0] == "srcad":
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), pytest.raises(SystemExit) as exit_:
                main(words[1:])
            code = int(exit_.value.code or 0)
    return out.getvalue()


def clean(text: str, folder: Path) -> str:
    """Without the folder and the names of blocks, and with one line end at the end."""
    text = re.sub(r"\b\w+_block_\d+\.py", "model.py", text.replace(f"{folder}/", "")).rstrip()
    return f"{text}\n" if text else ""


def matches(shown: str, printed: str) -> bool:
    return re.fullmatch(re.escape(shown).replace(re.escape("..."), ".*?"), printed, re.DOTALL) is not None


def test_coverage_is_current(update_golden: bool) -> None:
    page = DOCS / "coverage.md"
    expected = COVERAGE + coverage.markdown()
    if update_golden:
        page.write_text(expected, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not ((DOCS / page).parent / link).exists()] == []


def test_contents_has_every_page() -> None:
    linked = LINK.findall((DOCS / "index.md").read_text(encoding="utf-8"))
    assert set(PAGES) - {"index.md"} <= set(linked)
