"""Errors that compiled code raises, each from one place in a function however many checks lead there.

Only code compiled with Numba imports this module.
"""

from __future__ import annotations

from typing import Any


def raise_if(context: Any, builder: Any, wrong: Any, error: type[Exception], text: str) -> None:
    """Raise ``error(text)`` where ``wrong`` is true. context, builder: of Numba and llvmlite."""
    if getattr(builder, "_in_try_block", False):  # where an error goes depends on the block
        with builder.if_then(wrong, likely=False):
            context.call_conv.return_user_exc(builder, error, (text,))
        return
    known: dict[Any, Any] = builder.__dict__.setdefault("_srcad_raising", {})
    if (error, text) not in known:
        known[error, text] = builder.append_basic_block("raising")
        with builder.goto_block(known[error, text]):
            context.call_conv.return_user_exc(builder, error, (text,))
    fine = builder.append_basic_block("fine")
    builder.cbranch(wrong, known[error, text], fine).set_weights([1, 99])
    builder.position_at_end(fine)
