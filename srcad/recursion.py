"""Derivatives of routines: a forward and a reverse function that share what was recorded, or a tangent function.

What the reverse one reads of the forward one's variables is returned as a tuple, the tape. Arrays that were handed over
are handed over again, as they were left; nothing on a tape is a part of them, which could go stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from srcad import ir, routines, types
from srcad.errors import Unsupported
from srcad.naming import Names
from srcad.pipeline import Input
from srcad.program import Program
from srcad.routines import Routine
from srcad.transforms import activity, alias, forward, record, reverse, tidy, views
from srcad.transforms.inline import stored_names
from srcad.transforms.liveness import live_before
from srcad.types import Static, Struct

Body = tuple[ir.Stmt, ...]
_SUFFIX = re.compile(r"_\d*$")  # what tells variables of one name apart in the whole module
WAY_OUT = "Hand the whole array over together with the bounds of the part, or a copy of the part."


# ---- memory: what they write, what may share memory ----


def prepare(program: Program) -> None:
    """Views resolved, writes checked and found, in all routines of a program."""
    for routine in program.routines:
        own = _program(routine)
        stored = stored_names(own.body)
        own = views.substituted(own, alias.touched(own.body, stored, dict(own.types)) | _views(own))
        routine.body, routine.results, routine.types = own.body, own.results, dict(own.types)
    while True:
        changed = False
        for routine in program.routines:
            checker = alias.Checker(_program(routine))
            checker.run()
            written = frozenset(k for k, name in enumerate(routine.inputs) if name in checker.written_inputs)
            routine.aliases = checker.relation()
            changed |= written != routine.written
            routine.written |= written
        if not changed:
            return


def _views(program: Program) -> set[str]:
    """Variables that may be parts of what was handed over: on a tape they would go stale, so they are spelt out."""
    near = alias.relation(program)
    inputs = {i.name for i in program.inputs}
    return {name for name, others in near.items() if others & inputs} - inputs


def hands_on(routine: Routine) -> bool:
    """Whether what it returns may be (part of) an array that it was given."""
    near = set().union(*(alias.shares(e, routine.types) for e in routine.results))
    near |= set().union(*(routine.aliases.get(name, set()) for name in near))
    return bool(near & set(routine.inputs))


def _program(routine: Routine, wrt: Iterable[str] = ()) -> Program:
    inputs = tuple(Input("param", (name,), name) for name in routine.inputs)
    kinds = routine.result or ()
    output = Struct("tuple", tuple(range(len(kinds))), kinds, tuple) if kinds else Static(None)
    asked = set(wrt)
    return Program(
        name=routine.name_of(""),
        inputs=inputs,
        body=routine.body,
        results=routine.results,
        types=dict(routine.types),
        output=output,
        wrt=tuple(i for i in inputs if i.name in asked),
        loc=routine.loc,
    )


# ---- which inputs have adjoints ----


def activate(program: Program, wrt: set[str], outputs: set[str]) -> None:
    """Find the inputs of routines through which derivatives flow."""
    if not program.routines:
        return
    if any(phase for _, phase, _ in routines.calls(program.body)):
        routines.refuse_again(program.body)
    active = activity.active(program.body, program.types, wrt, outputs) | wrt
    todo = _reached(program.body, active)
    while todo:
        todo = [r for routine in todo for r in _reached(routine.body, _varied(routine))]


def _varied(routine: Routine) -> frozenset[str]:
    asked = {routine.inputs[k] for k in routine.active}
    return activity.active(routine.body, routine.types, asked, _outputs(routine)) | asked


def _outputs(routine: Routine) -> set[str]:
    read = set().union(*(activity.flowing(e) for e in routine.results))
    return read | {routine.inputs[k] for k in routine.written}


def _reached(body: Body, active: frozenset[str] | set[str]) -> list[Routine]:
    """Routines that turn out to have more active inputs."""
    found: list[Routine] = []
    for routine, _, args in routines.calls(body):
        pairs = zip(args, routine.inputs, strict=True)
        now = {k for k, (a, n) in enumerate(pairs) if activity.flowing(a) & active and _may_move(routine.types[n])}
        if not now <= routine.active:
            routine.active |= now
            found.append(routine)
    return found


def _may_move(kind: types.Abstract) -> bool:
    """Whether a variable of a type may have a derivative; a list of the compiler's has one for each item."""
    return types.is_float(kind.element if isinstance(kind, types.Seq) else kind)


# ---- functions ----


@dataclass(frozen=True)
class Made:
    """What a routine became in a phase."""

    routine: Routine
    phase: str
    program: Program


def functions(program: Program) -> list[Made]:
    """The functions that a program calls, and those that they call."""
    found: dict[str, Made] = {}
    todo = [(routine, phase) for routine, phase, _ in routines.calls((program.body, program.results))]
    while todo:
        routine, phase = todo.pop()
        name = routine.name_of(phase)
        if name not in found:
            found[name] = Made(routine, phase, _made(routine, phase))
            todo += [(r, p) for r, p, _ in routines.calls((found[name].program.body, found[name].program.results))]
    return [found[name] for name in sorted(found)]


def printed(program: Program) -> ir.Function:
    """A program as a function of variables of its own, which returns nothing where there are no results."""
    function = program.function()
    if not program.results:
        function = replace(function, body=function.body[:-1] or (ir.Return(None),))
    used = dict.fromkeys([*(p.name for p in function.params), *map(_variable, ir.walk(function.body))])
    used.pop("", None)
    names = Names(n.path.rpartition(".")[2] for n in ir.walk(function.body) if isinstance(n, ir.Ref))
    own = {name: names.fresh(plain(name)) for name in used}
    params = tuple(replace(p, name=own[p.name]) for p in function.params)

    def visit(node: Any) -> Any:
        if isinstance(node, (ir.Push, ir.Pop)):
            return replace(node, stack=own[node.stack])
        return replace(node, id=own[node.id]) if isinstance(node, ir.Name) else node

    return replace(function, params=params, body=ir.transform(function.body, visit))


