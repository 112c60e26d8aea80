"""The status of a cluster's switch says where it is released now: there is not always somebody who engages it again."""

from typing import Any

import pytest

from lastgood.api import names
from lastgood.kube import resources
from lastgood.kube.client import Object
from lastgood.observe.store import Store
from lastgood.report import ways_out
from lastgood.report.metrics import Metrics
from lastgood.report.reporter import Reporter
from tests.unit.report.building import NOON, condition

ITSELF = f"leak; {ways_out.RELEASE}"
PARENT = "leak; to release it, set spec.engaged of ClusterKillSwitch pii to false;"


class Telling:
    """A reporter on a store, and an API server that takes the status of a KillSwitch of ClusterKillSwitch pii."""

    def __init__(self) -> None:
        self.store = Store()
        self.status: dict[str, Any] = {}
        cluster: Any = self
        self.reporter = Reporter(
            cluster=cluster, store=self.store, metrics=Metrics(), may_act=lambda: True, instance="i"
        )

    async def patch(self, *asked: Any, **_: object) -> Object:
        self.status = {**self.status, **asked[3]["status"]}
        return {"status": self.status}

    async def tell(self, *, engaged_by: str = names.FIELD_MANAGER, **notes: str) -> bool:
        """Report on it; `engaged_by` has engaged it, or has engaged it again."""
        written_by = {"manager": engaged_by, "time": "", "fieldsV1": {"f:spec": {"f:engaged": {}}}}
        raw = {
            "metadata": {
                "namespace": "ml",
                "name": "cluster-pii",
                "uid": "c",
                "resourceVersion": f"{engaged_by} {notes}",
                "labels": {names.LABEL_CAUSE: names.CAUSE_CLUSTER},
                "annotations": {names.ANNOTATION_CLUSTER_SWITCH: "pii", **notes},
                "managedFields": [written_by],
            },
            "spec": {"engaged": True, "reason": "leak", "workloads": ["m"]},
            "status": self.status,
        }
        self.store.put(resources.KILL_SWITCHES, raw)
        switch = self.store.parsed_switch(raw)
        assert switch is not None
        return await self.reporter.report_switch("ml", switch, raw, NOON)

    @property
    def message(self) -> str:
        return str(condition(self.status, "Engaged")["message"])


def parent(*, engaged: bool) -> dict[str, Any]:
    return {"pii": {"metadata": {"name": "pii"}, "spec": {"engaged": engaged}}}


async def test_one_that_is_engaged_for_a_cluster_switch_is_released_with_it() -> None:
    """K2."""
    telling = Telling()
    telling.store.cluster_switches = parent(engaged=True)
    assert await telling.tell()
    assert telling.message.startswith(PARENT)


@pytest.mark.parametrize("parents", [{}, parent(engaged=False)])
async def test_one_whose_cluster_switch_is_gone_or_released_is_released_where_it_is(
    parents: dict[str, Any],
) -> None:
    """K9: as when Git may not release a person's kill, or a ClusterKillSwitch was deleted engaged."""
    telling = Telling()
    telling.store.cluster_switches = parents
    assert await telling.tell()
    assert telling.message == ITSELF


async def test_one_that_a_person_engaged_is_released_where_it_is() -> None:
    """K9."""
    for engaged in ({"engaged_by": "kubectl"}, {names.ANNOTATION_RELEASED_BY: "kubectl"}):
        telling = Telling()
        telling.store.cluster_switches = parent(engaged=True)
        assert await telling.tell(**engaged)
        assert telling.message == ITSELF


async def test_where_one_is_released_is_told_only_once_it_is_known() -> None:
    """F2: else each start would tell another place, and then the right one."""
    telling = Telling()
    assert not await telling.tell()
    assert telling.status == {}
    telling.store.cluster_switches = {}
    assert await telling.tell()
    assert telling.message == ITSELF
