"""Programs from tables, each line of one with each of another: lists of arrays that are changed, arrays that change by
their own elements.

Random programs seldom come by these pairs: a list of unknown length is refused for most of what is done to it.
"""

from __future__ import annotations

import textwrap

from tests.fuzz.generate import Source

ARGS = ("np.array([0.31, -0.52, 0.78, 1.13])", "3")

MADE = {
    "appended": "items = []\nfor t in range(n):\n    items.append(x * 1.0)",
    "computed": "items = []\nfor t in range(n):\n    items.append(x + t)",
    "named": "items = []\nu = x * 1.1\nfor t in range(n):\n    items.append(u)\n    u = u * 0.9 + x[0]",
    "comprehended": "items = [x * 1.0 for _ in range(n)]",
    "zero": "items = [np.zeros(4) for _ in range(n)]",
    "filled": "items = []\nfor t in range(n):\n    items.append(np.zeros(4))\n    items[-1][t] = x[t]",
    "of_others": "other = [x * (k + 1.0) for k in range(n)]\nitems = [a * 1.0 for a in other[::-1]]\nother[0] *= 2.0",
    "copied": "items = []\nu = x.copy()\nfor t in range(n):\n    items.append(u.copy())\n    u[t] *= u[t + 1]",
}
CHANGED = {
    "scaled": "for k in range(n):\n    items[k] *= x[k]\n    items[0] += x",
    "by_parts": "for k in range(2):\n    items[-1][1:] += items[0][:-1] * x[k]\n    items[0][k] *= items[-1][1]",
    "in_turn": "for it in items:\n    it *= x[0]\n    it[1] += it[0] * x[2]",
    "by_elements": "for k in range(n):\n    items[k][k] = items[0][0] * x[k]\n    items[k][0] -= items[-1][k] * x[1]",
    "popped": "v = items.pop()\nv *= x\nv += items[-1]\nitems[0][1] += v[0]\nitems.append(v * 1.0)",
    "added_at": "np.add.at(items[0], [0, 0, 2], x[:3])\nnp.add.at(items[1], [1, 1], items[0][:2] * x[0])",
    "sorted": "for k in range(2):\n    items[0] += x\n    items[0].sort()\n    items[k] *= items[0]",
    "overwritten": "items[0][:] = items[1] * x\nitems[1][::-1] = items[0] + x\nitems[2][:2] = items[1][2:] * x[1]",
    "selected": "for k in range(2):\n    items[k][x > 0] += x[x > 0]\n    items[1 - k][[0, 2]] *= items[k][[1, 1]]",
    "handed_on": "for k in range(2):\n    scale(items[0], x)\n    scale(items[-1], items[0])",
    "by_neighbours": "for _ in range(2):\n    for k in range(len(items)):\n        items[k] += 0.1 * items[k - 1] * x",
}
SUMMED = """
r = 0.0
for k, a in enumerate(items):
    r = r + (k + 1.0) * np.sum(a * a * np.array([1.0, 0.5, -0.3, 0.2])) + a[0] * x[k]
return r
"""
HELPER = "def scale(a, b):\n    a *= b[1]\n    a[0] += b[2]\n\n\n"

OWN = """
x += np.array([x[1], x[0], x[3], np.sum(x)])
x[::2] += np.array([x[1], x[0] * x[2]])
x[1:3] -= np.array([x[2], x[0] * x[3]])
x[1:3] *= np.array([x[2], x[0] * x[3]])
x[...] += np.array([x[1], x[0], x[3], x[1]])
x[1:] = np.array([x[0], x[3], np.sum(x)])
x[::-1][:2] += np.array([x[0], x[3]])
x /= np.array([x[1] ** 2 + 1, 2.0, x[0] ** 2 + 1, 3.0])
x += [x[1], x[0], x[0], x[3]]
x[1:3] += (x[3], x[0])
x += np.stack([x[0], x[1], x[0], x[3]])
x -= x[::-1]
x += x[[1, 0, 1, 3]]
x += np.where(x > 0, x[0], x)
x += np.concatenate([x[1:], x[:1]]) * x
x += np.roll(x, 1)
x += np.repeat(x[:2], 2)
x += np.tile(x[1:3], 2)
x += np.cumsum(x)
x += np.flip(x) * x[0]
x += np.dot(np.outer(x, x), x)
x += np.einsum("i,j->i", x, x)
x += np.pad(x[1:3], 1)
x += np.append(x[1:], x[0])
x += np.hstack(np.split(x, 2)[::-1])
x[1:] -= x[:-1] * x[1:]
x[::-1] += x
x[[0, 2]] += x[[2, 2]] * x[0]
x[x > 0.2] *= np.sum(x)
x[np.argsort(x)] += x
np.add.at(x, [0, 0, 1], np.array([x[1], x[0], np.sum(x)]))
x[1], x[0] = x[0], x[1] * x[0]
y = x[1:]; y += np.array([x[0], y[0], np.sum(x)])
y = x[::-1]; y -= np.array([x[0], y[0], np.sum(x), y[1]])
y = x.reshape(2, 2).copy(); y += np.array([[x[0], y[0, 1]], [np.sum(x), y[1, 0]]]); x += y.ravel()
y = x.reshape(2, 2).copy(); y[0] += y[:, 0]; y[:, 1] += y[0] * y[1]; x += y.ravel()
y = x.reshape(2, 2).copy(); y += y.T; y += y @ y; x += y.ravel()
y = x.reshape(2, 2).copy(); y += np.vstack([y[1], y[0] * x[0]]); x += y.ravel()
y = x.reshape(2, 2).copy(); y[[0, 0]] += y[[1, 0]]; y[:, [1, 0]] *= y; x += y.ravel()
y = {"a": x}; y["a"] += np.array([x[2], y["a"][0], x[1], np.sum(x)])
""".strip().splitlines()
WEIGHED = "return np.sum(x * np.array([0.7, 1.3, -0.4, 0.9])) + x[1] * x[2]"


def crossed() -> dict[str, Source]:
    """Every program of these tables by its name."""
    lists = {
        f"{made}_{changed}": _source("\n".join((MADE[made], CHANGED[changed], SUMMED)))
        for made in MADE
        for changed in CHANGED
    }
    own = {f"own_{k}": _source("\n".join((*line.split("; "), WEIGHED))) for k, line in enumerate(OWN)}
    loops = {
        f"own_{k}_again": _source(
            "for _ in range(2):\n" + textwrap.indent("\n".join(line.split("; ")), "    ") + f"\n{WEIGHED}"
        )
        for k, line in enumerate(OWN)
    }
    return {**lists, **own, **loops}


def _source(body: str) -> Source:
    helper = HELPER if "scale(" in body else ""
    return Source(f"{helper}def f(x, n):\n{textwrap.indent(body, '    ')}\n", ARGS, (0,))
