"""unread: records that nobody reads go; the gradient stays the same."""

from __future__ import annotations

from srcad import ir
from srcad.transforms.unread import unread

X, S = ir.Name("x"), "x_saved"
FIRST = ir.Assign(ir.Name(S), ir.List(()))
LOOP = ir.call("builtins.range", ir.Const(0), ir.Name("n"), ir.Const(1))


def loop(*body: ir.Stmt) -> ir.For:
    return ir.For(ir.Name("k"), LOOP, body)


def read(name: str) -> ir.Stmt:
    return ir.Augment(ir.Name("y"), "+", ir.Name(name))


def test_restored_and_set_again_before_it_is_read() -> None:
    forward = (FIRST, ir.Assign(X, ir.ZERO), loop(ir.Push(S, X)))
    backward = (loop(ir.Pop(X, S), ir.Assign(X, ir.ONE), read("x")),)
    first, second = unread(forward, backward, {S}, {"y"})
    assert S not in ir.names((first, second)) and read("x") in [*ir.walk(second)]


def test_read_in_the_next_iteration() -> None:
    forward = (FIRST, ir.Assign(X, ir.ZERO), loop(ir.Push(S, X)))
    backward = (loop(read("x"), ir.Pop(X, S)),)
    assert unread(forward, backward, {S}, {"y"}) == (forward, backward)


def test_read_behind_the_sweeps() -> None:
    forward, backward = (FIRST, loop(ir.Push(S, X))), (loop(ir.Pop(X, S)),)
    assert unread(forward, backward, {S}, {"x"}) == (forward, backward)


def test_a_list_that_is_read_once_keeps_all_its_values() -> None:
    forward = (FIRST, loop(ir.Push(S, X)))
    backward = (loop(ir.Pop(X, S), read("x")), loop(ir.Pop(X, S), ir.Assign(X, ir.ONE), read("x")))
    assert unread(forward, backward, {S}, {"y"}) == (forward, backward)


def test_a_test_of_the_record_keeps_it() -> None:
    forward = (FIRST, loop(ir.Push(S, X)))
    backward = (ir.While(ir.call("builtins.len", ir.Name(S)), (ir.Pop(X, S),)),)
    assert unread(forward, backward, {S}, {"y"}) == (forward, backward)


def test_branches_and_loops_left_empty_go() -> None:
    save = ir.If(ir.Name("c"), (ir.Push(S, X),), (read("z"),))
    first, second = unread((FIRST, loop(save)), (loop(ir.If(ir.Name("c"), (ir.Pop(X, S),))),), {S}, {"y"})
    assert second == () and first == (loop(ir.If(ir.Unary("not", ir.Name("c")), (read("z"),))),)


def test_first_values_that_were_only_saved_go() -> None:
    forward = (ir.Assign(X, ir.ZERO), FIRST, loop(ir.Push(S, X), ir.Assign(X, ir.ONE), read("x")))
    first, _ = unread(forward, (loop(ir.Pop(X, S)),), {S}, {"y"}, first=1)
    assert first == (loop(ir.Assign(X, ir.ONE), read("x")),)


def test_first_values_that_are_read_stay() -> None:
    forward = (ir.Assign(X, ir.ZERO), FIRST, loop(ir.Push(S, X), read("x")))
    first, second = unread(forward, (loop(ir.Pop(X, S)),), {S}, {"y"}, first=1)
    assert first == (ir.Assign(X, ir.ZERO), loop(read("x"))) and second == ()


def test_a_branch_keeps_what_else_is_in_it() -> None:
    branch = ir.If(ir.Name("c"), (ir.Push(S, X), read("z")))
    first, _ = unread((FIRST, loop(branch)), (loop(ir.Pop(X, S)),), {S}, {"y"})
    assert first == (loop(ir.If(ir.Name("c"), (read("z"),))),)


def test_a_block_of_with_that_is_left_empty_stays() -> None:
    inside = ir.With(((ir.Name("lock"), None),), (ir.Push(S, X),))
    first, _ = unread((FIRST, inside), (ir.Pop(X, S),), {S}, {"y"})
    assert first == (ir.With(((ir.Name("lock"), None),), ()),)
