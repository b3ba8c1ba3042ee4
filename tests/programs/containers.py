"""Tuples, lists, dicts, named tuples and dataclasses as arguments and locals; comprehensions, zip, enumerate."""

import collections
import dataclasses
from collections import Counter, OrderedDict, defaultdict, deque
from typing import NamedTuple

import numpy as np

from tests.programs.registry import program

Layer = collections.namedtuple("Layer", ["weight", "bias"])


class Spring(NamedTuple):
    stiffness: float
    rest: float = 1.0


@dataclasses.dataclass(frozen=True)
class Market:
    spot: float
    vol: float
    curve: np.ndarray
    days: int = 252


def _layers(rng):
    return [Layer(rng.normal(size=(3, 4)), rng.normal(size=4)), Layer(rng.normal(size=(4, 2)), rng.normal(size=2))]


@program(args=lambda rng: (_layers(rng), rng.normal(size=(5, 3))), argnums=(0, 1))
def network_as_list_of_namedtuples(layers, x):
    for layer in layers[:-1]:
        x = np.tanh(x @ layer.weight + layer.bias)
    last = layers[-1]
    return np.mean((x @ last.weight + last.bias) ** 2)


@program(args=lambda rng: ({"w": rng.normal(size=3), "b": 0.3}, rng.normal(size=(4, 3))), argnums=(0, 1))
def parameters_in_a_dict(params, x):
    return np.sum(np.tanh(x @ params["w"] + params["b"]) ** 2)


@program(
    args=lambda rng: ({"enc": {"w": rng.normal(size=(3, 2))}, "dec": [rng.normal(size=2), 0.4]}, rng.normal(size=3))
)
def nested_dict_of_lists(params, x):
    h = np.sin(x @ params["enc"]["w"])
    weight, bias = params["dec"]
    return h @ weight * bias


@program(args=lambda rng: ((0.5, rng.normal(size=3), (1.5, -0.2)), 2.0), argnums=(0, 1))
def nested_tuple_unpacked(p, s):
    a, v, (b, c) = p
    return a * np.sum(v * v) + s * b * c


@program(args=lambda rng: (Market(100.0, 0.2, np.array([0.01, 0.02, 0.025])), 1.5), argnums=(0, 1))
def dataclass_argument(market, t):
    rate = market.curve[0] + market.curve[1] * t + market.curve[2] * t * t
    growth = np.exp((rate - 0.5 * market.vol**2) * t)
    return market.spot * growth / market.days


@program(args=lambda rng: ([Spring(2.0), Spring(1.5, 0.8)], 1.3), argnums=(0, 1))
def list_of_typed_namedtuples(springs, x):
    return sum(0.5 * s.stiffness * (x - s.rest) ** 2 for s in springs)


@program(args=lambda rng: ({"b": 0.4, "a": 1.2, "c": -0.7},), argnums=0)
def dict_items_keys_values(p):
    total = 0.0
    for k, (key, value) in enumerate(p.items()):
        total += (k + 1.0) * value**2 + len(key)
    for key in p:
        total += np.sin(p[key])
    return total * sum(p.values()) + p.get("a", 0.0) * p.get("z", 2.0)


@program(args=lambda rng: (1.3, 0.6), argnums=(0, 1))
def dict_built_and_changed(x, y):
    state = {"x": x, "y": y}
    state["x"] = state["x"] * state["y"]
    state["z"] = state["x"] + 1.0
    state.update(y=state["z"] ** 2)
    return state["x"] * state["y"] + state["z"]


@program(args=lambda rng: (rng.normal(size=4),), argnums=0)
def list_append_static_length(x):
    values = []
    for i in range(4):
        values.append(x[i] ** 2)
    values[1] = values[0] * values[1]
    last = values.pop()
    return sum(values) * last


@program(args=lambda rng: (rng.normal(size=4), 5), argnums=0)
def list_append_runtime_length(x, n):
    history = [x[0]]
    for i in range(n):
        history.append(np.sin(history[-1]) + x[i % 4])
    return history[-1] * history[2] + len(history)


