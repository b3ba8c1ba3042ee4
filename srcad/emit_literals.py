"""Literals, in their shortest form."""

from __future__ import annotations


def literal(value: object) -> str:
    match value:
        case str():
            return string(value)
        case complex():
            return f"{number(value.imag)}j"
        case float():
            return number(value)
        case _ if value is ...:
            return "..."
    return repr(value)


def number(value: float) -> str:
    """The shortest text that reads back as `value`: 2.0, 0.1, 1e-6."""
    mantissa, e, exponent = repr(float(value)).partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def string(value: str, quote: str = "") -> str:
    """A literal in double quotes; in single ones if that saves escapes, or as `quote` says."""
    quote = quote or ("'" if value.count('"') > value.count("'") else '"')
    body = "".join(c if c in "'\"" else repr(c)[1:-1] for c in value)
    return quote + body.replace(quote, "\\" + quote) + quote
