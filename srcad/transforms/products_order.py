"""In which order the parts of a nest may run one after the other, each with all of its iterations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from srcad.transforms.products_access import conflict
from srcad.transforms.products_loops import Access, Leaf
from srcad.transforms.products_terms import Candidate


@dataclass(frozen=True)
class Part:
    """Statements of a nest that stay together, or the products of one. leaves: numbers of the statements."""

    accesses: tuple[Access, ...]
    leaves: frozenset[int] = frozenset()
    candidate: Candidate | None = None


def parts(leaves: Mapping[int, Leaf], chosen: Sequence[Candidate]) -> list[Part]:
    """The candidates, and what remains: statements that share a scalar of the nest are one part."""
    groups: list[tuple[set[str], set[int]]] = []
    for k, leaf in leaves.items():
        names, numbers = set(leaf.names), {k}
        for group in [g for g in groups if g[0] & names]:
            groups.remove(group)
            names, numbers = names | group[0], numbers | group[1]
        groups.append((names, numbers))
    rest = [Part(tuple(a for k in sorted(n) for a in leaves[k].accesses), frozenset(n)) for _, n in groups]
    return [Part(c.accesses, candidate=c) for c in chosen] + rest


def order(found: Sequence[Part], group: Callable[[str], str]) -> list[list[Part]] | set[int]:
    """The parts in an order that changes nothing but the order of sums: lists of candidates, and of what remains.

    Where there is none, the places of the candidates that are in the way. group: arrays of one group may share memory.
    """
    before: list[set[int]] = [set() for _ in found]  # numbers of the parts that have to come earlier
    for n, part in enumerate(found):
        for m, other in enumerate(found):
            if m != n and _precedes(other, part, group):
                before[n].add(m)
        if part.candidate is not None and _feeds_itself(part, group):
            return {n}
    steps: list[list[Part]] = []
    done: set[int] = set()
    while len(done) < len(found):
        ready = _ready(found, before, done)
        if not ready:
            return {n for n, part in enumerate(found) if n not in done and part.candidate is not None}
        steps.append([found[n] for n in ready])
        done |= set(ready)
    return steps


def _ready(found: Sequence[Part], before: Sequence[set[int]], done: set[int]) -> list[int]:
    """What can run next: as much as possible of what remains in the loops, else candidates."""
    rest: set[int] = {n for n, part in enumerate(found) if part.candidate is None} - done
    while True:  # what is in a circle stays together
        blocked = {n for n in rest if before[n] - done - rest}
        if not blocked:
            break
        rest -= blocked
    if rest:
        return sorted(rest, key=lambda n: min(found[n].leaves))
    return [n for n, part in enumerate(found) if part.candidate is not None and n not in done and before[n] <= done]


def _precedes(one: Part, other: Part, group: Callable[[str], str]) -> bool:
    """Whether something that `one` does may have to happen before something that `other` does."""
    return any(conflict(a, b, group) for a in one.accesses for b in other.accesses)


def _feeds_itself(part: Part, group: Callable[[str], str]) -> bool:
    """Whether something is read that was added to before. What is read before is no obstacle: all is read first."""
    reads = [a for a in part.accesses if a.kind == "read"]
    return any(conflict(a, b, group) for a in part.accesses if a.kind != "read" for b in reads)
