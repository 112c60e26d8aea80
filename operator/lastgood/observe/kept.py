"""What a model's snapshot is made of: as long as all of it has the same versions, the one made last is kept.

Whatever `snapshot` begins to look at belongs in here; a simulated world compares, step by step, what is kept with what
would be made anew (tests/simulation/test_what_is_kept_is_true.py).
"""

from collections.abc import Iterable

from lastgood.observe.store import Key, Object, Store

Version = tuple[str, str] | None


def made_of(
    store: Store,
    model: Key,
    *,
    objects: Iterable[Object | None],
    workloads: Iterable[Key],
    services: Iterable[Key],
) -> tuple[object, ...]:
    """Return the versions of the objects, and of what there is at the workloads' and Services' names."""
    workloads, services = list(workloads), list(services)
    deployments = [store.deployments.get(key) for key in workloads]
    return (
        [_version(each) for each in objects],
        [_version(each) for each in deployments],
        [_version(store.services.get(key)) for key in services],
        [store.pods_of(key) for key in workloads],
        [_models(store, store.models_on(key)) for key in workloads],
        [_models(store, store.falling_back_by(key)) for key in services],
        store.contents.get(model[0]),
    )


def _models(store: Store, keys: Iterable[Key]) -> list[tuple[Key, Version]]:
    return [(key, _version(store.models.get(key))) for key in sorted(keys)]


def _version(raw: Object | None) -> Version:
    return None if raw is None else (raw["metadata"]["uid"], raw["metadata"]["resourceVersion"])
