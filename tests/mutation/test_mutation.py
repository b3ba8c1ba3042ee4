"""Every mutation applies to the passes as they are; a sample is run behind ``-m slow``."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.__main__ import ROOT, noticed_by
from tests.mutation.mutation import Mutation, applied
from tests.mutation.mutations import MUTATIONS

SAMPLE = MUTATIONS[::25]


def label(mutation: Mutation) -> str:
    return f"{mutation.file.rpartition('/')[2]}-{mutation.name}"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=label)
def test_mutations_apply_and_can_be_parsed(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    new = applied(mutation, text)
    assert ast.dump(ast.parse(new)) != ast.dump(ast.parse(text))


def test_every_pass_is_mutated() -> None:
    names = {m.file for m in MUTATIONS}
    assert len(MUTATIONS) >= 280 and len(names) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("mutation", SAMPLE, ids=label)
def test_mutations_are_noticed(mutation: Mutation) -> None:
    assert noticed_by(mutation), "no test noticed"
