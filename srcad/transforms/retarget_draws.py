"""Random draws for Numba: its own of single numbers, NumPy's called back otherwise (`srcad_runtime.draws`)."""

from __future__ import annotations

from dataclasses import replace

from srcad_runtime.compiled_names import NATIVE_DRAWS

from srcad import ir
from srcad.transforms.retarget_calls import Types

GENERATOR = "numpy.random.Generator."


def drawn(types: Types, old: ir.Call, new: ir.Call, path: str) -> ir.Call:
    """The call of a draw, or of what makes a generator, as compiled code may make it."""
    if path == "numpy.random.default_rng":
        return replace(new, fn=ir.Ref("srcad_runtime.draws.default_rng"))
    if not path.startswith(GENERATOR):
        return new
    name = path.removeprefix(GENERATOR)
    kwargs = dict(new.kwargs)
    rng = kwargs.pop(ir.OF)
    assert ir.is_node(rng)
    own = [*old.args, *(value for key, value in old.kwargs if key != ir.OF)]
    if name in NATIVE_DRAWS and not kwargs and all(types.rank(e) == 0 for e in own) and len(own) <= _parameters(name):
        return new
    args = tuple(ir.Tuple(a.items) if isinstance(a, ir.List) else a for a in new.args)
    return ir.Call(ir.Ref(f"srcad_runtime.draws.{name}"), (rng, *args), tuple(kwargs.items()), loc=new.loc)


def _parameters(name: str) -> int:
    """How many arguments stand before `size`."""
    return {"normal": 2, "uniform": 2, "exponential": 1}.get(name, 0)
