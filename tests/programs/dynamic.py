"""Dynamic programming: tables filled by nested loops, paths chosen by comparisons."""

import math

import numpy as np

from tests.programs.registry import program


def _softmin(a, b, c, gamma):
    low = min(a, b, c)
    return low - gamma * math.log(
        math.exp((low - a) / gamma) + math.exp((low - b) / gamma) + math.exp((low - c) / gamma)
    )


@program(args=lambda rng: (rng.normal(size=5), rng.normal(size=6), 0.3), argnums=(0, 1, 2))
def soft_dtw(x, y, gamma):
    n, m = len(x), len(y)
    R = np.full((n + 1, m + 1), 1e10)
    R[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            R[i, j] = (x[i - 1] - y[j - 1]) ** 2 + _softmin(R[i - 1, j], R[i, j - 1], R[i - 1, j - 1], gamma)
    return R[n, m]


@program(args=lambda rng: (rng.uniform(0.5, 1.5, (5, 6)),), argnums=0)
def cheapest_path(cost):
    n, m = cost.shape
    best = np.zeros((n, m))
    best[0, 0] = cost[0, 0]
    for j in range(1, m):
        best[0, j] = best[0, j - 1] + cost[0, j]
    for i in range(1, n):
        best[i, 0] = best[i - 1, 0] + cost[i, 0]
        for j in range(1, m):
            best[i, j] = cost[i, j] + min(best[i - 1, j], best[i, j - 1], best[i - 1, j - 1])
    return best[-1, -1]


def _edit(rng):
    return rng.uniform(0.8, 1.2, (4, 4)), 0.9, 1.1, rng.integers(0, 4, 6), rng.integers(0, 4, 7)


@program(args=_edit, argnums=(0, 1, 2))
def edit_distance_weights(substitute, insert, delete, a, b):
    previous = np.zeros(len(b) + 1)
    for j in range(1, len(b) + 1):
        previous[j] = previous[j - 1] + insert
    for i in range(1, len(a) + 1):
        current = np.zeros(len(b) + 1)
        current[0] = previous[0] + delete
        for j in range(1, len(b) + 1):
            change = previous[j - 1]
            if a[i - 1] != b[j - 1]:
                change += substitute[a[i - 1], b[j - 1]]
            current[j] = min(change, previous[j] + delete, current[j - 1] + insert)
        previous = current
    return previous[-1]


def _viterbi(rng):
    return rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=(6, 3))


@program(args=_viterbi, argnums=(0, 1, 2))
def viterbi_score(start, transition, emission):
    T, n = emission.shape
    score = start + emission[0]
    back = np.zeros((T, n), dtype=np.int64)
    for t in range(1, T):
        new = np.empty(n)
        for j in range(n):
            best = 0
            for i in range(1, n):
                if score[i] + transition[i, j] > score[best] + transition[best, j]:
                    best = i
            back[t, j] = best
            new[j] = score[best] + transition[best, j] + emission[t, j]
        score = new
    state = np.argmax(score)
    path_bonus = 0.0
    for t in range(T - 1, 0, -1):
        state = back[t, state]
        path_bonus += 0.1 * emission[t - 1, state] ** 2
    return np.max(score) + path_bonus


@program(args=lambda rng: (rng.uniform(1.0, 5.0, 6), rng.integers(1, 5, 6), 9), argnums=0)
def knapsack(values, sizes, capacity):
    best = np.zeros(capacity + 1)
    for k in range(len(values)):
        for c in range(capacity, sizes[k] - 1, -1):
            best[c] = max(best[c], best[c - sizes[k]] + values[k])
    return best[capacity]


@program(args=lambda rng: (rng.uniform(1.0, 4.0, 6),), argnums=0)
def matrix_chain(d):
    n = len(d) - 1
    cost = np.zeros((n, n))
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            cost[i, j] = np.inf
            for k in range(i, j):
                candidate = cost[i, k] + cost[k + 1, j] + d[i] * d[k + 1] * d[j + 1]
                if candidate < cost[i, j]:
                    cost[i, j] = candidate
    return cost[0, n - 1]


@program(args=lambda rng: (rng.uniform(0.5, 3.0, (5, 5)),), argnums=0)
def floyd_warshall(w):
    n = w.shape[0]
    d = w.copy()
    for i in range(n):
        d[i, i] = 0.0
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return np.sum(d * d)


@program(
    args=lambda rng: (rng.uniform(0.5, 3.0, 6), np.array([0, 0, 1, 1, 2, 3, 4]), np.array([1, 2, 3, 2, 4, 4, 3])),
    argnums=0,
)
def bellman_ford_smooth(lengths, tails, heads):
    d = np.full(5, 20.0)
    d[0] = 0.0
    for _ in range(4):
        for e in range(len(lengths)):
            u, v = tails[e], heads[e]
            through = d[u] + lengths[e]
            d[v] = -np.log(np.exp(-d[v]) + np.exp(-through))
    return d[4]


