"""However many models breach at once, and whoever counted before a restart, no more are killed (rule J9)."""

import asyncio
import copy
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from lastgood.api import names
from lastgood.api.timestamps import written
from lastgood.decide import facts, records, template
from lastgood.decide.decision import Decision
from lastgood.decide.view import Settings
from lastgood.judge import readings
from lastgood.kube import client, errors, resources
from lastgood.observe import snapshot
from lastgood.observe.server import Server
from lastgood.observe.store import Key, Store
from lastgood.runtime.blast import Blast
from lastgood.runtime.driving import Driver
from lastgood.runtime.evaluation import Evaluation
from lastgood.runtime.memory import Memory
from tests.unit.runtime.test_without_prometheus import Outage

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LONG_AGO = written(NOW - timedelta(hours=1))


class Api:
    """An API server for KillSwitches and what is read beside them; each request takes a moment."""

    def __init__(self) -> None:
        self.objects: dict[tuple[resources.Resource, str, str], client.Object] = {}
        self.refuses_lists_of_all = False

    def put(self, resource: resources.Resource, raw: client.Object) -> None:
        self.objects[resource, raw["metadata"]["namespace"], raw["metadata"]["name"]] = raw

    async def get(self, resource: resources.Resource, namespace: str, name: str) -> client.Object:
        await asyncio.sleep(0.001)
        try:
            return self.objects[resource, namespace, name]
        except KeyError:
            raise errors.NotFound(f"{name} not found") from None

    async def list(
        self,
        resource: resources.Resource,
        namespace: str | None,
        *,
        labels: Mapping[str, str] | None = None,
    ) -> Sequence[client.Object]:
        await asyncio.sleep(0.001)
        if namespace is None and self.refuses_lists_of_all:
            raise errors.Unavailable("the API server does not answer")
        wanted = (labels or {}).items()
        return [
            raw
            for (kind, where, _), raw in self.objects.items()
            if kind is resource
            and namespace in (None, where)
            and wanted <= raw["metadata"].get("labels", {}).items()
        ]

    async def create(
        self, resource: resources.Resource, namespace: str, body: client.Object
    ) -> client.Object:
        await asyncio.sleep(0.001)
        name = body["metadata"]["name"]
        made = {"uid": f"switch-{namespace}-{name}", "namespace": namespace, "resourceVersion": "1"}
        raw = {**copy.deepcopy(body), "kind": resource.kind, "metadata": {**body["metadata"], **made}}
        self.put(resource, raw)
        return raw

    async def patch(
        self, resource: resources.Resource, namespace: str, name: str, body: Any, **_: Any
    ) -> client.Object:
        raise errors.Conflict("what is done after the record is no matter of this test")


class Acting:
    def may_act(self) -> bool:
        return True


class Counting:
    def __init__(self) -> None:
        self.kills: list[Key] = []

    def recorded(self, key: Key, decision: Decision) -> None:
        self.kills += [key for each in decision.records if isinstance(each, records.EngageSwitch)]

    def forget(self, key: Key) -> None:
        pass


def labelled(key: Key, uid: str, **more: Any) -> dict[str, Any]:
    namespace, name = key
    return {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": "1", "generation": 1, **more}


def serves(store: Store, api: Api, key: Key) -> None:
    """Put a model with a Kill threshold whose only version has served for an hour."""
    pods = {"metadata": {}, "spec": {"containers": [{"name": "model", "image": "m:1"}]}}
    saved = {
        "model": key[1],
        "version": "1",
        "podTemplate": pods,
        "digest": template.digest(pods),
        "createdAt": LONG_AGO,
    }
    spec = {
        "saved": saved,
        "verdict": {"value": "Good", "since": LONG_AGO},
        "activations": [{"at": LONG_AGO, "reason": "Rollout"}],
    }
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    status = {
        **dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), 1),
        "observedGeneration": 1,
        "conditions": [{**progressing, "lastUpdateTime": LONG_AGO}],
    }
    threshold = {"name": "toxic", "query": "toxic", "max": 0.1, "onBreach": "Kill"}
    uid = "-".join(key)
    for resource, raw in (
        (
            resources.MODEL_CHECKPOINTS,
            {"metadata": labelled(key, f"{uid}-c", labels={names.LABEL_MODEL: key[1]}), "spec": spec},
        ),
        (
            resources.DEPLOYMENTS,
            {
                "metadata": labelled(key, f"{uid}-d"),
                "spec": {"replicas": 1, "template": pods},
                "status": status,
            },
        ),
        (
            resources.MODEL_DEPLOYMENTS,
            {
                "metadata": labelled(key, uid),
                "spec": {"workloadRef": {"name": key[1]}, "thresholds": [threshold]},
            },
        ),
    ):
        store.put(resource, raw)
        api.put(resource, raw)


