"""Writing down what was decided: one function for each kind of record."""

from lastgood.decide import records
from lastgood.kube import client
from lastgood.record import checkpoint, switch
from lastgood.record.entries import Entries, Stands


async def write(
    cluster: client.Cluster,
    entries: Entries,
    namespace: str,
    model: str,
    record: records.Record,
    *,
    stands: Stands | None = None,
) -> client.Object:
    """Make one record durable, and return the object that holds it now.

    `stands` tells whether a decision on what a switch holds still stands, where that is asked for. Raises
    `errors.Conflict` when the fact it rests on is not as the decision knew it: observe again, decide again.
    """
    match record:
        case records.EngageSwitch():
            return await switch.engage(cluster, namespace, record)
        case records.ReleaseSwitch():
            return await switch.release(cluster, namespace, record)
        case records.SetEntries():
            return await entries.write(namespace, record, stands=stands)
        case _:
            return await checkpoint.write(cluster, namespace, model, record)
