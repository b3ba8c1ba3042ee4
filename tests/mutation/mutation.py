"""What a mutation is: a text that occurs once in a file, and what takes its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """tests: run first, they cover the file. numba: only the text for Numba, or what is compiled of it, shows it."""

    file: str
    name: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
    numba: bool = False


def of(file: str, *changes: tuple[str, str, str], tests: tuple[str, ...] = (), numba: bool = False) -> list[Mutation]:
    return [Mutation(file, name, old, new, tests, numba) for name, old, new in changes]


def applied(mutation: Mutation, text: str) -> str:
    """The mutated text.

    Raises:
        ValueError: the old text does not occur once.
    """
    if text.count(mutation.old) != 1:
        raise ValueError(f"{mutation.name}: its text occurs {text.count(mutation.old)} times in {mutation.file}")
    return text.replace(mutation.old, mutation.new)
