"""What one switch holds of hundreds of workloads, written by all their drives in few writes (semantics.md, K2).

Each drive decides on the entry of its own workload. Written one by one, five hundred entries would be five hundred
rewrites of one list, most of them refused because another was faster. So while one write is under way, the changes that
arrive meanwhile wait, and the next write makes them all.

A drive still writes only over what it has decided on: a change is made if the switch is engaged, or released, as the
drive knew it, and if the entry of its workload is the one that the drive knew. Else it gets `Conflict` and observes
again. What others wrote to other entries, fields of a newer release among it, is left as it is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lastgood.api import names
from lastgood.api.killswitch import MOST_ENTRIES
from lastgood.decide import facts, records
from lastgood.kube import client, errors, resources
from lastgood.record import switch as writing

MOST_TRIES: Final = 5
"""How often one write is tried while others keep changing the switch."""
Stands = Callable[[], Awaitable[bool]]
"""Tells whether what a change rests on beside the switch is still so."""
Held = dict[str, Any]
"""By workload: an entry as the API server has it."""


@dataclass(slots=True, eq=False)
class _Change:
    """What one drive wants to be held, and what became of it."""

    switch: facts.Switch
    entries: dict[str, facts.Entry | None]
    left: facts.Entry | None = None
    stands: Stands | None = None
    outcome: client.Object | errors.ClusterError | None = None


@dataclass(slots=True, eq=False)
class _Queue:
    """The changes of one switch that wait for the next write."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: list[_Change] = field(default_factory=list)
    users: int = 0


class Entries:
    """Writes what switches hold; one instance for all who write."""

    def __init__(self, cluster: client.Cluster, *, may_act: Callable[[], bool]) -> None:
        self._cluster = cluster
        self._may_act = may_act
        self._queues: dict[tuple[str, str], _Queue] = {}

    async def write(
        self, namespace: str, record: records.SetEntries, *, stands: Stands | None = None
    ) -> client.Object:
        """Make a switch hold what a decision says of its workload, and return the switch as it is then.

        `stands` is asked before the change is made to a switch that was read anew, which may be seconds later. Raises
        `errors.Conflict` when the switch is not as the decision knew it, or the decision does not stand.
        """
        key = namespace, record.switch.name
        change = _Change(record.switch, _difference(record), record.left, stands)
        queue = self._queues.setdefault(key, _Queue())
        queue.waiting.append(change)
        queue.users += 1
        try:
            async with queue.turn:
                if change.outcome is None:  # else the write before ours has made it
                    batch, queue.waiting = queue.waiting, []
                    await self._write(key, batch)
        finally:
            queue.users -= 1
            if not queue.users:
                self._queues.pop(key, None)
        if isinstance(change.outcome, dict):
            return change.outcome
        raise change.outcome or errors.Unavailable(f"KillSwitch {key[1]}: the write was given up")

    async def _write(self, key: tuple[str, str], batch: list[_Change]) -> None:
        try:
            if len(batch) == 1 and await self._written_at_once(key, batch[0]):
                return
            for _ in range(MOST_TRIES):
                if await self._written_over_what_is_there(key, batch):
                    return
            outcome: errors.ClusterError = errors.Conflict(f"KillSwitch {key[1]} keeps changing")
        except errors.ClusterError as error:
            outcome = error
        except BaseException:
            _settle(batch, errors.Unavailable(f"KillSwitch {key[1]}: the write was given up"))
            raise
        _settle(batch, outcome)

    async def _written_at_once(self, key: tuple[str, str], change: _Change) -> bool:
        """Write the change of one drive alone, on what it has just read; whether that was still there."""
        if not change.switch.whole:
            return False
        held = {entry.workload: writing.wire(entry) for entry in change.switch.entries}
        _apply(change, held)
        try:
            change.outcome = await self._patch(key, held, change.switch.resource_version, [change])
        except errors.Conflict:
            return False
        return True

    async def _written_over_what_is_there(self, key: tuple[str, str], batch: list[_Change]) -> bool:
        """Write all changes over what is there now that rest on it; whether nobody else was faster."""
        raw = await self._cluster.get(resources.KILL_SWITCHES, *key)
        spec = raw.get("spec") or {}
        held: Held = {str(entry.get("workload")): entry for entry in spec.get("restore") or []}
        before = dict(held)
        resting = [change for change in batch if _rests_on(change, bool(spec.get("engaged")), before)]
        standing = await asyncio.gather(*(_stands(change) for change in resting))
        resting = [change for change, stands in zip(resting, standing, strict=True) if stands]
        for change in list(resting):
            if len(held | change.entries) > MOST_ENTRIES:
                resting.remove(change)  # it observes again, and finds the switch full
            else:
                _apply(change, held)
        if held != before:
            try:
                raw = await self._patch(key, held, raw["metadata"]["resourceVersion"], resting)
            except errors.Conflict:
                return False
        for change in resting:
            change.outcome = raw
        _settle(batch, errors.Conflict(f"KillSwitch {key[1]} is not what the decision took it for"))
        return True

    async def _patch(
        self, key: tuple[str, str], held: Held, resource_version: str, changes: Sequence[_Change]
    ) -> client.Object:
        if not self._may_act():
            raise errors.Unavailable("the lease is no longer ours, so nothing is written")
        metadata: dict[str, Any] = {"resourceVersion": resource_version}
        noted = _noted(held, changes)
        if noted:
            metadata["annotations"] = noted
        body = {"metadata": metadata, "spec": {"restore": list(held.values())}}
        return await self._cluster.patch(resources.KILL_SWITCHES, *key, body)


def _noted(held: Held, changes: Sequence[_Change]) -> dict[str, str]:
    """Return what is noted on the switch together with its entries.

    A kill ends with its last entry, and so does what the switch says of the version that was killed (rule K7): whoever
    engages it again later says nothing of what that version was found to be since.
    """
    left = (change.left for change in changes if change.left is not None)
    noted = {writing.left_at(each.workload): writing.left(each) for each in left}
    if not held and any(change.switch.bad_digest for change in changes):
        noted[names.ANNOTATION_BAD_DIGEST] = ""
    return noted


def _difference(record: records.SetEntries) -> dict[str, facts.Entry | None]:
    """Return the entries that a decision changes, by workload."""
    before = {entry.workload: entry for entry in record.switch.entries}
    after = {entry.workload: entry for entry in record.entries}
    return {
        name: after.get(name) for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    }


def _rests_on(change: _Change, engaged: bool, held: Held) -> bool:
    return engaged == change.switch.engaged and all(
        _is(change.switch.entry(name), held.get(name)) for name in change.entries
    )


async def _stands(change: _Change) -> bool:
    return change.stands is None or await change.stands()


def _is(known: facts.Entry | None, there: dict[str, Any] | None) -> bool:
    """Whether an entry is the one that a drive knew, as far as it could be read."""
    if known is None or there is None:
        return known is None and there is None
    return all(there.get(key) == value for key, value in writing.wire(known).items())


def _apply(change: _Change, held: Held) -> None:
    for name, entry in change.entries.items():
        if entry is None:
            held.pop(name, None)
            continue
        known = change.switch.entry(name)
        read = {} if known is None else writing.wire(known)
        unread = {key: value for key, value in held.get(name, {}).items() if key not in read}
        held[name] = unread | writing.wire(entry)


def _settle(batch: list[_Change], outcome: errors.ClusterError) -> None:
    for change in batch:
        if change.outcome is None:
            change.outcome = outcome