@program(args=lambda rng: (rng.normal(size=3), 4), argnums=0)
def list_of_arrays_grown(x, n):
    states = [x]
    for _ in range(n):
        states.append(np.tanh(states[-1]) + 0.1 * states[0])
    return np.sum(states[-1] * states[n // 2])


@program(args=lambda rng: (rng.normal(size=5), rng.normal(size=5)), argnums=(0, 1))
def list_comprehension_and_sum(x, y):
    products = [a * b for a, b in zip(x, y)]
    return sum([p * p for p in products]) + max(products)


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def comprehension_with_a_test(x):
    return sum(v**3 for v in x if v > 0.0) + sum(2.0 * v for i, v in enumerate(x) if i % 2)


@program(args=lambda rng: (rng.normal(size=(3, 4)),), argnums=0)
def array_from_a_comprehension(a):
    rows = np.array([np.sum(row**2) for row in a])
    table = np.array([[a[i, j] * j for j in range(2)] for i in range(3)])
    return rows @ table[:, 1]


@program(args=lambda rng: (rng.normal(size=5), rng.normal(size=6)), argnums=(0, 1))
def zip_enumerate_reversed(x, y):
    total = 0.0
    for i, (a, b) in enumerate(zip(x, y), start=1):
        total += i * a * b
    for a, b in zip(reversed(x), y[1:]):
        total = 0.5 * total + a * b
    for i in reversed(range(3)):
        total *= 1.0 + 0.1 * x[i]
    return total


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def starred_unpacking(x):
    first, *middle, last = x
    head, *_ = (first * last, 1.0, 2.0)
    return head * sum(middle) + middle[0] ** 2


@program(args=lambda rng: (rng.normal(size=3),), argnums=0)
def tuple_concatenation_and_slices(x):
    a, b, c = x[0], x[1], x[2]
    t = (a, b) + (c,) * 2
    u = t[::-1] + t[1:3]
    return u[0] * u[3] + u[4] * u[5] + sum(t)


@program(args=lambda rng: ([rng.normal(size=3), rng.normal(size=2)],), argnums=0)
def list_of_ragged_arrays(parts):
    total = 0.0
    for k, part in enumerate(parts):
        total += (k + 1) * np.sum(part**2)
    return total * parts[0][1] + parts[-1][0]


@program(args=lambda rng: ([rng.normal(size=3), rng.normal(size=2)],), argnums=0)
def list_argument_whose_array_is_written(parts):
    parts[0][1] = parts[1][0] * parts[0][2]
    parts[1] *= parts[0][1]
    return np.sum(parts[0]) * np.sum(parts[1] ** 2)


@program(args=lambda rng: ({"a": rng.normal(size=3), "n": 2, "name": "x"}, 1.5), argnums=(0, 1))
def dict_with_integer_and_string(p, s):
    scale = 2.0 if p["name"] == "x" else 3.0
    return scale * np.sum(p["a"] ** p["n"]) * s


@program(args=lambda rng: (rng.normal(size=3), 0.5), argnums=(0, 1))
def returns_a_tuple(x, s):
    y = x * s
    return np.sum(y * y), y, s * s


@program(args=lambda rng: (rng.normal(size=3), 0.5), argnums=(0, 1))
def returns_a_dict(x, s):
    return {"loss": np.sum(x * s), "out": np.exp(x), "pair": (s, x[0] * s)}


@program(args=lambda rng: (rng.normal(size=4),), argnums=0)
def any_all_map_filter(x):
    if any(v > 0.0 for v in x) and not all(v > 0.0 for v in x):
        return sum(map(lambda v: v * v, x)) * len([v for v in x if v > 0.0])
    return x[0]


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def nested_comprehension_and_dict_comprehension(x):
    pairs = [x[i] * x[j] for i in range(3) for j in range(i)]
    named = {name: x[k] ** 2 for k, name in enumerate(("p", "q"))}
    return sum(pairs) * named["p"] + named["q"]


@program(args=lambda rng: (Layer(rng.normal(size=2), 0.7),), argnums=0)
def namedtuple_replaced(layer):
    other = layer._replace(bias=layer.bias * 2.0)
    weight, bias = other
    return np.sum(weight**2) * bias + layer.bias


@program(args=lambda rng: (Market(2.0, 0.2, np.array([0.1, 0.2])),), argnums=0)
def dataclass_built_inside(market):
    moved = dataclasses.replace(market, spot=market.spot * 1.5)
    shocked = Market(moved.spot, market.vol**2, moved.curve * 2.0)
    return shocked.spot * shocked.vol + np.sum(shocked.curve**2) * market.spot


@program(lambda rng: (rng.normal(size=4), 5))
def arrays_in_a_dict_updated_in_a_loop(x, n):
    state = {"x": x * 1.0, "v": np.zeros_like(x)}
    for _ in range(n):
        state["v"] = state["v"] - 0.1 * np.sin(state["x"])
        state["x"] = state["x"] + 0.1 * state["v"]
    return np.sum(state["x"] * state["v"])


@program(lambda rng: (rng.normal(size=4), 5))
def arrays_in_a_list_exchanged_in_a_loop(x, n):
    state = [x * 1.0, np.zeros_like(x)]
    for _ in range(n):
        state[1] = state[1] - 0.1 * np.sin(state[0])
        state[0], state[1] = state[1] + x, state[0] * 0.5
    return np.sum(state[0] * state[1])


@program(lambda rng: (rng.normal(size=4), 5))
def array_in_a_dict_with_a_second_name(x, n):
    state = {"x": x * 1.0}
    first = state["x"]
    for _ in range(n):
        state["x"] = state["x"] + np.sin(first)
        first[0] = first[0] * 0.5
    return np.sum(state["x"] * first)


@program(lambda rng: (1.3, 0.7), argnums=(0, 1))
def containers_appended_before_their_variable_changes(p, q):
    shells = []
    for zeta in (p, q):
        shells.append((2.0 * zeta, (zeta + 1.0, [zeta * zeta])))
    shells.insert(0, (3.0 * zeta, (zeta, [zeta**3])))
    zeta = p * q
    total = np.zeros(3)
    for i in range(3):
        a, (b, c) = shells[i]
        total[i] += a * b + c[0] ** 2 * zeta
    return total


@program(lambda rng: (rng.normal(size=7), 0.4), argnums=(0, 1))
def moving_window_in_a_queue(x, weight):
    window = deque([0.0] * 3, maxlen=3)
    out = 0.0
    for value in x:
        window.append(value * weight)
        out = out + sum(window) * value + window[0] ** 2
    window.rotate(1)
    window.appendleft(out)
    return window.popleft() + window[0] * window[-1]


@program(lambda rng: (1.3, 0.7), argnums=(0, 1))
def tallies_with_defaults(p, q):
    energy, parts, seen, order = defaultdict(float), defaultdict(list), Counter(), OrderedDict()
    for name, value in (("a", p), ("b", q), ("a", p * q)):
        energy[name] += value * value
        parts[name].append(value)
        seen[name] += 1
        order[name] = value
    return energy["a"] * energy["b"] + parts["a"][1] * seen["a"] + energy["c"] + sum(order.values())


@program(lambda rng: (rng.normal(size=5), 4))
def item_and_variable_of_one_name(x, n):
    a = {"b": x[0]}
    a_b = x[1]
    for _ in range(n):
        a = {"b": a["b"] * x[2]}
        a_b = a_b + a["b"]
    return a_b * a["b"]


@program(lambda rng: (np.array([0.5, 1.5, -0.3]),))
def pair_or_its_turn(x):
    a = (x[0], x[1])
    if x[2] > 1.0:
        b = (a[1], a[0] * 2.0)
    else:
        b = a
    return b[0] * b[1] * x[2] + a[0]


@program(lambda rng: (1.3, 0.7), argnums=(0, 1))
def keys_that_are_no_identifiers(x, y):
    q = {}
    q["a-b"] = x * 2.0
    q[-1] = y * x
    q[2.5] = x
    q["a-b"] = q["a-b"] * y
    return q["a-b"] * x + q[-1] * q[2.5]


@program(lambda rng: ({"z": 1.3, "a-b": 0.4, "": 2.0}, 0.7), argnums=(0, 1))
def keys_of_an_argument_that_are_no_identifiers(p, y):
    p["a-b"] = p["z"] * 2.0
    p["c d"] = p["a-b"] * y
    p[""] = p[""] * p["c d"]
    return p["a-b"] * p["c d"] + p[""]


@program(lambda rng: (1.3, 0.7), argnums=(0, 1))
def keys_that_are_spelt_alike(x, y):
    q = {}
    q["a-b"], q["a_b"], q["a b"] = x * 2.0, y * 3.0, x * y
    q[1], q["1"] = x * x, y * y
    for _ in range(3):
        q["a_b"] = q["a-b"] * q["a b"] + q["a_b"] * q["1"]
    return q["a-b"] * q["a_b"] + q[1] * q["1"]


@program(lambda rng: (1.3, 0.7), argnums=(0, 1))
def a_parameter_named_like_an_import(x, njit):
    s = 0.0
    for _ in range(3):
        s += x * njit
    return s * njit
