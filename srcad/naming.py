"""Fresh names that are the same in every run: `x_bar`, `x_dot`, `x_saved`, `g`, with underscores on a clash."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from typing import Any

# names that generated code needs for itself
RESERVED = frozenset({"np", "cp", "math", "special", *keyword.kwlist, *dir(builtins)})


def identifier(*words: Any) -> str:
    """The words as one valid name: ``("w", "layer 1")`` is w_layer_1, ``<lambda>`` is lambda_."""
    parts = (re.sub(r"\W+", "_", str(word), flags=re.ASCII).strip("_") for word in words)
    name = "_".join(part for part in parts if part) or "leaf"
    name = f"_{name}" if name[0].isdigit() else name
    return f"{name}_" if keyword.iskeyword(name) else name


def leaf_name(path: Iterable[Any]) -> str:
    """A container's leaf as one name: ``("params", "w")`` is params_w, ``("layers", 0, 1)`` is layers_0_1."""
    return identifier(*path)


class Names:
    """Gives out names, none twice and none that is taken."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = RESERVED.union(taken)

    def __contains__(self, name: str) -> bool:
        return name in self._taken

    def copy(self) -> Names:
        """The same names taken, to give out others."""
        return Names(self._taken)

    def take(self, names: Iterable[str]) -> None:
        """Names used elsewhere from now on."""
        self._taken = self._taken.union(names)

    def fresh(self, name: str) -> str:
        """`name`; with an underscore behind it where that is taken, and a number where that is taken, too."""
        found, k = name, 1
        while found in self._taken:
            found = f"{name}_{k if k > 1 else ''}"
            k += 1
        self._taken |= {found}
        return found

    def numbered(self, name: str) -> str:
        """`name`, or ``name2``, ``name3``, ... when that is taken: for parts of statements."""
        found, k = name, 1
        while found in self._taken:
            k += 1
            found = f"{name}{k}"
        self._taken |= {found}
        return found

    def bar(self, name: str) -> str:
        """The adjoint of `name`: x_bar; of x_ it is x_bar_."""
        return self._of(name, "bar")

    def dot(self, name: str) -> str:
        """The tangent of `name`: x_dot."""
        return self._of(name, "dot")

    def saved(self, name: str) -> str:
        """Where the overwritten values of `name` are kept: x_saved."""
        return self._of(name, "saved")

    def _of(self, name: str, what: str) -> str:
        stem = name[:-1] if re.fullmatch(r".*[^_]_", name) else name
        new = f"{stem}_{what}{name[len(stem) :]}"
        return self.fresh(f"{stem}_{what}" if new in self._taken else new)

    def leaf(self, path: Iterable[Any]) -> str:
        """A name for a leaf of a container."""
        return self.fresh(leaf_name(path))
