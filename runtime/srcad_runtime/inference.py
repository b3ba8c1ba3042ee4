"""Numba's inference of types, which remembers what it has asked.

For each operation Numba asks its registry which implementation fits the types of the operands, again for every
operation of the same types and again for every round until no type changes: half a second for a gradient of a hundred
statements. The answers depend on the types alone; `Inferer` asks once for each combination. What functions written in
Python return is asked every time, as it may still be under way (recursions).

Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs

from __future__ import annotations

import warnings
from typing import Any

from numba.core import errors, typeinfer, types, utils

_NOT_ASKED = object()
# what does not depend on anything but types
_SETTLED = (types.Function, types.BoundFunction)


class _Context:
    """A typing context that answers the same question at once when it comes again."""

    def __init__(self, context):
        self._asked: Any = context
        self._answers: dict[Any, Any] = {}

    def __getattr__(self, name):
        value = getattr(self._asked, name)
        self.__dict__[name] = value
        return value

    def _once(self, question, *given):
        key = (question, *given)
        found = self._answers.get(key, _NOT_ASKED)
        if found is _NOT_ASKED:
            found = self._answers[key] = getattr(self._asked, question)(*given)
        return found

    def resolve_setitem(self, target, index, value):
        return self._once("resolve_setitem", target, index, value)

    def resolve_getattr(self, typ, attr):
        return self._once("resolve_getattr", typ, attr)

    def resolve_function_type(self, func, args, kws):
        if kws or (isinstance(func, types.Type) and not isinstance(func, _SETTLED)):
            return self._asked.resolve_function_type(func, args, kws)
        key = ("resolve_function_type", func, args)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self._asked.resolve_function_type(func, args, kws)
        return found


class _Constraints(typeinfer.ConstraintNetwork):  # type: ignore[misc]
    """Numba's network; one list of warnings for all constraints."""

    def propagate(self, typeinfer):
        found = []
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always", errors.NumbaWarning)
            for constraint in self.constraints:
                try:
                    constraint(typeinfer)
                except errors.ForceLiteralArg as error:
                    found.append(error)
                except errors.TypingError as error:
                    new = errors.TypingError(str(error), loc=constraint.loc, highlighting=False)
                    found.append(utils.chain_exception(new, error))
        for warning in noted:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        return found


class Inferer(typeinfer.TypeInferer):  # type: ignore[misc]
    def __init__(self, context, func_ir, warnings):
        super().__init__(_Context(context), func_ir, warnings)
        self.constraints = _Constraints()
