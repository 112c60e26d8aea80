"""Which models were killed automatically, and when, in all namespaces: read afresh, for rule J9."""

import asyncio
from collections.abc import Collection
from datetime import datetime

from lastgood.api import names
from lastgood.kube import client, resources
from lastgood.observe import written
from lastgood.observe.store import Key, Object


async def automatic(cluster: client.Cluster, namespaces: Collection[str]) -> dict[Key, datetime]:
    """Return the time of each model's last automatic kill; without `namespaces`, of those of the whole cluster.

    A switch counts whether it is still engaged or not, and whether the rest of it can be read or not. Raises
    `errors.ClusterError`.
    """
    cause = {names.LABEL_CAUSE: names.CAUSE_AUTOMATIC}
    lists = await asyncio.gather(
        *(cluster.list(resources.KILL_SWITCHES, each, labels=cause) for each in namespaces or (None,))
    )
    found: dict[Key, datetime] = {}
    for raw in (raw for listed in lists for raw in listed):
        metadata = raw["metadata"]
        # Simulated API servers need not select by label, and a cause that a person has taken off says no kill of ours.
        if (metadata.get("labels") or {}).get(names.LABEL_CAUSE) != names.CAUSE_AUTOMATIC:
            continue
        engaged_at = (metadata.get("annotations") or {}).get(names.ANNOTATION_ENGAGED_AT)
        at = written.moment(engaged_at) or written.moment(metadata.get("creationTimestamp"))
        key = metadata["namespace"], _model(raw)
        if at is not None and (key not in found or found[key] < at):
            found[key] = at
    return found


def _model(raw: Object) -> str:
    models = (raw.get("spec") or {}).get("models") or []
    return str(models[0]) if len(models) == 1 else str(raw["metadata"]["name"])
