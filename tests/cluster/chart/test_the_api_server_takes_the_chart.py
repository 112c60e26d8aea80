"""Whatever the chart renders is what a real API server takes, field by field."""

import json

import pytest

from devcluster import Cluster
from tests.chart import rendering, test_what_is_rendered

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("values", [{}, test_what_is_rendered.EVERYTHING], ids=["plain", "everything"])
def test_no_field_of_any_object_is_unknown_or_refused(cluster: Cluster, values: dict[str, object]) -> None:
    here = {**values, "namespaces": ["default"]} if values else values
    objects = rendering.render(here, release="dry", namespace="default")
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    told = cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", input=body)
    assert told.stdout.count("(server dry run)") == len(objects)