def killed(key: Key, at: datetime, *, engaged: bool = True, cause: str = "automatic") -> client.Object:
    metadata = {
        **labelled(key, f"switch-{key}"),
        "labels": {names.LABEL_CAUSE: cause},
        "annotations": {names.ANNOTATION_ENGAGED_AT: written(at)},
    }
    return {"metadata": metadata, "spec": {"engaged": engaged, "models": [key[1]]}}


AUTOMATIC = records.EngageSwitch(facts.Switch("m", engaged=True, cause=facts.Cause.AUTOMATIC))
BY_A_PERSON = records.EngageSwitch(facts.Switch("m-spec", engaged=True, cause=facts.Cause.MANUAL))


def blast_of(api: Api, **settings: Any) -> Blast:
    return Blast(
        cluster=cast("Any", api),
        store=Store(),
        namespaces=(),
        settings=Settings(**settings),
        clock=lambda: NOW,
    )


async def test_of_sixty_models_that_breach_at_once_only_as_many_as_may_are_killed() -> None:
    store, api, counting = Store(), Api(), Counting()
    keys = [(f"team-{number % 3}", f"m-{number}") for number in range(60)]
    for key in keys:
        serves(store, api, key)
    toxic = Outage()
    toxic.answer = readings.Values((0.9,))
    evaluation = Evaluation(asks=toxic, default_server=Server(url="http://127.0.0.1:1"), clock=lambda: NOW)
    memories = {key: Memory() for key in keys}
    due = {key: (cast("snapshot.Snapshot", snapshot.cached(store, key)), memories[key]) for key in keys}
    await evaluation.evaluate(due)

    async def kill_all() -> list[str]:
        driver = Driver(
            cluster=cast("Any", api),
            store=store,
            actor=Acting(),
            reports=counting,
            settings=Settings(),
            clock=lambda: NOW,
        )
        await asyncio.gather(*(driver.drive(key, memories[key]) for key in keys))
        for raw in await api.list(resources.KILL_SWITCHES, None):
            store.put(resources.KILL_SWITCHES, raw)
        outcomes = await asyncio.gather(*(driver.drive(key, memories[key]) for key in keys))
        return [each.told[2].degraded for each in outcomes if each.told is not None]

    told = await kill_all()
    assert len(counting.kills) == 12, "a fifth of sixty"
    assert told.count("BlastRadius") == 48
    told = await kill_all()  # by another process, which remembers nothing
    assert len(counting.kills) == 12
    assert told.count("BlastRadius") == 48


async def test_what_an_earlier_process_killed_in_any_namespace_takes_its_place() -> None:
    api = Api()
    for number in range(4):
        ago, engaged = timedelta(minutes=2 * number), number % 2 == 0
        api.put(resources.KILL_SWITCHES, killed(("ml", f"m-{number}"), NOW - ago, engaged=engaged))
    api.put(resources.KILL_SWITCHES, killed(("ml", "old"), NOW - timedelta(minutes=11)))
    api.put(resources.KILL_SWITCHES, killed(("ml", "by-ana"), NOW, cause="manual"))
    blast = blast_of(api)

    assert [await blast.admit(("other", name), AUTOMATIC) for name in ("a", "b", "c")] == [True, False, False]
    assert not blast.room(("other", "c")).left


async def test_a_model_that_was_killed_already_takes_no_second_place() -> None:
    api = Api()
    for number in range(5):
        api.put(resources.KILL_SWITCHES, killed(("ml", f"m-{number}"), NOW))
    blast = blast_of(api)

    assert await blast.admit(("ml", "m-3"), AUTOMATIC)
    assert not await blast.admit(("ml", "m-5"), AUTOMATIC)


async def test_kills_by_people_are_neither_counted_nor_limited() -> None:
    blast = blast_of(Api(), automatic_kills=1, automatic_kills_percent=0)

    assert all([await blast.admit(("ml", f"m-{number}"), BY_A_PERSON) for number in range(20)])
    assert await blast.admit(("ml", "a"), AUTOMATIC)
    assert not await blast.admit(("ml", "b"), AUTOMATIC)
    assert await blast.admit(("ml", "b"), BY_A_PERSON)


async def test_nothing_is_killed_automatically_while_earlier_kills_cannot_be_read() -> None:
    api = Api()
    api.refuses_lists_of_all = True
    blast = blast_of(api)

    results = await asyncio.gather(blast.admit(("ml", "a"), AUTOMATIC), return_exceptions=True)
    assert isinstance(results[0], errors.Unavailable)
    assert await blast.admit(("ml", "a"), BY_A_PERSON)
