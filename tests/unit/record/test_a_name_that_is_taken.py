"""What stands where a version is to be saved (semantics.md, F1, B1): it is not overwritten, the way out is told."""

import copy
from typing import Any

import pytest

from lastgood.api import names
from lastgood.decide import records
from lastgood.kube import client, errors, resources
from lastgood.record import checkpoint
from tests.unit.decide.scenes import proven

NAMESPACE = "ml"


class Taken:
    """An API server that has one ModelCheckpoint, under the name that is asked for."""

    def __init__(self, found: client.Object) -> None:
        self.found = found

    async def create(
        self, resource: resources.Resource, namespace: str | None, body: client.Object
    ) -> client.Object:
        raise errors.AlreadyExists(f"{resource.kind} {body['metadata']['name']} already exists")

    async def get(self, resource: resources.Resource, namespace: str | None, name: str) -> client.Object:
        return copy.deepcopy(self.found)

    async def list(
        self, resource: resources.Resource, namespace: str | None, **_: Any
    ) -> list[client.Object]:
        raise AssertionError("nothing is listed")

    async def patch(self, *_: Any, **__: Any) -> client.Object:
        raise AssertionError("nothing is overwritten")


def record() -> records.TakeCheckpoint:
    return records.TakeCheckpoint(proven().checkpoints[0], replicas=1, autoscaler=None)


def taken(*, labels: dict[str, str], **saved: str) -> Taken:
    digest = record().checkpoint.digest
    spec = {"saved": {"model": "m", "version": "1", "digest": digest, **saved}}
    return Taken({"metadata": {"name": record().checkpoint.name, "labels": labels}, "spec": spec})


async def test_a_version_that_was_saved_meanwhile_is_only_observed_again() -> None:
    """F3."""
    server = taken(labels={names.LABEL_MODEL: "m"})
    with pytest.raises(errors.AlreadyExists):
        await checkpoint.take(server, NAMESPACE, "m", record())


@pytest.mark.parametrize("labels", [{}, {names.LABEL_MODEL: "other"}])
async def test_a_checkpoint_that_lost_its_label_is_told_of_with_the_command_that_puts_it_back(
    labels: dict[str, str],
) -> None:
    """F1, B1: without the label it is not found, and a Bad version would seem never to have run."""
    name = record().checkpoint.name
    with pytest.raises(errors.Invalid) as refusal:
        await checkpoint.take(taken(labels=labels), NAMESPACE, "m", record())
    assert f"kubectl label mckpt {name} lastgood.dev/model=m --overwrite -n ml" in str(refusal.value)


@pytest.mark.parametrize("other", [{"model": "other"}, {"digest": "another"}])
async def test_a_checkpoint_of_something_else_under_the_same_name_is_told_of(other: dict[str, str]) -> None:
    """F1, B1."""
    with pytest.raises(errors.Invalid, match="holds another: of model"):
        await checkpoint.take(taken(labels={names.LABEL_MODEL: "m"}, **other), NAMESPACE, "m", record())
