"""Distributions of `scipy.stats` with their parameters bound: ``norm(mu, sigma).logpdf(x)``."""

from __future__ import annotations

from srcad import ir
from srcad.eval_builtins import HANDLERS, Args, Handler, Kwargs
from srcad.eval_core import Evaluator
from srcad.values import Known, Partial, Value

PARAMETERS = {"multivariate_normal": ("mean", "cov")}  # of families without `shapes`


def _named(family: str) -> Handler:
    """A frozen distribution is its family with all parameters bound by name."""

    def frozen(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from scipy import stats

        own = getattr(stats, family)
        shapes = tuple(name.strip() for name in (own.shapes or "").split(",")) if hasattr(own, "shapes") else ()
        places = ("loc", "scale") if isinstance(own, stats.rv_continuous) else ("loc",)
        names = PARAMETERS.get(family) or (*filter(None, shapes), *places)
        if len(args) > len(names):
            raise TypeError(f"{family} takes at most {len(names)} parameters")
        given = dict(zip(names, args, strict=False)) | kwargs
        return Partial(Known(own, ir.Ref(f"scipy.stats.{family}", loc=loc)), (), tuple(given.items()))

    return frozen


def method(ev: Evaluator, frozen: Partial, name: str, loc: ir.Loc | None) -> Value:
    """``frozen.logpdf``."""
    assert isinstance(frozen.fn, Known) and isinstance(frozen.fn.expr, ir.Ref)
    own = getattr(frozen.fn.value, name)
    return Partial(Known(own, ir.Ref(f"{frozen.fn.expr.path}.{name}", own, loc=loc)), (), frozen.kwargs)


def is_frozen(value: Value) -> bool:
    path = getattr(getattr(getattr(value, "fn", None), "expr", None), "path", "")
    return isinstance(value, Partial) and path.startswith("scipy.stats.") and path in HANDLERS


def register() -> None:
    """For every family that has rules."""
    from srcad.rules import paths_below

    for path in paths_below("scipy.stats."):
        if path.count(".") == 3:
            HANDLERS.setdefault(path.rpartition(".")[0], _named(path.split(".")[2]))


register()
