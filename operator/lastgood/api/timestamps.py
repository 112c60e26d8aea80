"""Points in time: RFC 3339, UTC, with microseconds.

Facts are ordered by their times (activations, verdicts), and two switches can fall within one second, so the
fraction is always written.
"""

import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, PlainSerializer, WithJsonSchema


def to_utc(moment: datetime.datetime) -> datetime.datetime:
    """Turn a moment into UTC."""
    return moment.astimezone(datetime.UTC)


def written(moment: datetime.datetime) -> str:
    """Write a moment as `2026-11-22T18:54:03.000000Z`."""
    return moment.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


Timestamp = Annotated[
    AwareDatetime,
    AfterValidator(to_utc),
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 64}),
]
"""An aware datetime in UTC. A time without a zone is refused: it would mean another moment on another
machine."""
