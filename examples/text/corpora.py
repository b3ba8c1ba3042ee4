"""Text that every Python brings along: its documentation, its licence, its poem, the docstrings of its library."""

from __future__ import annotations

import ast
import codecs
import contextlib
import io
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LIBRARY = Path(sysconfig.get_paths()["stdlib"])

# topics, and the parts of the standard library that are about them
TOPICS = {
    "windows": ("tkinter", "turtle.py"),
    "mail": ("email", "mailbox.py", "imaplib.py", "smtplib.py", "poplib.py"),
    "web": ("http", "urllib", "wsgiref", "xmlrpc", "html", "socketserver.py"),
    "tasks": ("asyncio", "multiprocessing", "threading.py", "concurrent", "subprocess.py", "queue.py"),
    "numbers": ("_pydecimal.py", "decimal.py", "fractions.py", "statistics.py", "random.py", "ipaddress.py"),
    "files": ("tarfile.py", "zipfile.py", "pathlib.py", "shutil.py", "_pyio.py", "gzip.py", "lzma.py", "tempfile.py"),
    "testing": ("unittest", "doctest.py", "pdb.py", "bdb.py", "trace.py"),
    "modules": ("importlib", "zipimport.py", "pkgutil.py", "inspect.py", "runpy.py", "modulefinder.py"),
}  # fmt: skip


def documentation() -> str:
    """The language reference as `help()` shows it, the licence, and the Zen of Python: about half a million letters."""
    from pydoc_data.topics import topics

    with contextlib.redirect_stdout(io.StringIO()):
        import this
    zen = codecs.decode(this.s, "rot13")
    licence = LIBRARY / "LICENSE.txt"
    parts = [topics[name] for name in sorted(topics)] + ([licence.read_text("utf-8")] if licence.exists() else [])
    return "\n".join([zen, *parts])


def docstrings() -> tuple[list[str], np.ndarray, list[str]]:
    """Docstrings of functions, methods and classes, the topic of each as a number, and the topics' names.

    A docstring that stands in several places counts once, and the files are read, never imported.
    """
    texts: dict[str, int] = {}
    for label, parts in enumerate(TOPICS.values()):
        for file in sorted(f for part in parts for f in _files(LIBRARY / part)):
            for text in _docstrings_in(file):
                texts.setdefault(text, label)
    return list(texts), np.array(list(texts.values())), list(TOPICS)


def _files(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (f for f in place.rglob("*.py") if not {"test", "tests", "__pycache__"} & set(f.parts))
    elif place.exists():
        yield place


def _docstrings_in(file: Path) -> Iterator[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, kinds):
            text = ast.get_docstring(node)
            if text and len(text.split()) >= 6:
                yield text
