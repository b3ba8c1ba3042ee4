"""Functions with every turn that control flow and assignment can take; each is run before and after `desugar`."""

from __future__ import annotations

NUMBERS = [(v,) for v in (-7, -1, 0, 1, 2, 3, 5, 12, 0.5)]

# text -> arguments to try
PROGRAMS: dict[str, list[tuple]] = {}


def _add(text: str, arguments: list[tuple] = NUMBERS) -> None:
    PROGRAMS[text] = arguments


# ---- returns ----
_add("""
def f(x):
    return x + 1
""")
_add("""
def f(x):
    if x > 0:
        return x
    return -x
""")
_add("""
def f(x):
    if x > 2:
        return 1
    elif x > 0:
        y = x
    else:
        return 3
    y = y + 1
    if y > 2:
        return y
    return y * 2
""")
_add("""
def f(x):
    if x > 0:
        if x > 2:
            return 1
        x = x + 1
    x = x + 10
    if x > 11:
        if x > 13:
            x = 0
        else:
            return 7
    return x
""")
_add("""
def f(x):
    y = x
    if x > 3:
        y = 2 * x
        return y
    if x < -3:
        return y
    y = y - 1
    return y
""")
_add("""
def f(x):
    if x > 1:
        return x
""")
_add("""
def f(x):
    if x > 1:
        return
    x = x + 1
    return None
""")
_add("""
def f(x):
    if x < 0:
        raise ValueError("negative")
    if x == 0:
        return 0
    return 1 / x
""")
_add("""
def f(x):
    if x > 0:
        return "positive", x
    else:
        raise KeyError(x)
    return 3
""")
_add("""
def f(x):
    return x
    x = 3
    return x
""")
_add(
    """
def f(a):
    if a[0] > 0:
        a[0] = 5.0
        return
    a[1] = 7.0
""",
    [([1.0, 2.0],), ([-1.0, 2.0],)],
)
_add(
    """
def f(returned, out, done):
    for skip in range(3):
        if skip == returned:
            return out
        if skip == done:
            break
    return done
""",
    [(0, 5, 1), (1, 5, 0), (9, 5, 1), (9, 5, 9)],
)

# ---- loops ----
_add("""
def f(x):
    while True:
        x = x - 1
        if x < 0:
            break
    return x
""")
_add("""
def f(x):
    while True:
        if x < 0:
            break
        x = x - 2
    return x
""")
_add("""
def f(x):
    while x > 0:
        if x == 3:
            break
        x = x - 1
        if x == 1:
            continue
        x = x - 0.5
    return x
""")
_add("""
def f(x):
    while x > 0:
        if x == 3:
            break
        x = x - 1
    else:
        x = x + 100
    return x
""")
_add("""
def f(x):
    s = 0
    for i in range(6):
        if i == x:
            continue
        s = s + i
        if s > 8:
            break
    else:
        s = -s
    return s, i
""")
_add("""
def f(x):
    s = 0
    for i in range(6):
        s = s * 2 + i
        if s > x:
            break
    return s, i
""")
_add("""
def f(x):
    s = 0
    for i in range(6):
        if i > 3:
            s = s + 100
            break
        for j in range(4):
            if j > i:
                break
            if (i + j) % 2:
                continue
            s = s + j
            if s > x:
                return s
        else:
            s = s + 1000
            if s > 1500:
                break
            continue
        s = s + 7
    else:
        return -1
    return s
""")
_add("""
def f(x):
    for i in range(10):
        if i * i > x:
            return i
""")
_add("""
def f(x):
    for i in range(4):
        for j in range(4):
            if i * j == x:
                return i, j
            if i + j == x:
                break
        else:
            continue
        break
    return None
""")
_add("""
def f(x):
    n = 0
    while True:
        n = n + 1
        if n > 20:
            return n
        if x > 0:
            if n % 2:
                continue
            x = x - 1
        elif n > 5:
            break
        n = n + 1
    return -n
""")
_add("""
def f(x):
    while True:
        x = x + 1
        if x > 3:
            return x
""")
_add("""
def f(x):
    for i in range(0):
        return 1
    else:
        x = x + 1
    return x
""")
_add("""
def f(x):
    i = 99
    for i in range(3):
        pass
    while x > 0:
        x = x - 1
        continue
    for j in []:
        break
    else:
        i = i + 1
    return i, x
""")
_add("""
def f(x):
    s = 0
    for i in range(3):
        if x > 1:
            if i == 1:
                s = s + 1
                continue
            s = s + 10
        elif x < -1:
            continue
        else:
            if i == 2:
                break
        s = s + 100
    return s
""")
_add("""
def f(x):
    s = []
    it = iter(range(10))
    for i in it:
        if i == 3:
            break
        s.append(i)
    return s, next(it)
""")
_add("""
def f(x):
    s = 0
    for i in range(3):
        for j in range(3):
            for k in range(3):
                if k == x:
                    break
                if j == x:
                    continue
                if i + j + k == x:
                    return s, i, j, k
                s = s + 1
            else:
                s = s + 10
        if s > 30:
            break
    return s
""")

