"""One question at one moment, which is all that most tests ask."""

from datetime import UTC, datetime

from lastgood.judge.readings import Reading
from lastgood.observe.prometheus import Prometheus, Server
from tests.unit.observe import answering
from tests.unit.observe.answering import Script

AT = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)


async def ask(asker: Prometheus, script: Script, *, seconds: float = 5.0) -> Reading:
    with answering.serve(script) as url:
        (reading,) = await asker.query(Server(url, timeout=seconds), ["x"], at=AT)
        return reading
