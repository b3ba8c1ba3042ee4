"""The table of what srcad differentiates, for the manual: one row per function, from the rules themselves."""

from __future__ import annotations

from typing import NamedTuple

from srcad.rules import load_all
from srcad.rules.registry import RuleSet


class Row(NamedTuple):
    """One function. modes: "both", "reverse", "forward" or "zero"; numbers: "real" or "real, complex".

    backends: besides NumPy; "Numba*" where compiled code calls back into Python for some ranks or arguments, or always.
    """

    path: str
    modes: str
    numbers: str
    backends: str
    notes: str


def table() -> list[Row]:
    """Every function with a derivative rule of srcad's own, by path; helpers of generated code left out."""
    rules = [_row(rule) for path, rule in load_all().items() if not path.startswith("srcad_runtime.")]
    solvers = [Row(path, "both", "real", "none", f"first derivatives; {what}") for path, what in SOLVERS.items()]
    made = [Row(path, "both", "real", "Numba*", what) for path, what in INTERPOLANTS.items()]
    return sorted([*rules, *solvers, *made], key=lambda row: row.path.rpartition(".")[::2])


# what is differentiated by the equation that the result solves, on the user's own function: no rule says how
SOLVERS = {
    "scipy.integrate.odeint": "by the start, the times, and all that the right-hand side reads",
    "scipy.integrate.quad": "by the limits, and all that the integrand reads",
    "scipy.integrate.solve_ivp": "by the start, the times, and all that the right-hand side reads",
    "scipy.optimize.brentq": "by all that the equation reads",
    "scipy.optimize.fsolve": "by all that the equations read",
    "scipy.optimize.least_squares": "by all that the residuals read",
    "scipy.optimize.minimize": "by all that the objective and the bounds read; no constraints",
    "scipy.optimize.minimize_scalar": "by all that the objective reads",
    "scipy.optimize.newton": "by all that the equation reads",
    "scipy.optimize.root": "by all that the equations read",
    "scipy.optimize.root_scalar": "by all that the equation reads",
}


# functions that a model makes
INTERPOLANTS = {
    "scipy.interpolate.CubicSpline": "by the values and the point; ends not-a-knot, natural or clamped",
    "scipy.interpolate.interp1d": "by the values and the point; linear",
}


def markdown() -> str:
    """The table as Markdown, one section per library."""
    lines: list[str] = []
    section = ""
    for row in table():
        library = row.path.rpartition(".")[0]
        if library != section:
            section = library
            lines += [
                "",
                f"## {section}",
                "",
                "| function | modes | numbers | backends | notes |",
                "|---|---|---|---|---|",
            ]
        lines.append(
            f"| `{row.path.rpartition('.')[2]}` | {row.modes} | {row.numbers} | {row.backends} | {row.notes} |"
        )
    return "\n".join(lines).strip() + "\n"


def _row(rule: RuleSet) -> Row:
    if rule.constant:
        return Row(rule.path, "zero", "real, complex", _backends(rule.path), "derivative zero wherever it exists")
    modes = "both" if len(rule.modes) == 2 else rule.modes[0]
    numbers = "real, complex" if "c" in rule.kinds else "real"
    notes = "; ".join(filter(None, (_arguments(rule), rule.notes)))
    return Row(rule.path, modes, numbers, _backends(rule.path), notes)


def _backends(path: str) -> str:
    """The backends besides NumPy, as the passes that rewrite calls for them say."""
    from srcad.transforms.retarget_cupy import cupy_path
    from srcad.transforms.retarget_interpreted import NATIVE

    numba = "Numba*" if path in NATIVE else "Numba"
    return numba if cupy_path(path) is None else f"{numba}, CuPy"


def _arguments(rule: RuleSet) -> str:
    """Which arguments are differentiable, where that is not all of them or needs saying."""
    if rule.each:
        return f"by each of {rule.each}"
    names = tuple(n for n in rule.params if n in rule.wrt) or rule.wrt
    return "" if len(names) <= 1 and names == rule.params[:1] else "by " + ", ".join(names)
