"""The function beside its generated derivative, as HTML: lines that belong together light up together."""

from __future__ import annotations

import re
from html import escape

from srcad.cache import digest

_STYLE = """
.srcad{display:grid;grid-template-columns:1fr 1fr;gap:1em;font:13px/1.5 ui-monospace,Consolas,monospace;color:inherit}
.srcad pre{margin:0;padding:.6em 0;overflow-x:auto;border:1px solid #8886;border-radius:6px;background:none}
.srcad h3{margin:0 0 .3em;font:600 13px/1.5 system-ui,sans-serif}
.srcad .line{display:block;padding:0 .8em;min-height:1.5em;color:inherit;text-decoration:none;white-space:pre}
.srcad .number{display:inline-block;width:3em;opacity:.5;user-select:none}
.srcad .comment{opacity:.65;font-style:italic}
.srcad a.line:hover,.srcad .lit{background:#f5c54255}
@media (max-width:60em){.srcad{grid-template-columns:1fr}}
"""

_SCRIPT = """
for (const root of document.querySelectorAll('.srcad')) {
  const light = (line, on) => root.querySelectorAll('[data-line="' + line + '"]')
    .forEach(e => e.classList.toggle('lit', on));
  root.querySelectorAll('[data-line]').forEach(e => {
    e.addEventListener('mouseenter', () => light(e.dataset.line, true));
    e.addEventListener('mouseleave', () => light(e.dataset.line, false));
  });
}
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root{{color-scheme:light dark}}
body{{margin:2em auto;max-width:110em;padding:0 1em;font:15px/1.6 system-ui,sans-serif}}
details{{margin:.5em 0}} summary{{cursor:pointer;font-weight:600}}
details pre{{font:13px/1.5 ui-monospace,Consolas,monospace;overflow-x:auto}}
</style>
</head>
<body>
<h1>{title}</h1>
{notes}
{columns}
{passes}
</body>
</html>
"""

_QUOTED = re.compile(r"\s*# L(\d+)(?! of )\b")


def page(
    title: str,
    primal: str,
    generated: str,
    first_line: int = 1,
    notes: tuple[str, ...] = (),
    passes: tuple[tuple[str, str], ...] = (),
) -> str:
    """One self-contained page: notes, the two texts side by side, and the program after every pass.

    Args:
        primal: the function's text; first_line: the number of its first line in its file.
        generated: the generated module, whose comments ``# L12 ...`` quote lines of that file.
    """
    items = "".join(f"<li>{escape(note)}</li>\n" for note in notes)
    folded = "".join(
        f"<details><summary>{escape(name)}</summary><pre>{escape(text)}</pre></details>\n" for name, text in passes
    )
    return _PAGE.format(
        title=escape(title),
        notes=f"<ul>\n{items}</ul>" if notes else "",
        columns=side_by_side(primal, generated, first_line),
        passes=f"<h2>After each pass</h2>\n{folded}" if passes else "",
    )


def side_by_side(primal: str, generated: str, first_line: int = 1) -> str:
    """The two texts as an HTML fragment with its own style: what a notebook shows."""
    name = "p" + digest(primal, generated)[:8]
    owners = _owners(generated)
    left = [_line(text, n, n in owners.values(), f"{name}-{n}") for n, text in _numbered(primal, first_line)]
    right = [_generated_line(text, k, owners.get(k), name) for k, text in _numbered(generated, 1)]
    return (
        f"<style>{_STYLE}</style>\n<div class='srcad'>\n"
        f"<div><h3>function</h3><pre>{''.join(left)}</pre></div>\n"
        f"<div><h3>generated</h3><pre>{''.join(right)}</pre></div>\n"
        f"</div>\n<script>{_SCRIPT}</script>"
    )


def _numbered(text: str, first: int) -> list[tuple[int, str]]:
    return list(enumerate(text.rstrip("\n").split("\n"), first))


def _line(text: str, number: int, linked: bool, anchor: str) -> str:
    data = f" data-line='{number}'" if linked else ""
    return f"<span class='line' id='{anchor}'{data}><span class='number'>{number}</span>{escape(text)}</span>"


def _generated_line(text: str, number: int, owner: int | None, name: str) -> str:
    shown = f"<span class='comment'>{escape(text)}</span>" if text.lstrip().startswith("#") else escape(text)
    inside = f"<span class='number'>{number}</span>{shown}"
    if owner is None:
        return f"<span class='line'>{inside}</span>"
    return f"<a class='line' data-line='{owner}' href='#{name}-{owner}'>{inside}</a>"


def _owners(generated: str) -> dict[int, int]:
    """The primal line that each generated line belongs to: from a quoting comment to the end of its suite."""
    owners: dict[int, int] = {}
    current, indent = None, 0
    for number, text in _numbered(generated, 1):
        quoted = _QUOTED.match(text)
        depth = len(text) - len(text.lstrip())
        if quoted:
            current, indent = int(quoted[1]), depth
        elif not text.strip() or depth < indent or text.lstrip().startswith(("#", "return ")):
            current = None
        if current is not None:
            owners[number] = current
    return owners
