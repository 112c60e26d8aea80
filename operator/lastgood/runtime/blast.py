"""Keeping automatic kills within their limit, however many models breach at once (semantics.md, J9).

What was killed is read from the API server right before each automatic kill is recorded, so that a restart or another
operator's kills are not forgotten; between that reading and the record a place is taken here, so that a hundred drives
at once do not all find room. A place whose record then fails stays taken for as long as a kill counts: whether a record
without an answer was made is not known.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from lastgood.decide import blast, facts, records
from lastgood.decide.view import Settings
from lastgood.kube import client
from lastgood.observe import kills
from lastgood.observe.store import Key, Store


class Blast:
    """Counts automatic kills; one instance for a process."""

    def __init__(
        self,
        *,
        cluster: client.Cluster,
        store: Store,
        namespaces: Collection[str],
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._cluster = cluster
        self._store = store
        self._namespaces = tuple(namespaces)
        self._settings = settings
        self._clock = clock
        self._killed: dict[Key, datetime] = {}

    def room(self, key: Key) -> blast.Room:
        """Return what is known here of the room that is left for a model; `admit` has the last word."""
        self._killed = blast.recent(self._killed, now=self._clock())
        return blast.Room(
            others=len(self._killed.keys() - {key}),
            limit=blast.limit(
                most=self._settings.automatic_kills,
                percent=self._settings.automatic_kills_percent,
                models=len(self._store.models),
            ),
        )

    async def admit(self, key: Key, record: records.Record) -> bool:
        """Take a place for a record that kills automatically, or say that there is none; any other needs none.

        Raises `errors.ClusterError` when what was killed cannot be read: without that, nothing is killed automatically.
        """
        if not isinstance(record, records.EngageSwitch) or record.switch.cause is not facts.Cause.AUTOMATIC:
            return True
        if not self.room(key).left:
            return False
        for killed, at in (await kills.automatic(self._cluster, self._namespaces)).items():
            self._killed[killed] = max(at, self._killed.get(killed, at))
        if not self.room(key).left:
            return False
        self._killed[key] = self._clock()
        return True
