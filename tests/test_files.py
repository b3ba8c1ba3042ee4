"""What a name means in files that are read and never run."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special

from srcad import Unsupported, ir, scope
from srcad.scope import MISSING

SIBLING = """\
import numpy as np
C = 3.5
def area(x):
    return np.concat([x, x]) * C
"""
MODEL = '''\
"""A model."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from math import *
from numpy import sin as s, pi

import numba
import sibling
import srcad
from sibling import C, area as grown
from srcad import differentiate

raise RuntimeError("this file must not run")

try:
    import scipy.special as sp
except ImportError:
    sp = None
K = 2 * math.pi / 3
NORM = math.sqrt(2 * np.pi)
TABLE = np.array([1.0, 2.0])
MODE, SIZE = "same", 3
ALIAS = grown
square = lambda x: x * x
COUNT = 0
if MODE == "same":
    BRANCH = 3

@dataclass
class Point:
    a: float
    b: float = 2.0
    SCALE = 4.0

    def norm(self):
        return np.hypot(self.a, self.b)

    @staticmethod
    def double(x):
        return x * K

class Line(Point):
    c: float = 0.0

def bump():
    global COUNT
    COUNT += 1

@differentiate(argnums=("w", "b"), backend="numba")
def loss(w, b, k=K, *, mode=MODE):
    x = np.abs(w) + s(b) * NORM + pi + TABLE + sp.erf(b) + grown(w) * C + sibling.C + exp(w)
    return x + ALIAS(b) + square(b) + Point(1.0, 2.0).norm() + Point.double(3) + Point.SCALE + Line.double(k)

@numba.njit(cache=True)
def uses_branch(x):
    return x * BRANCH

@srcad.differentiate
def outer(x):
    def inner(y):
        return x * y
    return inner(x)

@unknown_decorator
def changed(x):
    return x

def counted(x, n=COUNT):
    return x * n

def uses_counter(x):
    return x * COUNT

def uses_pandas(x):
    import pandas
    return pandas.cut(x)
'''


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "sibling.py").write_text(SIBLING)
    path = tmp_path / "model.py"
    path.write_text(MODEL)
    return path


def refs(target: scope.Target) -> dict[str, Any]:
    """The free names of a function, path to object."""
    return {n.path: n.obj for n in ir.walk(target.function) if isinstance(n, ir.Ref)}


def test_a_file_is_read_and_not_run(model: Path) -> None:
    found = refs(scope.from_file(model, "loss"))
    known = {
        "global:K": 2 * math.pi / 3, "global:NORM": math.sqrt(2 * math.pi), "numpy.pi": np.pi, "global:sibling:C": 3.5,
        "numpy.absolute": np.absolute, "numpy.sin": np.sin, "scipy.special.erf": scipy.special.erf,
        "math.exp": math.exp, "global:TABLE": MISSING, "global:model:Point.SCALE": 4.0, "global:MODE": "same",
    }  # fmt: skip
    assert {path: found[path] for path in known} == known
    users = {path for path in found if path.startswith("user:")}
    assert users == {"user:sibling.area", "user:model.square", "user:model.Point", "user:model.Point.double"}
    assert "sibling" not in sys.modules and refs(found["user:sibling.area"]).keys() == {
        "numpy.concatenate", "global:sibling:C",
    }  # fmt: skip


def test_classes_of_a_file(model: Path) -> None:
    info = refs(scope.from_file(model, "loss"))["user:model.Point"]
    assert isinstance(info, scope.ClassInfo) and info.kind == "dataclass"
    assert [name for name, _ in info.fields] == ["a", "b"] and info.is_static("double") and not info.is_static("norm")
    line = info.module.scope.resolve("Line", None).obj
    assert [name for name, _ in line.fields] == ["a", "b", "c"] and line.methods.keys() == {"norm", "double"}


def test_qualified_names_in_a_file(model: Path) -> None:
    assert scope.from_file(model, "Point.norm").qualname == "Point.norm"
    assert set(refs(scope.from_file(model, "outer.inner"))) == {"closure:x"}
    assert scope.from_file(model, "square").name == "square"
    with pytest.raises(Unsupported, match="(?s)there is no function 'nothing'.*loss, uses_branch, outer"):
        scope.from_file(model, "nothing")


def test_decorated_functions_and_their_options(model: Path) -> None:
    loss, outer = scope.decorated(model)
    assert (loss.name, loss.options) == ("loss", {"argnums": ("w", "b"), "backend": "numba"})
    assert (outer.name, outer.options) == ("outer", {})
    assert loss.parameters[2] == scope.Parameter("k", "positional", True, 2 * math.pi / 3)
    assert loss.live is None and loss.file == str(model)


def test_a_text_instead_of_a_file() -> None:
    (target,) = scope.decorated("from srcad import differentiate as d\n@d\ndef f(x):\n    return x\n", "<stdin>")
    assert target.name == "f" and target.file == "<stdin>"
    assert [t.name for t in scope.functions("def a(x): return x\ndef b(x): return x\n")] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("uses_branch", "what 'BRANCH' is depends on how line 31 runs"),
        ("changed", "what the decorator unknown_decorator makes of changed is not known"),
        ("counted", "the default of 'n' depends on COUNT, which changes"),
        ("uses_pandas", "the module pandas is not known"),
    ],
)
def test_what_only_running_the_file_would_tell_is_refused(model: Path, name: str, message: str) -> None:
    with pytest.raises(Unsupported, match=message):
        scope.from_file(model, name).function  # noqa: B018


def test_a_constant_that_a_function_sets_has_no_known_value(model: Path) -> None:
    assert refs(scope.from_file(model, "uses_counter")) == {"global:COUNT": MISSING}


def test_packages_and_relative_imports(tmp_path: Path) -> None:
    package = tmp_path / "package"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "deep" / "__init__.py").write_text("")
    (package / "tools.py").write_text("RATE = 2.0\ndef g(x):\n    return x * RATE\n")
    (package / "deep" / "model.py").write_text(
        "from .. import tools\nfrom ..tools import g\nimport package.tools as t\nfrom package.tools import *\n"
        "def f(x):\n    return tools.g(x) + g(x) + t.RATE + RATE\n"
    )
    found = refs(scope.from_file(package / "deep" / "model.py", "f"))
    assert set(found) == {"user:package.tools.g", "global:package.tools:RATE"}


def test_dependencies_of_a_file(model: Path) -> None:
    paths = [path for path, _ in scope.dependencies(scope.from_file(model, "loss"))]
    assert {"sibling.area", "model.square", "model.Point.norm", "model.Point.double"} <= set(paths)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-3", -3), ("(1, 2.5)", (1, 2.5)), ("[1, [2]]", [1, [2]]), ("{'a': 1}", {"a": 1}), ("2 ** 10", 1024),
        ("1.0 / 0", MISSING), ("10 ** 10 ** 10", MISSING), ("'a' * 9", MISSING), ("open('x')", MISSING),
        ("math.factorial(10 ** 6)", MISSING), ("float(3)", 3.0), ("K", MISSING), ("X", MISSING),
    ],
)  # fmt: skip
def test_values_of_module_constants(expression: str, value: Any) -> None:
    found = refs(scope.from_file(f"import math\nK = {expression}\ndef f(x):\n    return x * K\n", "f"))
    assert found == {"global:K": value}
