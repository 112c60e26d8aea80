import pytest

from tests.cluster.api import refused_facts, refused_models, refused_thresholds
from tests.cluster.api.refusal import Refusal
from tests.cluster.api.server import Server

pytestmark = pytest.mark.cluster

REFUSALS = (*refused_models.ALL, *refused_thresholds.ALL, *refused_facts.ALL)


@pytest.mark.parametrize(
    "refusal", REFUSALS, ids=lambda refusal: f"{refusal.manifest['kind']}: {refusal.sentence}"
)
def test_the_api_server_refuses(refusal: Refusal, server: Server, namespace: str) -> None:
    answer = server.create(refusal.manifest, namespace=namespace, strict=False)

    assert answer.status == 422, answer.body
    messages = [message for field, message in answer.causes if field == refusal.path]
    assert messages, f"refused, but not at {refusal.path}: {answer.causes}"
    assert any(refusal.words in message for message in messages), messages


def test_every_kind_is_among_the_refused() -> None:
    assert len({refusal.manifest["kind"] for refusal in REFUSALS}) == 7
    assert len({(refusal.manifest["kind"], refusal.sentence) for refusal in REFUSALS}) == len(REFUSALS)
