"""What a name means in functions that exist."""

from __future__ import annotations

import functools
import itertools
import math
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.linalg as la
import pytest
import scipy.special
from numpy import sin as sine

import srcad
from srcad import Unsupported, ir, library, scope

RATE = 2.0
WEIGHTS = np.ones(3)
NAMES = ["a", "b"]
CONFIG = types.ModuleType("config")
CONFIG.DT = 0.5  # type: ignore[attr-defined]


def refs(f: Any) -> dict[str, Any]:
    """The free names of a function, path to object."""
    target = f if isinstance(f, scope.Target) else scope.from_live(f)
    return {n.path: n.obj for n in ir.walk(target.function) if isinstance(n, ir.Ref)}


def text(f: Any) -> str:
    """The source of a target's last statement."""
    return scope.from_live(f).function.body[-1].loc.text  # type: ignore[union-attr]


# ---- library names ----


def test_a_module_of_the_standard_library_is_told_by_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert library.is_standard("json.encoder") and library.is_standard("time") and library.is_standard("_struct")
    assert not library.is_standard("math") and not library.is_standard("numpy") and not library.is_standard("__main__")
    own = types.ModuleType("profile")
    own.__file__ = str(Path(__file__).with_name("profile.py"))
    monkeypatch.setitem(sys.modules, "profile", own)
    assert not library.is_standard("profile")


def test_a_library_object_has_one_path_however_it_is_spelt() -> None:
    def f(x):
        return np.abs(x) + np.absolute(x) + sine(x) + la.inv(x) + scipy.special.erf(x) + math.exp(x) + len(x)

    assert set(refs(f)) == {
        "numpy.absolute", "numpy.sin", "numpy.linalg.inv", "scipy.special.erf", "math.exp", "builtins.len",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("obj", "path"),
    [
        (np.concatenate, "numpy.concatenate"),
        (np.max, "numpy.max"),
        (np.amax, "numpy.max"),
        (np.round, "numpy.round"),
        (np.around, "numpy.round"),
        (np.arccos, "numpy.arccos"),
        (np.float64, "numpy.float64"),
        (np.random.default_rng, "numpy.random.default_rng"),
        (np.fft.rfft, "numpy.fft.rfft"),
        (scipy.special.logsumexp, "scipy.special.logsumexp"),
        (functools.reduce, "functools.reduce"),
        (itertools.product, "itertools.product"),
        (sum, "builtins.sum"),
    ],
)
def test_canonical_paths(obj: Any, path: str) -> None:
    def f(x):
        return obj(x)

    assert set(refs(f)) == {path}


def test_other_names_of_numpy_functions() -> None:
    def f(x):
        return np.concat(x) + np.acos(x) + np.add.reduce(x) + np.newaxis

    target = scope.from_live(f)
    assert set(refs(target)) == {"numpy.concatenate", "numpy.arccos", "numpy.add.reduce"}
    assert target.function.body[0].value.right == ir.Const(None)  # type: ignore[union-attr]


def test_constants_of_libraries() -> None:
    def f(x):
        return np.pi * x + math.e

    assert refs(f) == {"numpy.pi": np.pi, "math.e": math.e}


def test_a_missing_attribute_of_a_module_is_named() -> None:
    def f(x):
        return np.no_such_function(x)

    with pytest.raises(Unsupported, match=r"test_scope.py:\d+:16: module 'numpy' has no attribute 'no_such_function'"):
        refs(f)


def test_an_undefined_name_is_refused_at_its_place() -> None:
    def f(x):
        return x * nowhere  # noqa: F821

    with pytest.raises(Unsupported, match="the name 'nowhere' is not defined"):
        refs(f)


# ---- captured values ----


def test_globals_and_closure_values_keep_their_live_value() -> None:
    scale = 3.0

    def f(x):
        return x * RATE * scale + WEIGHTS + CONFIG.DT + len(NAMES)

    found = refs(f)
    assert found["global:RATE"] == 2.0 and found["closure:scale"] == 3.0 and found["global:WEIGHTS"] is WEIGHTS
    assert found["global:CONFIG.DT"] == 0.5 and found["global:NAMES"] is NAMES


def test_read_gives_the_value_at_the_time_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    scale = 3.0

    def f(x):
        return x * RATE * scale * CONFIG.DT

    target = scope.from_live(f)
    scale = 4.0
    monkeypatch.setitem(globals(), "RATE", 5.0)
    monkeypatch.setattr(CONFIG, "DT", 0.25)
    values = {path: scope.read(target, *scope.split(path)) for path in refs(target)}
    assert values == {"global:RATE": 5.0, "closure:scale": 4.0, "global:CONFIG.DT": 0.25}


