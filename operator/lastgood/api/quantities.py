"""Two small value types: a number of replicas or a percentage of them, and a sample as Prometheus prints it.

A sample can be infinite or NaN, which JSON numbers cannot; it is therefore written as text, as Prometheus'
own API does.
"""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from lastgood.api import schema

_PERCENT = re.compile(r"([0-9]{1,3})%")


@dataclass(frozen=True)
class IntOrPercent:
    """A count (`3`) or a percentage (`25%`) of replicas."""

    amount: int
    percent: bool = False

    def of(self, total: int) -> int:
        """Tell how many of `total` replicas this is: rounded up, at most `total`, at least 1."""
        wanted = -(-total * self.amount // 100) if self.percent else self.amount
        return max(1, min(wanted, total))

    def __str__(self) -> str:
        return f"{self.amount}%" if self.percent else str(self.amount)

    @classmethod
    def parse(cls, written: Any) -> "IntOrPercent":
        """Read `3` or `"25%"`. Raises ValueError, with a sentence for the user, for anything else."""
        if isinstance(written, cls):
            return written
        if isinstance(written, int) and not isinstance(written, bool):
            return cls(amount=written)
        match = _PERCENT.fullmatch(written) if isinstance(written, str) else None
        if match is None:
            raise ValueError(f"{written!r} is neither a number of replicas (3) nor a percentage (25%)")
        return cls(amount=int(match[1]), percent=True)

    def _written(self) -> int | str:
        return str(self) if self.percent else self.amount

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(cls._written)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _core: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        rule = schema.Rule(
            rule="type(self) == int ? self >= 1 && self <= 10000 : self.matches('^([1-9][0-9]?|100)%$')",
            message="must be a number of replicas from 1 (like 2) or a percentage from 1% to 100% (like 25%)",
        )
        return {
            "x-kubernetes-int-or-string": True,
            "maxLength": 8,
            schema.VALIDATIONS: [rule.schema()],
        }


def printed(sample: float) -> str:
    """Write a sample as Prometheus prints it: `0.031`, `+Inf`, `-Inf`, `NaN`."""
    if math.isnan(sample):
        return "NaN"
    if math.isinf(sample):
        return "+Inf" if sample > 0 else "-Inf"
    return str(int(sample)) if sample.is_integer() and abs(sample) < 1e15 else repr(sample)


def _read(value: Any) -> Any:
    return float(value) if isinstance(value, str | int | float) else value


Sample = Annotated[
    float,
    BeforeValidator(_read),
    PlainSerializer(printed, return_type=str),
    WithJsonSchema({"type": "string", "maxLength": 32}),
]
"""One value that a query gave."""
