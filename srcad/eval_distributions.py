"""Distributions of `scipy.stats` with their parameters bound: ``norm(mu, sigma).logpdf(x)``."""

from __future__ import annotations

from srcad import ir
from srcad.eval_array_likes import as_array
from srcad.eval_builtins import HANDLERS, Args, Handler, Kwargs, keep
from srcad.eval_core import Evaluator
from srcad.eval_exprs import attribute
from srcad.eval_values import static
from srcad.types import Num
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


def _normal_of_several(name: str) -> Handler:
    """With a matrix for variances that SciPy makes a diagonal of, and a mean."""
    path = f"scipy.stats.multivariate_normal.{name}"

    def density(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        given = dict(zip(("x", "mean", "cov"), args, strict=False)) | kwargs
        if len(args) <= 3 and set(given) <= {"x", "mean", "cov"}:
            mean, cov = (as_array(ev, given.get(k, Known(None)), loc) for k in ("mean", "cov"))
            given |= {"mean": _mean(ev, mean, cov, loc), "cov": _matrix(ev, mean, cov, loc)}
            args, kwargs = [], {k: v for k, v in given.items() if static(ev, v) != (True, None)}
        return keep(ev, path, args, kwargs, loc)

    return density


def _mean(ev: Evaluator, mean: Value, cov: Value, loc: ir.Loc | None) -> Value:
    if static(ev, mean) != (True, None) or _rank(cov) != 2:
        return mean
    return keep(ev, "numpy.zeros", [keep(ev, "builtins.len", [cov], {}, loc)], {}, loc)


def _matrix(ev: Evaluator, mean: Value, cov: Value, loc: ir.Loc | None) -> Value:
    if _rank(cov) == 1:
        return keep(ev, "numpy.diag", [cov], {}, loc)
    missing = static(ev, cov) == (True, None)
    if _rank(mean) != 1 or not missing and _rank(cov) != 0:
        return cov
    unit = keep(ev, "numpy.eye", [attribute(ev, mean, "size", loc)], {}, loc)
    return unit if missing else keep(ev, "numpy.multiply", [cov, unit], {}, loc)


def _rank(value: Value) -> int | None:
    kind = getattr(value, "type", None)
    return len(kind.dims) if isinstance(kind, Num) and kind.dims is not None else None


def register() -> None:
    """For every family that has rules."""
    from srcad.rules import paths_below

    for path in paths_below("scipy.stats."):
        if path.count(".") == 3:
            HANDLERS.setdefault(path.rpartition(".")[0], _named(path.split(".")[2]))


for _name in ("logpdf", "pdf"):
    HANDLERS[f"scipy.stats.multivariate_normal.{_name}"] = _normal_of_several(_name)
register()
