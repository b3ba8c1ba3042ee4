"""A digest of all that a generated module was made from, found without parsing anything.

Walks from a function through what its code names: globals, closure cells, methods, modules' functions. Functions
count by their text and bytecode, numbers and arrays by type, strings and other structure by value. The walk sees more
than the compiler uses (a name may stand for an attribute too): a change too many costs a compilation, never a wrong
derivative.
"""

from __future__ import annotations

import functools
import inspect
import linecache
import os
import sys
import sysconfig
import types
from collections.abc import Iterator
from typing import Any

from srcad import cache, leaves

_PLAIN = (str, bytes, bool, type(None), type(...), slice, range)
_INSTALLED = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_OWN = ("srcad", "srcad_runtime")
_MOST = 20_000  # parts of one walk: beyond that, something is a database and not a model


def fingerprint(*roots: Any) -> str:
    """The digest of functions, arguments and settings."""
    return walked(*roots)[0]


def walked(*roots: Any) -> tuple[str, list[types.FunctionType]]:
    """The digest, and the functions that are not installed ones, whose code it was made from."""
    walk = _Walk()
    for root in roots:
        walk.visit(root)
    walk.parts.append(_user_rules(walk))
    return cache.digest(*walk.parts), walk.functions


def _user_rules(walk: _Walk) -> str:
    """Rules that a user registered change what is generated; srcad's own are part of its version."""
    registry = sys.modules.get("srcad.rules.registry")
    for key, rule in sorted(getattr(registry, "_USER", {}).items(), key=lambda item: str(item[1].path)):
        walk.parts.append(f"rule {rule.path if isinstance(key, int) else key}")
        for part in vars(rule).values():
            if isinstance(part, types.FunctionType):
                walk.visit(part)
            elif isinstance(part, (str, tuple, bool)):
                walk.parts.append(repr(part))
    return "end of rules"


class _Walk:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.functions: list[types.FunctionType] = []
        self.seen: dict[int, int] = {}
        self.alive: list[Any] = []  # ids stay unique while their objects live

    def visit(self, value: Any) -> None:
        if isinstance(value, _PLAIN):
            self.parts.append(repr(value))
        elif type(value) in leaves.NUMBERS:
            self.parts.append(_name(type(value)))
        elif len(self.parts) < _MOST and not self._again(value):
            self._visit_new(value)

    def _again(self, value: Any) -> bool:
        if id(value) in self.seen:
            self.parts.append(f"again {self.seen[id(value)]}")
            return True
        self.seen[id(value)] = len(self.seen)
        self.alive.append(value)
        return False

    def _visit_new(self, value: Any) -> None:
        if isinstance(value, types.FunctionType):
            self._function(value)
        elif isinstance(value, types.ModuleType):
            self.parts.append(f"module {value.__name__}")
        elif isinstance(value, type):
            self._class(value)
        elif hasattr(value, "__srcad__"):
            kind, function, *settings = value.__srcad__.settings()
            self.parts.append(f"derivative {kind} {settings!r}")
            self.visit(function)
        elif (children := leaves.children(value)) is not None:
            self._container(value, children)
        elif leaves.is_array(value):
            self.parts.append(repr(leaves.key(value, [])))
        elif (content := leaves.content(value)) is not None and not callable(value):
            self.parts.append(f"{_name(type(value))} {content}")
        else:
            self._object(value)

    def _container(self, value: Any, children: list[tuple[Any, Any]]) -> None:
        self.parts.append(f"container {_name(type(value))} {len(children)}")
        if hasattr(value, "__dict__"):  # what a dataclass's methods read may be no field
            children = [*children, *vars(value).items()]
        for key, item in children:
            self.parts.append(repr(key) if isinstance(key, (str, int, float, bytes, tuple)) else _name(type(key)))
            self.visit(item)

    def _object(self, value: Any) -> None:
        """A method, a partial, a dispatcher, or any object: its class and its attributes."""
        self.parts.append(
            f"object {_name(type(value))} {getattr(value, '__name__', '')}"
        )  # a ufunc is known by its name
        for name in ("__func__", "__self__", "func", "args", "keywords", "py_func", "__wrapped__", "fget"):
            if name in dir(type(value)) or name in getattr(value, "__dict__", {}):
                self.visit(getattr(value, name, None))
        own = not _installed(sys.modules.get(type(value).__module__))
        if own:
            self._class(type(value))
        for name, item in getattr(value, "__dict__", {}).items():
            if own or callable(item) or isinstance(value, types.SimpleNamespace):  # `np.vectorize(f)` is f
                self.parts.append(name)
                self.visit(item)

    def _class(self, cls: type) -> None:
        self.parts.append(f"class {_name(cls)}")
        if _installed(sys.modules.get(cls.__module__)):
            return
        for base in cls.__mro__[1:]:
            self.visit(base)
        for name, item in vars(cls).items():
            if not (name.startswith("__") and name.endswith("__")) or isinstance(item, types.FunctionType):
                self.parts.append(name)
                self.visit(item)

    def _function(self, f: types.FunctionType) -> None:
        self.parts.append(f"function {f.__module__}.{f.__qualname__} {_file_stamp(f.__code__.co_filename)}")
        if not _installed_file(f.__code__.co_filename):
            self.functions.append(f)
            self.parts.append(_text(f.__code__))
            self._code(f.__code__)
            for names in sorted(_names(f.__code__)):
                if names in f.__globals__:
                    self.parts.append(f"global {names}")
                    self._named(f.__globals__[names], f.__code__)
        for default in (*(f.__defaults__ or ()), *(f.__kwdefaults__ or {}).items()):
            self._default(default)
        # what an installed function was made of need not be installed: a trainer's objective holds the user's model
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
            self.parts.append(f"cell {name}")
            self._named(_contents(cell), f.__code__)

    def _default(self, value: Any) -> None:
        """What a parameter is where a call leaves it out: numbers stand in the generated text, as `live` has it."""
        if isinstance(value, (int, float, complex, tuple)):
            self.parts.append(repr(value))
        if not isinstance(value, (int, float, complex)):
            self.visit(value)

    def _named(self, value: Any, code: types.CodeType) -> None:
        """A global; of a module also the members whose names the code has."""
        self.visit(value)
        if isinstance(value, types.ModuleType) and not _installed(value):
            for name in sorted(_names(code)):
                if name in vars(value):
                    self.parts.append(f"member {value.__name__}.{name}")
                    self.visit(vars(value)[name])

    def _code(self, code: types.CodeType) -> None:
        self.parts.append(repr((code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_firstlineno)))
        for const in code.co_consts:
            if isinstance(const, types.CodeType):
                self._code(const)
            else:
                self.parts.append(repr(sorted(map(repr, const)) if isinstance(const, frozenset) else const))