def test_read_follows_keys_and_attributes() -> None:
    tree = {"layers": [types.SimpleNamespace(w=7.0)]}

    def f(x):
        return tree["layers"][0].w * x

    target = scope.from_live(f)
    assert target.function is target.function
    refs(target)
    assert scope.read(target, "closure", ("tree", "layers", 0, "w")) == 7.0


def test_a_cell_without_a_value_is_refused() -> None:
    def f(x):
        return later * x

    with pytest.raises(Unsupported, match="'later' has no value yet"):
        refs(f)
    later = 1.0
    assert refs(f) == {"closure:later": 1.0}


def test_equal_names_of_different_functions_stay_apart() -> None:
    def make(a):
        def scaled(x):
            return a * x

        return scaled

    first, second = make(2.0), make(3.0)

    def f(x):
        return first(x) + second(x)

    target = scope.from_live(f)
    inner = [obj for path, obj in refs(target).items() if path.startswith("user:")]
    assert len(inner) == 2 and inner[0].path != inner[1].path
    paths = [path for callee in inner for path in refs(callee)]
    assert len(set(paths)) == 2
    assert [scope.read(target, *scope.split(path)) for path in paths] == [2.0, 3.0]


def test_globals_of_another_module_keep_their_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other_module_of_scope.py").write_text("RATE = 9.0\ndef g(x):\n    return RATE * x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import other_module_of_scope  # type: ignore[import-not-found]

    def f(x):
        return other_module_of_scope.g(x) + RATE

    target = scope.from_live(f)
    callee = refs(target)["user:other_module_of_scope.g"]
    (path,) = refs(callee)
    assert path == "global:other_module_of_scope:RATE" and "global:RATE" in refs(target)
    assert scope.read(target, *scope.split(path)) == 9.0


def test_a_target_may_join_the_family_of_another() -> None:
    def f(x):
        return x * RATE

    def g(x, k=WEIGHTS):
        return x * RATE * k

    root = scope.from_live(f)
    refs(root)
    joined = scope.from_live(g, root)
    assert "global:RATE" in refs(joined)
    path = next(path for path in refs(joined) if path.startswith("closure:"))
    assert scope.read(root, *scope.split(path)) is WEIGHTS


def test_defaults_are_the_values_of_the_definition() -> None:
    rate = 2.0

    def f(x, k=rate, axes=(0, 1), *, w=WEIGHTS, act=np.tanh):
        return act(x * k) * w

    rate = 5.0
    params = {p.name: p.default for p in scope.from_live(f).function.params}
    assert params["k"] == ir.Const(2.0) and params["axes"] == ir.Tuple((ir.Const(0), ir.Const(1)))
    assert params["act"] == ir.Ref("numpy.tanh") and params["w"].obj is WEIGHTS  # type: ignore[union-attr]


def test_user_functions_and_classes() -> None:
    found = refs(uses_helpers)
    assert isinstance(found[f"user:{__name__}.helper"], scope.Target)
    assert found[f"user:{__name__}.Model"] is Model
    assert isinstance(found[f"user:{__name__}.Model.doubled"], scope.Target)


def helper(x):
    return x * RATE


@dataclass
class Model:
    w: float = 2.0
    calls: int = 0

    SCALE = 3.0

    def predict(self, x):
        return self.w * x

    def __call__(self, x):
        return self.w + x

    @staticmethod
    def doubled(x):
        return 2.0 * x

    @classmethod
    def scaled(cls, x):
        return cls.SCALE * x


def uses_helpers(x):
    return helper(x) + Model(x).predict(x) + Model.doubled(x) + Model.SCALE


def test_a_recursive_function_refers_to_itself() -> None:
    target = scope.from_live(factorial)
    assert refs(target)[f"user:{__name__}.factorial"] is target


def factorial(n):
    return 1.0 if n < 1 else n * factorial(n - 1)


# ---- every kind of function ----


def test_module_level_function() -> None:
    target = scope.from_live(helper)
    assert (target.name, target.module, target.qualname) == ("helper", __name__, "helper")
    assert target.file == __file__ and target.live is helper and target.bound == {}


