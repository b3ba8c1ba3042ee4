"""Calls of `heapq` and `bisect`: read from `rules.ordering`."""

from __future__ import annotations

import functools
from typing import Any

from srcad import ir
from srcad.eval_builtins import Args, Kwargs, handles
from srcad.eval_core import Evaluator
from srcad.rules import ordering
from srcad.values import Value


def _read(function: Any, ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_calls

    return eval_calls.expanded(ev, function, args, kwargs, loc)


for _function in "heappush heappop heapreplace heappushpop heapify nsmallest nlargest".split():
    handles(f"heapq.{_function}")(functools.partial(_read, getattr(ordering, _function)))
for _function in "bisect_left bisect_right insort_left insort_right".split():
    handles(f"bisect.{_function}")(functools.partial(_read, getattr(ordering, _function)))
for _name in ("bisect", "insort"):
    handles(f"bisect.{_name}")(functools.partial(_read, getattr(ordering, f"{_name}_right")))
