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
        """`name`, with as many underscores behind it as it takes to be new."""
        while name in self._taken:
            name += "_"
        self._taken |= {name}
        return name

    def numbered(self, name: str) -> str:
        """`name`, or ``name2``, ``name3``, ... when that is taken: for parts of statements."""
        found, k = name, 1
        while found in self._taken:
            k += 1
            found = f"{name}{k}"
        self._taken |= {found}
        return found

    def bar(self, name: str) -> str:
        """The adjoint of `name`: x_bar."""
        return self.fresh(f"{name}_bar")

    def dot(self, name: str) -> str:
        """The tangent of `name`: x_dot."""
        return self.fresh(f"{name}_dot")

    def saved(self, name: str) -> str:
        """Where the overwritten values of `name` are kept: x_saved."""
        return self.fresh(f"{name}_saved")

    def leaf(self, path: Iterable[Any]) -> str:
        """A name for a leaf of a container."""
        return self.fresh(leaf_name(path))