def test_lambdas_on_one_line_are_told_apart() -> None:
    k = 2.0
    fs = [lambda x: x + 1.0, lambda x: x * 2.0, lambda x: (lambda y: y * 3.0)(x), lambda x: x * k, lambda x, y: x]
    bodies = ["x + 1.0", "x * 2.0", "(lambda y: y * 3.0)(x)", "x * k", "x"]
    assert [text(f) for f in fs] == bodies
    inner = (lambda a: lambda b: a * b)(2.0)
    assert text(inner) == "a * b" and text(lambda x: {"k": x}["k"]) == '{"k": x}["k"]'


def test_a_lambda_over_several_lines() -> None:
    (f,) = [
        lambda x, y: x
        * y  # the second factor
        + 1.0
    ]  # fmt: skip
    function = scope.from_live(f).function
    place = function.body[0].loc
    assert [p.name for p in function.params] == ["x", "y"] and place is not None
    assert place.end_line == place.line + 2 and place.col == 21


def test_lambdas_behind_wide_characters() -> None:
    f, name = lambda x: x * 2.0, "größe€"; g = lambda x: x * 3.0  # noqa: E702, E731  # fmt: skip
    assert (text(f), text(g), name) == ("x * 2.0", "x * 3.0", "größe€")


def test_bound_static_and_class_methods() -> None:
    model = Model(4.0)
    predict = scope.from_live(model.predict)
    assert predict.bound == {"self": model} and predict.qualname == "Model.predict"
    assert scope.read(predict, "attribute", ("self", "w")) == 4.0
    assert scope.from_live(Model.doubled).bound == {}
    assert scope.from_live(Model.scaled).bound == {"cls": Model}
    assert scope.from_live(Model.__dict__["doubled"]).name == "doubled"


def test_callable_objects() -> None:
    model = Model(4.0)
    target = scope.from_live(model)
    assert target.qualname == "Model.__call__" and target.bound == {"self": model} and target.live is model


def test_partials_nest() -> None:
    def f(a, b, c, *, d=1.0):
        return a + b + c + d

    target = scope.from_live(functools.partial(functools.partial(f, 1.0, d=5.0), 2.0, d=6.0))
    assert target.bound == {"a": 1.0, "b": 2.0, "d": 6.0} and target.name == "f"
    method = scope.from_live(functools.partial(Model(2.0).predict, 3.0))
    assert method.bound["x"] == 3.0 and isinstance(method.bound["self"], Model)


def test_a_partial_with_too_many_arguments() -> None:
    with pytest.raises(Unsupported, match="gives 2 arguments to helper, which takes 1"):
        scope.from_live(functools.partial(helper, 1.0, 2.0))


def test_bound_values_of_a_callee_can_be_read_through_the_root() -> None:
    model = Model(4.0)
    predict = model.predict

    def f(x):
        return predict(x)

    root = scope.from_live(f)
    callee = next(obj for path, obj in refs(root).items() if path.startswith("user:"))
    ref = callee.bound_ref("self")
    assert ref.obj is model and scope.read(root, *scope.split(ref.path + ".w")) == 4.0


def test_pure_decorators_are_seen_through() -> None:
    numba = pytest.importorskip("numba")

    @numba.njit
    def jitted(x):
        return x * RATE

    @functools.lru_cache
    def cached(x):
        return x * 2.0

    assert scope.from_live(jitted).name == "jitted" and "global:RATE" in refs(jitted)
    assert scope.from_live(cached).name == "cached" and text(cached) == "return x * 2.0"


def test_the_object_of_differentiate_is_seen_through() -> None:
    from srcad import differentiate

    @differentiate
    def f(x):
        return x * RATE

    assert scope.from_live(f).qualname.endswith("f") and "global:RATE" in refs(f)


def test_other_decorators_change_the_meaning_and_their_wrapper_is_read() -> None:
    def doubled(f):
        @functools.wraps(f)
        def wrapper(*args):
            return 2.0 * f(*args)

        return wrapper

    @doubled
    def g(x):
        return x * RATE

    target = scope.from_live(g)
    assert text(g) == "return 2.0 * f(*args)" and target.parameters == (scope.Parameter("args", "star"),)
    wrapped = next(obj for obj in refs(target).values())
    assert isinstance(wrapped, scope.Target) and "global:RATE" in " ".join(refs(wrapped))


