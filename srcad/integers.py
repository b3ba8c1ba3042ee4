"""Whether integers can satisfy linear equations and inequalities: Fourier and Motzkin's elimination, one sided.

"No" is certain. "Yes" may be wrong: coefficients are rounded to integers where that is sound, and no further.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from srcad.dims import Dim, is_extent, symbol

MOST = 400  # inequalities; systems that grow beyond are taken for possible


def possible(zero: Sequence[Dim], least: Sequence[Dim]) -> bool:
    """Whether there may be integers for which the forms in `zero` are 0 and those in `least` are not negative.

    Extents, ``x.shape[0]``, are not negative by themselves.
    """
    names = {s for form in (*zero, *least) for s in form.symbols}
    left = [*least, *(symbol(s) for s in sorted(names) if is_extent(s))]
    equations = list(zero)
    while equations:
        form = equations.pop()
        unit = next((s for s, c in form.terms if abs(c) == 1), None)
        if unit is None:
            divisor = math.gcd(*(c for _, c in form.terms))
            if form.const % divisor if divisor else form.const:
                return False
            left += [form, -form]
            continue
        value = (symbol(unit) - form) if dict(form.terms)[unit] == 1 else (symbol(unit) + form)
        equations = [_put(e, unit, value) for e in equations]
        left = [_put(e, unit, value) for e in left]
    return _solvable({_rounded(form) for form in left})


def _put(form: Dim, name: str, value: Dim) -> Dim:
    coef = dict(form.terms).get(name, 0)
    return form + (value - symbol(name)) * coef if coef else form


def _rounded(form: Dim) -> Dim:
    """``2 * n - 3 >= 0`` is ``n - 2 >= 0`` of integers."""
    divisor = math.gcd(*(c for _, c in form.terms)) if form.terms else 0
    return form if divisor < 2 else Dim(form.const // divisor, tuple((s, c // divisor) for s, c in form.terms))


def _solvable(forms: set[Dim]) -> bool:
    while True:
        if any(form.is_const and form.const < 0 for form in forms):
            return False
        forms = {form for form in forms if form.terms}
        if not forms or len(forms) > MOST:
            return True
        name = min({s for form in forms for s in form.symbols}, key=lambda s: (_pairs(forms, s), s))
        forms = _without(forms, name)


def _pairs(forms: set[Dim], name: str) -> int:
    signs = [dict(form.terms).get(name, 0) for form in forms]
    return sum(c > 0 for c in signs) * sum(c < 0 for c in signs)


def _without(forms: set[Dim], name: str) -> set[Dim]:
    above = [(c, form) for form in forms if (c := dict(form.terms).get(name, 0)) > 0]
    below = [(-c, form) for form in forms if (c := dict(form.terms).get(name, 0)) < 0]
    others = {form for form in forms if name not in form.symbols}
    return others | {_rounded(a * d + b * c) for c, a in above for d, b in below}
