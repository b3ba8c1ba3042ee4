"""Where lines break: documents, and the printer that fits them into 88 columns.

A document is text, a tuple of documents, or one of the nodes below. `render` prints each `Group` flat if it fits on
the line, and otherwise broken: its `Line`s become line breaks. The model is Prettier's (after Wadler, "A prettier
printer", 1998), with the three nodes that Ruff's formatter adds for optional parentheses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, Union

WIDTH = 88
STEP = 4


class Key:
    """Names a group, so that other nodes can ask whether it broke."""


@dataclass(frozen=True)
class Line:
    """A line break in a broken group, else nothing or one blank."""

    space: bool = False


@dataclass(frozen=True)
class Group:
    """Printed flat if it fits. With `only_if`: no group of its own unless that group broke."""

    doc: Doc
    key: Key | None = None
    only_if: Key | None = None
    always_broken: bool = False


@dataclass(frozen=True)
class Indent:
    """Line breaks inside are indented; with `when`, only if that group broke."""

    doc: Doc
    when: Key | None = None


@dataclass(frozen=True)
class IfBroken:
    """One of two documents, as the group `key` (None: the enclosing one) broke or not."""

    broken: Doc
    flat: Doc = ""
    key: Key | None = None


@dataclass(frozen=True)
class Expandable:
    """Brackets that may break while the group `key` around them stays flat: only the ends must fit."""

    doc: Doc
    key: Key


@dataclass(frozen=True)
class Atom:
    """Printed flat if it fits, else in parentheses on its own line if that makes it fit, else flat after all."""

    doc: Doc
    key: Key


@dataclass(frozen=True)
class Choice:
    """The first document that fits up to its first line break; if none does, the last."""

    docs: tuple[Doc, ...]


Doc: TypeAlias = Union[str, tuple["Doc", ...], Line, Group, Indent, IfBroken, Expandable, Atom, Choice]

SOFT = Line()
SPACE = Line(space=True)


class _Item(NamedTuple):
    """A document waiting to be printed: how deep, in a broken group or not, and what must fit of it.

    lines: "first" (up to the first line break), "all", or "overflow" (all, of any width).
    """

    doc: Doc
    indent: int
    broken: bool
    lines: str = "first"

    def with_doc(self, doc: Doc) -> _Item:
        return _Item(doc, self.indent, self.broken, self.lines)


def flat(doc: Doc) -> str:
    """The document on one line."""
    if isinstance(doc, str):
        return doc
    if isinstance(doc, tuple):
        return "".join(map(flat, doc))
    match doc:
        case Line(space):
            return " " if space else ""
        case IfBroken(_, doc):
            return flat(doc)
        case Choice(docs):
            return flat(docs[0])
        case _:
            return flat(doc.doc)


def render(doc: Doc, indent: int = 0, width: int = WIDTH) -> str:
    """The document with its line breaks; the text starts in column `indent` and does not include that margin."""
    text = flat(doc)
    if indent + len(text) <= width:
        return text
    return _Printer(width, indent).run(doc, indent)


class _Printer:
    def __init__(self, width: int, column: int) -> None:
        self.width = width
        self.column = column
        self.out: list[str] = []
        self.stack: list[_Item] = []
        self.broke: dict[Key | None, bool] = {}
        self.measured = False  # an enclosing flat group was found to fit, so all inside it does

    def run(self, doc: Doc, indent: int) -> str:
        self.stack.append(_Item(doc, indent, broken=True))
        while self.stack:
            self.step(self.stack.pop())
        return "".join(self.out)

    def write(self, text: str) -> None:
        self.out.append(text)
        self.column += len(text)

    def newline(self, indent: int) -> None:
        self.out.append("\n" + " " * indent)
        self.column = indent

    def step(self, item: _Item) -> None:
        match item.doc:
            case str() as text:
                self.write(text)
            case Line(space):
                if item.broken:
                    self.newline(item.indent)
                elif space:
                    self.write(" ")
            case Group(doc, _, only_if) if only_if is None or self.broke[only_if]:
                self.group(item.with_doc(doc), item.doc)
            case Atom(doc, key):
                self.atom(item.with_doc(doc), key)
            case Choice(docs):
                self.choice(item, docs)
            case Expandable(doc, key):
                if not self.broke[key]:
                    self.measured = False
                self.stack.append(item.with_doc(doc))
            case _:
                self.stack.extend(reversed(_unfold(item, self.broke)))

    def group(self, item: _Item, group: Group) -> None:
        if item.broken or group.always_broken or not self.measured:
            self.broke[group.key] = False
            flat_item = _Item(item.doc, item.indent, broken=False)
            self.measured = not group.always_broken and self.fits(flat_item)
            item = _Item(item.doc, item.indent, broken=not self.measured)
        self.broke[group.key] = item.broken
        self.stack.append(item)

    def atom(self, item: _Item, key: Key) -> None:
        one_line = _Item(item.doc, item.indent, broken=False)
        below = _Item(item.doc, item.indent + STEP, broken=True, lines="all")
        closing = [item.with_doc(")"), _Item(SOFT, item.indent, broken=True)]
        self.broke[key] = False
        if self.fits(one_line):
            self.stack.append(one_line)
            return
        self.stack += closing
        if self.fits(below, column=below.indent):
            self.broke[key] = True
            self.write("(")
            self.newline(below.indent)
            self.stack.append(_Item(item.doc, below.indent, broken=True))
        else:
            self.stack[-2:] = [one_line]

    def choice(self, item: _Item, docs: tuple[Doc, ...]) -> None:
        if self.measured and not item.broken:
            docs = docs[:1]
        self.measured = True
        for doc in docs[:-1]:
            trial = _Item(doc, item.indent, broken=False)
            if self.fits(trial):
                self.stack.append(trial)
                return
        self.stack.append(item.with_doc(docs[-1]))

    def fits(self, first: _Item, column: int | None = None) -> bool:
        """Does `first`, with what follows it up to the next line break, fit into the width?"""
        column = self.column if column is None else column
        broke = dict(self.broke)
        todo, waiting = [first], len(self.stack)
        while todo or waiting:
            if not todo:
                waiting -= 1
                todo.append(self.stack[waiting])
            item = todo.pop()
            match item.doc:
                case str() as text:
                    column += len(text)
                    if column > self.width and item.lines != "overflow":
                        return False
                case Line(space):
                    if item.broken and item.lines == "first":
                        return True
                    column = item.indent if item.broken else column + space
                case Group(doc, key, _, always_broken):
                    broke[key] = item.broken or always_broken
                    todo.append(_Item(doc, item.indent, broke[key], item.lines))
                case Atom(doc, key):
                    broke[key] = item.broken
                    todo.append(item.with_doc(doc))
                case Expandable(doc, key) if not item.broken and not broke[key]:
                    todo.append(_Item(doc, item.indent, broken=True, lines="overflow"))
                case _:
                    todo.extend(reversed(_unfold(item, broke)))
        return True


def _unfold(item: _Item, broke: dict[Key | None, bool]) -> list[_Item]:
    """The parts of a node whose layout follows from what is already decided."""
    match item.doc:
        case tuple() as docs:
            return [item.with_doc(doc) for doc in docs]
        case Indent(doc, when):
            deeper = when is None or broke[when]
            return [_Item(doc, item.indent + STEP * deeper, item.broken, item.lines)]
        case IfBroken(broken, unbroken, key):
            is_broken = item.broken if key is None else broke[key]
            return [item.with_doc(broken if is_broken else unbroken)]
        case Choice(docs):
            return [item.with_doc(docs[-1 if item.broken else 0])]
        case Group(doc) | Expandable(doc):
            return [item.with_doc(doc)]
    raise TypeError(f"not a document: {item.doc!r}")