def test_a_decorated_definition_starts_at_its_def() -> None:
    @functools.lru_cache(
        maxsize=3,
    )
    def f(x):
        """Doc."""
        return x

    function = scope.from_live(f).function
    assert function.doc == "Doc." and function.loc.text == "def f(x):"  # type: ignore[union-attr]


def test_private_names_of_a_class() -> None:
    class Secret:
        def __hidden(self, x):
            return x * self.__factor

        __factor = 2.0

        def call(self, x):
            return self.__hidden(x)

    assert text(Secret().call) == "return self.__hidden(x)"
    assert text(Secret._Secret__hidden) == "return x * self.__factor"  # type: ignore[attr-defined]


def test_functions_with_asserts_as_pytest_rewrites_them() -> None:
    def f(x):
        assert x > 0.0, "positive"
        return x

    assert len(scope.from_live(f).function.body) == 2


@pytest.mark.parametrize("thing", [len, np.sin, "text", Model, functools.partial(np.sum, axis=0)])
def test_what_has_no_text_is_refused(thing: Any) -> None:
    with pytest.raises(Unsupported):
        scope.from_live(thing).function  # noqa: B018


# ---- signatures and cache keys ----


def test_parameters_without_parsing() -> None:
    def f(a, b=2.0, /, c=WEIGHTS, *rest, d, e=None, **more):
        return a

    P = scope.Parameter
    a, b, c, rest, d, e, more = scope.from_live(f).parameters
    assert (a, b, rest, d) == (P("a"), P("b", "positional", True, 2.0), P("rest", "star"), P("d", "keyword"))
    assert c.default is WEIGHTS and e == P("e", "keyword", True, None) and more == P("more", "starstar")
    assert [p.name for p in scope.from_live(f).function.params] == ["a", "b", "c", "rest", "d", "e", "more"]


def test_dependencies_are_all_user_functions_that_may_be_called() -> None:
    def step(x):
        return helper(x)

    def f(x, act=factorial):
        return step(x) + Model(x).predict(x) + np.sum(x)

    found = dict(scope.dependencies(scope.from_live(f)))
    names = {path.rpartition(".")[2] for path in found}
    assert {"step", "helper", "factorial", "predict", "doubled", "scaled", "__call__"} <= names and "f" not in names
    assert "return x * RATE" in found[f"{__name__}.helper"]
    bound = dict(scope.dependencies(scope.from_live(Model().predict)))
    assert any(path.endswith("Model.doubled") for path in bound)


def test_dependencies_follow_what_a_wrapper_and_a_partial_hold() -> None:
    def f(g, x):
        return g(x)

    paths = [path for path, _ in scope.dependencies(scope.from_live(functools.partial(f, helper)))]
    assert f"{__name__}.helper" in paths


class Above:
    def g(self, x):
        return x * 2.0

    @property
    def scale(self):
        return 3.0


class Below(Above):
    def g(self, x):
        return super().g(x) * super().scale


def test_what_super_finds_is_looked_up_at_every_call(monkeypatch):
    model = Below()
    assert srcad.grad(model.g, backend="numpy")(1.0) == 6.0
    monkeypatch.setattr(Above, "g", lambda self, x: x * 5.0)
    assert srcad.grad(model.g, backend="numpy")(1.0) == 15.0
    monkeypatch.setattr(Above, "scale", property(lambda self: 4.0))
    assert srcad.grad(model.g, backend="numpy")(1.0) == 20.0


class Particle:
    def __init__(self, v):
        self.v = v

    def energy(self):
        return self.v**2

    def __mul__(self, other):
        return self.v * other


class Fast(Particle):
    def energy(self):
        return super().energy() * 3.0


def of_an_instance_made_here(x):
    return Fast(x).energy() + Particle(x) * 2.0


def test_methods_of_classes_are_looked_up_at_every_call(monkeypatch):
    gradient = srcad.grad(of_an_instance_made_here, backend="numpy")
    assert gradient(2.0) == 14.0
    monkeypatch.setattr(Particle, "energy", lambda self: self.v**3)
    assert gradient(2.0) == 38.0
    monkeypatch.setattr(Fast, "energy", lambda self: self.v * 7.0)
    assert gradient(2.0) == 9.0
    monkeypatch.setattr(Particle, "__mul__", lambda self, other: self.v * 5.0)
    assert gradient(2.0) == 12.0
    monkeypatch.setattr(Particle, "__init__", lambda self, v: setattr_v(self, v))
    assert gradient(2.0) == 24.0


def setattr_v(particle, v):
    particle.v = 2.0 * v
