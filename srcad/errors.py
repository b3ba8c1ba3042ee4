"""What users are told when a program cannot be differentiated: one class, one printer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srcad.ir import Loc


class PerformanceWarning(UserWarning):
    """A call is answered correctly but slowly; the text names the line and the reason."""


class Unsupported(SyntaxError):
    """A program srcad cannot differentiate: where (`filename`, `lineno`, `offset`), why, and a way out.

    A `SyntaxError`, so that Python itself can show the place. `str()` is the whole message with its caret.
    """

    def __init__(self, reason: str, loc: Loc | None = None, hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.hint, self.loc = reason, hint, loc
        self.msg = f"{reason}\n  {hint}" if hint else reason  # what a traceback prints below the caret
        if loc is not None:
            self.filename, self.lineno, self.offset = loc.source.file, loc.line, loc.col + 1
            self.end_lineno, self.end_offset = loc.end_line, loc.end_col + 1
            self.text = loc.source.line(loc.line)

    def __str__(self) -> str:
        return render(self.reason, self.loc, self.hint)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.reason, self.loc, self.hint)


class Undefined(Unsupported):
    """A name that means nothing when the program is read; where it is reached, Python's own error says so."""


# what Python raises for a program that is wrong on its own account; the compiler raises the same
PYTHON_ERRORS = (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError)


def placed(error: Exception, loc: Loc | None) -> None:
    """Note at a Python error the place in the program that it belongs to, the innermost one that is known."""
    if loc is not None and isinstance(error, PYTHON_ERRORS) and not hasattr(error, "srcad_loc"):
        error.srcad_loc = loc  # type: ignore[union-attr]
        note(error, f"in the model: {loc.source.file}:{loc.line}: {loc.source.line(loc.line).strip()}")


def note(error: BaseException, text: str) -> None:
    """A line below an error's message, from Python 3.11 on."""
    if hasattr(error, "add_note"):
        error.add_note(text)


def no_rule(path: str, loc: Loc | None) -> Unsupported:
    """The refusal of a function whose derivative is not known."""
    name = path.removeprefix("user:")
    hint = "Register a derivative rule for it, or wrap what must stay constant in srcad.stop_gradient."
    return Unsupported(f"cannot differentiate {name}: it has no derivative rule", loc, hint)


def render(reason: str, loc: Loc | None, hint: str = "") -> str:
    """``file:line:col: reason``, the line before, the line, a caret below it, and the way out."""
    lines = [reason]
    if loc is not None:
        lines = [f"{loc.source.file}:{loc.line}:{loc.col + 1}: {reason}", *_excerpt(loc)]
    if hint:
        lines.append(f"  {hint}")
    return "\n".join(lines)


def _excerpt(loc: Loc) -> list[str]:
    shown = [n for n in (loc.line - 1, loc.line) if n > 0 and (n == loc.line or loc.source.line(n).strip())]
    text = loc.source.line(loc.line)
    end = loc.end_col if loc.end_line == loc.line else len(text)
    # tabs stay tabs below the line, so that the caret stands under its text
    pad = "".join(c if c == "\t" else " " for c in text[: loc.col])
    caret = pad + "^" * max(end - loc.col, 1)
    return [f"{n:5d} | {loc.source.line(n)}" for n in shown] + [f"      | {caret}"]
