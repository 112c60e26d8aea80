"""What keeps anything automatic from being done to a model: what people wrote and nobody understands, or cannot be met.

A kill works all the same (rules B1, K6).
"""

from collections.abc import Collection, Mapping

from lastgood.decide import facts, world
from lastgood.decide import traffic as traffic_rules
from lastgood.decide.view import Model, Trouble
from lastgood.observe.store import Key, Object, Store


def unread(
    model: Model,
    *,
    checkpoints: Mapping[str, facts.Checkpoint | None],
    switches: Mapping[str, facts.Switch | None],
) -> Trouble | None:
    """B1, B2: what of a model, or of what is recorded of it, does not parse; what is others' stops them alone."""
    if model.unread:
        return Trouble("InvalidSpec", f"{model.unread}; correct it: until then nothing automatic is done")
    mine = (model.name, model.labels, model.workload_name)
    found = [f"ModelCheckpoint {name}" for name, read in checkpoints.items() if read is None]
    for name, read in switches.items():
        if read is None or (read.unread and (read.selection_unread or read.concerns(*mine))):
            found.append(f"KillSwitch {name}" + (f" ({read.unread})" if read is not None else ""))
    if not found:
        return None
    return Trouble(
        "UnreadableFacts",
        f"{min(found)} does not parse; nothing automatic is done until it is repaired, or an operator of the "
        "release that wrote it runs",
    )


def with_the_workload(
    store: Store, model: Model, workload: world.Workload | None, known: facts.Facts
) -> Trouble | None:
    """Return what keeps a model from being run on the Deployment that it names (rules B1, O5, O7)."""
    if model.unbuilt is not None:
        return Trouble("NotImplemented", model.unbuilt)
    older = _older_model(store, model)
    if older is not None:
        return Trouble(
            traffic_rules.WORKLOAD_CONFLICT,
            f"ModelDeployment {older} is older and acts on Deployment {model.workload_name}; name another Deployment",
        )
    if workload is None:
        return Trouble(
            "WorkloadNotFound",
            f"there is no Deployment {model.workload_name} in namespace {model.namespace}; create it, or correct "
            "spec.workloadRef.name",
        )
    if model.container_name is not None and not _has_container(workload, model.container_name):
        return Trouble(
            "ContainerNotFound",
            f"Deployment {workload.name} has no container {model.container_name}; correct spec.workloadRef.container",
        )
    return _other_selector(model, workload, known.current)


def _has_container(workload: world.Workload, name: str) -> bool:
    containers = (workload.template.get("spec") or {}).get("containers") or []
    return any(container.get("name") == name for container in containers)


def _other_selector(
    model: Model, workload: world.Workload, current: facts.Checkpoint | None
) -> Trouble | None:
    """O5: a Deployment that was created again with another selector takes no template that was saved before."""
    if current is None or workload.digest == current.digest or workload.admits(current.template):
        return None
    if model.spec.follow:
        return None  # what runs becomes a version of its own
    return Trouble(
        "SelectorChanged",
        f"Deployment {workload.name} selects pods by labels that {current.version} has not, so it cannot be given that "
        "version: create it with the selector of before; or take over what runs: set spec.follow to true and leave "
        "out spec.version",
    )


def _older_model(store: Store, model: Model) -> str | None:
    """O7: the oldest of several models on one Deployment acts."""
    first = oldest(store, store.models_on((model.namespace, model.workload_name)))
    return first if first != model.name else None


def oldest(store: Store, models: Collection[Key]) -> str | None:
    """Return the name of the model that was created first; of those of one second the first by name."""
    ages = ((_created(store.models[key]), key[1]) for key in models if key in store.models)
    return min(ages, default=("", None))[1]


def _created(raw: Object) -> str:
    return str(raw["metadata"].get("creationTimestamp") or "")
