"""Random array statements: functions of four arrays and two numbers, written as text."""

from __future__ import annotations

from hypothesis import strategies as st

# variables of the functions and their ranks; n and k are extents
RANKS = {"a": 1, "b": 1, "c": 1, "m": 2, "w": 2, "s": 0, "r": 0}
BINARY = ("+", "-", "*", "/")
UNARY = ("np.sin({})", "-{}", "np.abs({})", "np.exp(-np.abs({}))", "np.sqrt({} * {})", "np.tanh({})", "np.sign({})")
BOUNDS = ("", "0", "1", "2", "3", "-1", "-2", "n - 1", "n - 2", "n", "j", "j + 1", "n - j")
STEPS = ("", "", "", "", "2", "-1", "3", "-2")


@st.composite
def slices(draw: st.DrawFn) -> str:
    lower, step = draw(st.sampled_from(BOUNDS)), draw(st.sampled_from(STEPS))
    upper = draw(st.sampled_from(BOUNDS if not lower.startswith("-") else ("", "-1")))
    return f"{lower}:{upper}" + (f":{step}" if step else "")


@st.composite
def vectors(draw: st.DrawFn, depth: int = 2) -> str:
    """An expression of rank 1."""
    kind = draw(st.integers(0, 13 if depth else 5))
    name = draw(st.sampled_from("abc"))
    if kind < 4:
        return name
    if kind < 6:
        return draw(
            st.sampled_from(
                [f"{name}[{draw(slices())}]", "m[0]", "m[:, 0]", "w.T[1]", "m[-1, :]", f"m[0, {draw(slices())}]"]
            )
        )
    inner = vectors(depth - 1)
    x = draw(inner)
    if kind < 9:
        return f"({x} {draw(st.sampled_from(BINARY))} {draw(st.one_of(inner, numbers(depth - 1)))})"
    if kind == 9:
        return draw(st.sampled_from(UNARY)).replace("{}", x)
    if kind == 10:
        test = f"{x} {draw(st.sampled_from(['<', '>=', '!=']))} {draw(st.one_of(inner, numbers(0)))}"
        return f"np.where({test}, {draw(inner)}, {draw(st.one_of(inner, numbers(0)))})"
    if kind == 11:
        function = draw(st.sampled_from(["sum", "max", "mean", "min", "prod"]))
        return f"{draw(matrices(depth - 1))}.{function}(axis={draw(st.sampled_from([0, 1, -1]))})"
    if kind == 12:
        return draw(
            st.sampled_from(
                [f"np.cumsum({x})", f"np.maximum({x}, {draw(inner)})", f"np.clip({x}, -0.5, 0.5)", f"{x}.copy()"]
            )
        )
    return draw(
        st.sampled_from([f"{x}[::-1]", f"np.zeros_like({x})", f"np.full_like({x}, {draw(numbers(0))})", f"m @ {x}"])
    )


@st.composite
def matrices(draw: st.DrawFn, depth: int = 2) -> str:
    """An expression of rank 2."""
    kind = draw(st.integers(0, 10 if depth else 3))
    if kind < 3:
        return draw(st.sampled_from(["m", "w"]))
    if kind == 3:
        return draw(
            st.sampled_from(["w.T", "m.T", f"m[{draw(slices())}, {draw(slices())}]", "m[1:-1, 1:]", "a[:, None]"])
        )
    x, inner = draw(matrices(depth - 1)), matrices(depth - 1)
    if kind < 7:
        return f"({x} {draw(st.sampled_from(BINARY))} {draw(st.one_of(inner, vectors(depth - 1), numbers(0)))})"
    if kind == 7:
        return draw(st.sampled_from(UNARY)).replace("{}", x)
    if kind == 8:
        function = draw(st.sampled_from(["sum", "max", "mean", "any"]))
        return f"({x} - {draw(inner)}.{function}(axis={draw(st.sampled_from([0, 1]))}, keepdims=True))"
    if kind == 9:
        return draw(st.sampled_from([f"np.cumsum({x}, axis=0)", f"np.cumsum({x}, axis=-1)", f"{x} @ {draw(inner)}"]))
    return f"np.outer({draw(vectors(depth - 1))}, {draw(vectors(depth - 1))})"


@st.composite
def numbers(draw: st.DrawFn, depth: int = 1) -> str:
    """An expression of rank 0."""
    kind = draw(st.integers(0, 9 if depth else 4))
    if kind < 5:
        return draw(st.sampled_from(["s", "r", "2.0", "0.5", "1"]))
    if kind < 8:
        x = draw(st.one_of(vectors(depth - 1), matrices(depth - 1)))
        return f"np.{draw(st.sampled_from(['sum', 'mean', 'max', 'min', 'prod', 'sum']))}({x})"
    if kind == 8:
        return draw(
            st.sampled_from([f"np.dot({draw(vectors(depth - 1))}, {draw(vectors(depth - 1))})", "a[0]", "m[0, -1]"])
        )
    return f"({draw(numbers(depth - 1))} * {draw(numbers(depth - 1))})"


@st.composite
def statements(draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 11))
    vector, matrix, number = draw(vectors()), draw(matrices()), draw(numbers())
    name = draw(st.sampled_from("abc"))
    if kind == 0:
        return f"{name} = {vector}"
    if kind == 1:
        return f"{draw(st.sampled_from('mw'))} = {matrix}"
    if kind == 2:
        return f"{draw(st.sampled_from('sr'))} = {number}"
    if kind == 3:
        return f"{name} {draw(st.sampled_from(['+=', '-=', '*=']))} {draw(st.sampled_from([vector, number]))}"
    if kind < 7:
        op = draw(st.sampled_from(["=", "=", "+=", "*=", "-=", "/="]))
        return f"{name}[{draw(slices())}] {op} {draw(st.sampled_from([vector, number]))}"
    if kind == 7:
        op, value = draw(st.sampled_from(["=", "+="])), draw(st.sampled_from([matrix, vector, number]))
        return f"m[{draw(slices())}, {draw(slices())}] {op} {value}"
    if kind == 10:
        return draw(st.sampled_from(["n = n - 1", "j = j + 1", f"{name} = {name}[1:]", f"{name} = {name}[:-1] + 1.0"]))
    if kind == 11:
        other = draw(st.sampled_from("abc"))
        return draw(
            st.sampled_from([f"{name} = {other}", f"{name}, {other} = {other}, {name}", f"{name} = {other}[::-1]"])
        )
    if kind == 8:
        return f"{name}[{name} > {draw(numbers(0))}] {draw(st.sampled_from(['=', '*=']))} {draw(numbers(0))}"
    return f"m[:, 0] {draw(st.sampled_from(['=', '+=']))} {draw(st.sampled_from([vector, number]))}"


@st.composite
def functions(draw: st.DrawFn) -> str:
    """The text of ``f(a, b, c, m, w, s, r, n, j)``; a, b and c have n elements, m and w are square."""
    body = draw(st.lists(statements(), min_size=1, max_size=4))
    if draw(st.booleans()):
        body = [*body[:1], "for t in range(2):", *(f"    {line}" for line in body[1:] or ["s = s + 1.0"])]
    lines = [*body, "return a, b, c, m, w, s, r"]
    return "import numpy as np\n\ndef f(a, b, c, m, w, s, r, n, j):\n" + "".join(f"    {line}\n" for line in lines)