# ---- with, try ----
_add("""
def f(x):
    with np.errstate(all="ignore"):
        if x > 0:
            return x
        x = x + 5
    return x * 2
""")
_add("""
def f(x):
    with np.errstate(all="ignore"):
        return x + 1
""")
_add("""
def f(x):
    for i in range(5):
        with np.errstate(all="ignore"):
            if i == x:
                break
            if i == 1:
                continue
            x = x - 1
        x = x + 0.25
    return x
""")
_add("""
def f(x):
    import contextlib
    with contextlib.suppress(ZeroDivisionError):
        return 1 / x
    return 7
""")
_add("""
def f(x):
    try:
        y = 1 / x
    except ZeroDivisionError:
        return -1
    else:
        y = y + 1
    finally:
        x = x + 1
    return x, y
""")
_add("""
def f(x):
    s = 0
    for i in range(-1, 4):
        try:
            if i == x:
                break
            s = s + 1 / i
        except ZeroDivisionError:
            if x > 2:
                continue
            s = s + 50
        else:
            s = s + 0.125
            if s > 5:
                return "else", s
        s = s + 1
    return s
""")

# ---- assignment ----
_add("""
def f(x):
    a = b = c = x + 1
    a = a + 1
    b, c = c, b
    return a, b, c
""")
_add("""
def f(x):
    p = q = [x, x]
    p[0] = 5
    r = p[1] = x + 2
    return p, q, r
""")
_add("""
def f(x):
    a, b = 0, 1
    for i in range(7):
        a, b = b, a + b
    return a, b
""")
_add("""
def f(x):
    a, b, c, d = x, x + 1, x + 2, 9
    a, b, c = c, a, b
    b, c = a, d
    a, b = b + c, a
    a, b, c, d = d, c, b, a
    return a, b, c, d
""")
_add("""
def f(x):
    a, b, c = 1, 2, 3
    a, b, c = a + b, b, a
    a, b = a, a + b
    return a, b, c
""")
_add("""
def f(x):
    p = [x, 1, 2, 3]
    p[0], p[3] = p[3], p[0]
    i = 0
    i, p[i] = 2, 7
    p[i], i = 8, i - 1
    i, p[1] = p[1], i
    return p, i
""")
_add(
    """
def f(a):
    a[0], a[1] = a[1], a[0]
    return a
""",
    [([1.0, 2.0, 3.0],), ([[1], [2]],)],
)
_add(
    """
def f(a):
    a = np.array(a)
    a[0], a[1] = a[1], a[0]
    a[:, 0], a[:, 1] = a[:, 1] + 1, a[:, 0]
    return a
""",
    [([[1.0, 2.0], [3.0, 4.0]],)],
)
_add("""
def f(x):
    (a, b), c = (x, x + 1), [x + 2]
    [d, (e, g)] = a, (b, c)
    (a, b), c = (b, a), a
    return a, b, c, d, e, g
""")
_add(
    """
def f(p):
    a, *b = p
    *c, d = p
    e, *g, h = p
    i, *j = 1, 2, 3
    *p, k = p
    return a, b, c, d, e, g, h, i, j, p, k
""",
    [([1, 2, 3],), ((1, 2),), ([4, 5, 6, 7],)],
)
_add(
    """
def f(p):
    def pair(x):
        return [x, (x + 1, x + 2)]
    _, (a, b) = pair(p)
    _, _ = pair(a)
    q = {}
    q["a"], (q["b"], c) = pair(b)
    q[c], c = c, q["a"]
    i, (q[i], i) = pair(p)
    return a, b, _, q, c, i
""",
    [(1,), (2,)],
)
_add(
    """
def f(p):
    s = 0
    q = [0, 0]
    for i, (a, b) in enumerate(p):
        s = s + i * a - b
    for q[1] in [3, 4]:
        s = s + q[1]
    for q[0], *r in p:
        s = s + q[0] + r[0]
    return s, q
""",
    [([(1, 2), (3, 4)],), ([],)],
)
_add("""
def f(x):
    class_ = [x]
    class_[0] += 2
    class_[0] **= 2
    x -= 1
    x //= 2
    y: float = x + 1
    z: int
    return class_, x, y
""")
_add(
    """
def f(p):
    i = 0
    log = []
    def at(k):
        log.append(k)
        return k
    p[at(0)], p[at(1)] = at(5), at(6)
    p[at(2)] = q = at(7)
    p[at(1)] += at(8)
    return p, log, q
""",
    [([1, 2, 3],)],
)

