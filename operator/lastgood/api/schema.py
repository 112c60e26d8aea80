"""What the models tell the API server beside their types: limits, list types, CEL rules.

These words go into the CRDs only. Reading stays lenient on purpose: an object that an older release accepted,
or that was restored from a backup, must still parse, most of all a KillSwitch, so limits are enforced where a
person can still answer (at the API server) and not again on each read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

VALIDATIONS: Final = "x-kubernetes-validations"
STABLE: Final = "x-lastgood-stable-default"
OPEN: Final = "x-lastgood-open-enum"

LABEL_VALUE: Final = r"^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
DNS_SUBDOMAIN: Final = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
DNS_LABEL: Final = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


@dataclass(frozen=True)
class Rule:
    """One CEL rule. `message` says what to do; `path` is the field that the refusal points at, like `.max`.

    `reason` is one of FieldValueInvalid, FieldValueForbidden, FieldValueRequired, FieldValueDuplicate.
    """

    rule: str
    message: str
    path: str | None = None
    reason: str | None = None

    def schema(self) -> dict[str, str]:
        """Give the rule as an item of `x-kubernetes-validations`."""
        item = {"rule": self.rule, "message": self.message}
        if self.path is not None:
            item["fieldPath"] = self.path
        if self.reason is not None:
            item["reason"] = self.reason
        return item


class Wire:
    """Annotation that adds OpenAPI keywords to a field's schema and leaves parsing as it is."""

    def __init__(self, keywords: Mapping[str, Any] | None = None, *rules: Rule) -> None:
        self.keywords = dict(keywords or {})
        self.rules = rules

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = {**handler(core), **self.keywords}
        if self.rules:
            schema[VALIDATIONS] = [*schema.get(VALIDATIONS, []), *(rule.schema() for rule in self.rules)]
        return schema


def text(longest: int, *, shortest: int | None = None, pattern: str | None = None) -> Wire:
    """Limits of a string, in characters."""
    keywords: dict[str, Any] = {"maxLength": longest}
    if shortest is not None:
        keywords["minLength"] = shortest
    if pattern is not None:
        keywords["pattern"] = pattern
    return Wire(keywords)


def number(*, least: float | None = None, most: float | None = None) -> Wire:
    """Inclusive limits of a number."""
    keywords: dict[str, Any] = {}
    if least is not None:
        keywords["minimum"] = least
    if most is not None:
        keywords["maximum"] = most
    return Wire(keywords)


def list_map(*keys: str, most: int, least: int | None = None) -> Wire:
    """Describe a list whose items are told apart by `keys`: the API server refuses duplicates."""
    keywords: dict[str, Any] = {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": list(keys),
        "maxItems": most,
    }
    if least is not None:
        keywords["minItems"] = least
    return Wire(keywords)


def list_set(*, most: int, least: int | None = None) -> Wire:
    """Describe a list of different scalars."""
    keywords: dict[str, Any] = {"x-kubernetes-list-type": "set", "maxItems": most}
    if least is not None:
        keywords["minItems"] = least
    return Wire(keywords)


def list_atomic(*, most: int) -> Wire:
    """Describe a list that is replaced as a whole."""
    return Wire({"x-kubernetes-list-type": "atomic", "maxItems": most})


def mapping(*, most: int) -> Wire:
    """Describe a map of at most so many entries."""
    return Wire({"maxProperties": most})


STABLE_DEFAULT: Final = Wire({STABLE: True})
"""The API server writes this default into stored objects. For defaults that will never change and own no
decision."""

OPEN_ENUM: Final = Wire({OPEN: True})
"""Values are listed in the description, not enforced: an operator newer than its CRDs can still report a new
word."""

FREE_FORM: Final = Wire({"type": "object", "x-kubernetes-preserve-unknown-fields": True})
"""An object of another API, kept as it is."""

ATOMIC_MAP: Final = Wire({"x-kubernetes-map-type": "atomic"})
"""An object that is replaced as a whole, such as a selector: half of one and half of another selects the
wrong thing."""