@program(args=lambda rng: (rng.normal(size=(3, 3, 3)), rng.normal(size=(5, 3))), argnums=(0, 1))
def inside_algorithm(rules, leaves):
    n, k = leaves.shape
    inside = np.zeros((n, n, k))
    for i in range(n):
        inside[i, i] = np.exp(0.3 * leaves[i])
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            for a in range(k):
                total = 0.0
                for split in range(i, j):
                    for b in range(k):
                        for c in range(k):
                            total += math.exp(0.3 * rules[a, b, c]) * inside[i, split, b] * inside[split + 1, j, c]
                inside[i, j, a] = 0.1 * total
    return math.log(inside[0, n - 1, 0])


@program(args=lambda rng: (rng.uniform(0.0, 1.0, (5, 6)),), argnums=0)
def seam_energy(energy):
    total = energy[0].copy()
    for row in energy[1:]:
        left = np.concatenate((np.array([9.0]), total[:-1]))
        right = np.concatenate((total[1:], np.array([9.0])))
        total = row + np.minimum(np.minimum(left, total), right)
    return total.min()


@program(args=lambda rng: (rng.uniform(0.1, 1.0, 5),), argnums=0)
def optimal_search_tree(p):
    n = len(p)
    e = [[0.0] * (n + 1) for _ in range(n + 2)]
    for span in range(1, n + 1):
        for i in range(1, n - span + 2):
            j = i + span - 1
            best = float("inf")
            for root in range(i, j + 1):
                t = e[i][root - 1] + e[root + 1][j]
                if t < best:
                    best = t
            e[i][j] = best + sum(p[i - 1 : j])
    return e[1][n]


@program(args=lambda rng: (0.95, rng.uniform(0.0, 1.0, (4, 2)), rng.dirichlet(np.ones(4), (4, 2))), argnums=(0, 1, 2))
def value_iteration(discount, reward, moves):
    v = np.zeros(4)
    for _ in range(12):
        q = reward + discount * moves @ v
        v = q.max(axis=1)
    return v.sum()


@program(args=lambda rng: (rng.uniform(0.0, 2.0, 8), 0.4), argnums=(0, 1))
def longest_chain_with_penalty(x, penalty):
    n = len(x)
    best = np.zeros(n)
    for i in range(n):
        best[i] = x[i]
        for j in range(i):
            if x[j] < x[i] and best[j] + x[i] - penalty * (i - j) > best[i]:
                best[i] = best[j] + x[i] - penalty * (i - j)
    return np.max(best)


@program(args=lambda rng: (rng.normal(size=(5, 3)), np.array([1, 2]), 0), argnums=0)
def ctc_forward(logits, labels, blank):
    T = logits.shape[0]
    extended = [blank, 1, blank, 2, blank]
    S = 2 * len(labels) + 1
    log_p = logits - np.log(np.sum(np.exp(logits), axis=1))[:, None]
    alpha = np.zeros(S)
    alpha[0] = math.exp(log_p[0, extended[0]])
    alpha[1] = math.exp(log_p[0, extended[1]])
    for t in range(1, T):
        old = alpha.copy()
        for s in range(S):
            total = old[s]
            if s > 0:
                total += old[s - 1]
            if s > 1 and extended[s] != blank and extended[s] != extended[s - 2]:
                total += old[s - 2]
            alpha[s] = total * math.exp(log_p[t, extended[s]])
    return -math.log(alpha[S - 1] + alpha[S - 2])


@program(lambda rng: (rng.normal(size=5), 5))
def lists_made_anew_in_every_step(x, n):
    s = 0.0
    for t in range(n):
        items = []
        for j in range(t):
            items.append(x[j] * np.sin(x[t]))
        if t % 2:
            s += sum(items) ** 2
        s = s + max(items) if t > 2 else s
    return s


@program(lambda rng: (np.log(rng.dirichlet(np.ones(3), 3)), np.log(rng.dirichlet(np.ones(4), 3)), [0, 3, 1, 2]), (0, 1))
def forward_algorithm_with_lists(transition, emission, seen):
    a = emission[:, seen[0]] - np.log(3.0)
    for o in seen[1:]:
        a = np.array([np.logaddexp.reduce(a + transition[:, j]) for j in range(len(a))]) + emission[:, o]
    return np.logaddexp.reduce(a)


@program(lambda rng: (rng.uniform(0.1, 1.0, size=6),))
def extremes_of_a_list_that_grew(x):
    s = [0.0]
    for v in x:
        s.append(max(s[-1], 0.0) * 0.5 + v)
    return sum(s) + max(s) - min(s)