# ---- walrus, comparisons, match ----
_add("""
def f(x):
    if (y := x * 2) > 3 and (z := y - 1) > 4:
        return y, z
    return y
""")
_add("""
def f(x):
    while (y := x * x) > 2 and y < 100:
        x = x - 1
        if x == 2:
            continue
        if x == 1:
            break
    else:
        x = x + 50
    return x, y
""")
_add("""
def f(x):
    n = 0
    while (n := n + 1) < 6:
        if n == x:
            break
        x = x - 1
    return n, x
""")
_add("""
def f(x):
    a = x + (x := x + 1) + x
    b = [x, (x := 7), x]
    c = (x := 3) if a > 4 else (y := x)
    d = a > 4 and (x := 9) or (y := 11)
    return a, b, c, d, x
""")
_add("""
def f(x):
    log = []
    def g(v):
        log.append(v)
        return v
    a = g(0) < g(x) < g(3) < g(x + 1)
    b = g(1) < x <= g(4)
    if not (0 < g(x) < 2) and g(5):
        log.append("in")
    while g(x) > g(1) > -5:
        x = x - 1
    return a, b, log
""")
_add(
    """
def f(x):
    y = [0, 0, 0]
    y[(i := 1)] = (j := 2) + i if x else 5
    y[i] += (i := 2)
    assert (k := x) < 100, (k := 4)
    return y, i, k, print(end="") or (i := 5), i
""",
    [(0,), (1,), (200,)],
)
_add("""
def f(x):
    return (lambda v: v + (w := v) + w)(x), [y for v in range(4) if (y := v * x) > 2]
""")
_add("""
def f(x):
    match x:
        case 0 | 1:
            y = "small"
        case int(n) if n > 4:
            y = n
        case float():
            return "float"
        case n if n < 0:
            y = -n
        case _:
            y = None
    return y
""")
_add(
    """
def f(x):
    match x:
        case [a, b] if a > b:
            return a
        case [a, b]:
            x = b
        case {"k": v, **rest} if v:
            return v, rest
        case {"k": v}:
            return "falsy", v
        case [a, *more]:
            return a, more
        case str():
            return x + "!"
    return x
""",
    [([1, 2],), ((3, 2),), ({"k": 1, "l": 2},), ({"k": 0},), ([7, 8, 9],), ("s",), (5,), ([],)],
)
_add(
    """
def f(x):
    a = 100
    match x:
        case [a, b] if a > b:
            return "ordered"
        case [c, d]:
            pass
    match x[0] + 1:
        case 2:
            for i in range(3):
                match i:
                    case 0:
                        continue
                    case 2:
                        break
                a = a + i
    return a
""",
    [([1, 2],), ((3, 2),), ([7, 8, 9],)],
)

# ---- nested functions ----
_add(
    """
def f(x):
    n = 0
    def g(v):
        nonlocal n
        for i in range(v):
            if i == 3:
                return i
            n = n + 1
        return -1
    h = lambda v: g(v) + 1
    if h(2) > 5:
        return 0
    return h(5), g(1), n
""",
    [(1,)],
)
