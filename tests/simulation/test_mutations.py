"""The simulation notices every bug that is put in on purpose: one that cannot fail proves nothing (rules F, J, K, R).

Where a bug is noticed first is on record with it, so that finding it again takes a moment; when the stories or the dice
have changed, all stories and forty seeds are searched. `python -m tests.simulation --mutation NAME` shows one.
"""

import sys

import pytest

from tests.simulation import hunting, mutations
from tests.simulation.mutations import Mutation


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutation", mutations.MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_bug_that_is_put_in_on_purpose_is_noticed(mutation: Mutation) -> None:
    """J1, J5, J11, F2, F3, F4, F5, O3, R1, R2, R4, R5, K1, K2, K3, K4, K8, K9, P3: by an invariant, or an end."""
    caught = hunting.hunt(mutation)
    assert caught is not None, f"nothing notices that {mutation.wrong}"
    sys.stdout.write(f"{mutation.name}: {caught.where}: {caught.told[:160]}\n")
    assert caught.rule in mutation.caught_by, caught


def test_at_least_twenty_bugs_are_put_in() -> None:
    assert len(mutations.BY_NAME) == len(mutations.MUTATIONS) >= 20
