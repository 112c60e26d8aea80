"""Durations as Go writes them: `15s`, `1h30m`, `500ms`.

There is no `d`: the API server's CEL and Go's parser refuse it, and a day is not always 24 hours. Python
holds a `datetime.timedelta`, so anything below a microsecond is rounded.
"""

import datetime
import functools
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from lastgood.api import schema

MICROSECONDS: Final[Mapping[str, Decimal]] = {
    "ns": Decimal("0.001"),
    "us": Decimal(1),
    "µs": Decimal(1),
    "ms": Decimal(1_000),
    "s": Decimal(1_000_000),
    "m": Decimal(60_000_000),
    "h": Decimal(3_600_000_000),
}
LONGEST: Final = datetime.timedelta(microseconds=(2**63 - 1) // 1000)
"""What an int64 of nanoseconds holds, about 292 years: Go's and CEL's limit."""
PATTERN: Final = r"^(0|([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+)$"
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")


@functools.lru_cache(maxsize=4096)
def parse(written: str) -> datetime.timedelta:
    """Read a Go-style duration.

    Raises ValueError, with a sentence for the user, when it is not one, is negative or exceeds 292 years.
    """
    if written == "0":
        return datetime.timedelta(0)
    parts = _PART.findall(written)
    if not parts or "".join(number + unit for number, unit in parts) != written:
        raise ValueError(
            f"{written!r} is not a duration; write it like 15s, 5m, 1h30m or 720h (there is no unit d)"
        )
    total = sum((Decimal(number) * MICROSECONDS[unit] for number, unit in parts), Decimal(0))
    if total > LONGEST // datetime.timedelta(microseconds=1):
        raise ValueError(f"{written!r} is longer than any duration that Kubernetes can hold (292 years)")
    return datetime.timedelta(microseconds=int(total.to_integral_value(rounding=ROUND_HALF_EVEN)))


def canonical(duration: datetime.timedelta) -> str:
    """Write a duration in its one form: units from hours down, zero units left out, `0s` for none.

    Raises ValueError for a negative one.
    """
    microseconds = duration // datetime.timedelta(microseconds=1)
    if microseconds < 0:
        raise ValueError(f"a duration cannot be negative: {duration}")
    seconds, fraction = divmod(microseconds, 1_000_000)
    if seconds == 0 and fraction:
        whole, rest = divmod(fraction, 1000)
        if not whole:
            return f"{rest}us"
        return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") + "ms"
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    tail = f"{seconds}.{fraction:06d}".rstrip("0") if fraction else f"{seconds}"
    written = (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
    return written + (f"{tail}s" if seconds or fraction or not written else "")


def _read(value: Any) -> Any:
    return parse(value) if isinstance(value, str) else value


Duration = Annotated[
    datetime.timedelta,
    BeforeValidator(_read),
    PlainSerializer(canonical, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 32, "pattern": PATTERN}),
]
"""A field that people write as `5m` and code reads as a timedelta."""


def between(least: str, most: str) -> schema.Wire:
    """Inclusive bounds of a Duration, enforced by the API server."""
    return schema.Wire(
        None,
        schema.Rule(
            rule=f"duration(self) >= duration('{least}') && duration(self) <= duration('{most}')",
            message=f"must be a duration from {least} to {most}",
        ),
    )