def plain(name: str) -> str:
    """A name without what tells it from others of the module."""
    return _SUFFIX.sub("", name) or name


def _variable(node: Any) -> str:
    return node.id if isinstance(node, ir.Name) else node.stack if isinstance(node, (ir.Push, ir.Pop)) else ""


def _made(routine: Routine, phase: str) -> Program:
    if phase not in routine.phases:
        if phase == "":
            routine.phases[phase] = _program(routine)
        elif phase == "jvp":
            routine.phases[phase] = _tangent(routine)
        else:
            routine.phases |= _pair(routine)
    return routine.phases[phase]


def _tangent(routine: Routine) -> Program:
    own = _program(routine, (routine.inputs[k] for k in routine.active))
    new = forward.forward(own, _floating(routine), _outputs(routine))
    doc = f"Return {routine.name} and its tangent."
    return replace(new, name=f"{routine.name}_jvp", doc=doc)


def _floating(routine: Routine) -> list[int]:
    return [k for k, kind in enumerate(routine.result or ()) if types.is_float(kind)]


def array_inputs(routine: Routine) -> list[int]:
    """Active inputs whose adjoints are added to in place."""
    return [k for k in sorted(routine.active) if not types.is_scalar(routine.types[routine.inputs[k]])]


def number_inputs(routine: Routine) -> list[int]:
    return [k for k in sorted(routine.active) if types.is_scalar(routine.types[routine.inputs[k]])]


def _pair(routine: Routine) -> dict[str, Program]:
    from srcad import assemble

    own = _program(routine, (routine.inputs[k] for k in routine.active))
    sweep = reverse.reverse(own, _floating(routine), also=_outputs(routine))
    undone = frozenset(routine.inputs[k] for k in routine.written)  # the caller counts on that
    recorded = record.record(sweep, dict(routine.aliases), undone)
    returned = [sweep.bars[routine.inputs[k]] for k in number_inputs(routine)]
    handed = [sweep.bars[routine.inputs[k]] for k in array_inputs(routine)]
    first, backward, zeros = tidy.settle(recorded.reverse, sweep.bars, sweep.shapes, returned, sweep.names, handed)
    kept, values = assemble.keep_results(sweep, backward)
    values = [v if sweep.shapes.of(v).dims == () else ir.call("numpy.copy", v) for v in values]
    ahead = (*tidy.beside(recorded.forward, zeros, routine.inputs), *kept)
    tape = _tape(routine, sweep, ahead, (*first, *backward), returned)
    start = tuple(ir.Assign(ir.Name(name), ir.NONE) for name in tape if name not in _certain(ahead))
    kept_tape = ir.Tuple(tuple(ir.Name(name) for name in tape))
    known = sweep.shapes.types
    one = replace(own, name=f"{routine.name}_forward", body=(*start, *ahead), results=(*values, kept_tape), types=known)
    one = replace(one, doc=f"Return {routine.name}(...) and what its adjoint reads.")
    record_name = sweep.names.fresh("tape")
    unpack = () if not tape else (ir.Assign(ir.Tuple(tuple(map(ir.Name, tape))), ir.Name(record_name)),)
    params = (record_name, *(i.name for i in own.inputs), *handed, *(p.name for p in sweep.seeds))
    two = replace(
        own,
        name=f"{routine.name}_reverse",
        inputs=(),
        seeds=tuple(map(ir.Param, params)),
        body=(*unpack, *first, *backward),
        results=tuple(map(ir.Name, returned)),
        types=known,
        doc=_reverse_doc(routine),
    )
    return {"forward": one, "reverse": two}


def _reverse_doc(routine: Routine) -> str:
    """What the reverse function returns, adds to and undoes, by the names that its module knows."""
    numbers, arrays = ([plain(routine.inputs[k]) for k in part(routine)] for part in (number_inputs, array_inputs))
    written = [plain(routine.inputs[k]) for k in sorted(routine.written)]
    does = [f"Return the adjoint{'s' if len(numbers) > 1 else ''} of {', '.join(numbers)}."] if numbers else []
    does += [f"Adds to {', '.join(f'{name}_bar' for name in arrays)}."] if arrays else []
    does += [f"Undoes the writes into {', '.join(written)}."] if written else []
    return " ".join(does) or f"The adjoint of {routine.name}."


def _tape(routine: Routine, sweep: Any, ahead: Body, back: Body, returned: Sequence[str]) -> list[str]:
    """Variables of the forward function that the reverse one reads."""
    made = {n for node in ir.walk(ahead) for n in _assigned(node)}
    tape = sorted(live_before(back, set(returned)) & made)
    near = alias.relation(replace(sweep.program, body=ahead, types=sweep.shapes.types))
    if any(near.get(name, set()) & set(routine.inputs) for name in tape):
        reason = "cannot differentiate a recursion of unknown depth that keeps parts of its arguments"
        raise Unsupported(reason, routine.loc, WAY_OUT)
    return tape


def _assigned(node: Any) -> set[str]:
    if isinstance(node, (ir.Assign, ir.For)):
        return ir.names(node.target)
    if isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
        return {node.target.id}
    return set()


def _certain(body: Body) -> set[str]:
    """Variables that the statements set in any case."""
    return {n for stmt in body if isinstance(stmt, ir.Assign) for n in ir.names(stmt.target)}