def _contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return "empty cell"


def _names(code: types.CodeType) -> set[str]:
    return {name for c in _codes(code) for name in c.co_names}


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _codes(const)


_MOST_TEXTS = 1024
_texts: dict[types.CodeType, tuple[str, list[str], str]] = {}  # the file, its lines when they were read, and the text


def _text(code: types.CodeType) -> str:
    """A function's lines as they stand: the generated module quotes them."""
    file = code.co_filename
    linecache.checkcache(file)
    lines = linecache.getlines(file)
    known = _texts.get(code)
    if known is not None and known[0] == file and known[1] is lines:
        return known[2]
    try:
        text = inspect.getsource(code)
    except (OSError, TypeError, IndexError, SyntaxError):
        text = ""
    if len(_texts) >= _MOST_TEXTS:
        _texts.clear()
    _texts[code] = file, lines, text
    return text


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _installed(module: types.ModuleType | None) -> bool:
    """Whether a module belongs to Python, to an installed package or to srcad: its version stands for its text."""
    if module is None or module.__name__.partition(".")[0] in _OWN:
        return module is not None
    file = getattr(module, "__file__", None)
    if module.__name__ == "__main__" or not file and module.__name__ not in sys.builtin_module_names:
        return False  # a module without a file is one that the user made
    return _installed_file(file or "")


@functools.lru_cache(maxsize=1024)
def _installed_file(file: str) -> bool:
    own = [getattr(sys.modules.get(name), "__file__", None) for name in _OWN]
    homes = (*_INSTALLED, *(os.path.dirname(path) for path in own if path))
    return not file or os.path.abspath(file).startswith(tuple(home + os.sep for home in homes))


def _file_stamp(file: str) -> str:
    """Size and time of an installed file; a user's functions count by their own text instead."""
    if not _installed_file(file):
        return file
    try:
        facts = os.stat(file)
    except OSError:
        return file
    return f"{file} {facts.st_size} {facts.st_mtime_ns}"
