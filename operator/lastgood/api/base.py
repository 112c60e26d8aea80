"""What all resources share: how they are read, how they are written, their metadata and conditions.

Python speaks snake_case, the wire camelCase. Unknown fields are dropped on reading, so an object written by a
newer release still parses; for that reason a parsed object must never be written back whole: write patches of
what you mean (`wire()` gives only what was set).
"""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    ValidatorFunctionWrapHandler,
)
from pydantic.alias_generators import to_camel
from pydantic.functional_validators import WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from lastgood.api import names, schema, timestamps

MESSAGE_LENGTH = 1024


class Model(BaseModel):
    """Base of all parts of a resource: immutable, described by its docstrings, tolerant of unknown fields."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    rules: ClassVar[tuple[schema.Rule, ...]] = ()
    """CEL rules that the API server checks on this part."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        reference = handler(core)
        if cls.rules:
            body = handler.resolve_ref_schema(reference)
            body[schema.VALIDATIONS] = [rule.schema() for rule in cls.rules]
        return reference

    def wire(self) -> dict[str, Any]:
        """Give what was set, as JSON types under the wire's names: the body of a patch."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MESSAGE_LENGTH:
        return value[: MESSAGE_LENGTH - 1] + "…"
    return value


Message = Annotated[str, BeforeValidator(_shortened), schema.text(MESSAGE_LENGTH)]
"""A sentence for people. What is too long is cut rather than refused: a report must not fail for its
length."""
Reason = Annotated[str, schema.text(128)]
"""A CamelCase word (with `/Detail` where there is one) that programs may compare."""
Name = Annotated[str, schema.text(253, shortest=1, pattern=schema.DNS_SUBDOMAIN)]
"""The name of an object in the API server."""
LabelValue = Annotated[str, schema.text(63, shortest=1, pattern=schema.LABEL_VALUE)]
"""A name that has to fit a label value."""
ShortName = Annotated[str, schema.text(63, shortest=1, pattern=schema.DNS_LABEL)]
"""A name of our own that appears in metric labels and annotations."""


class OwnerReference(Model):
    """Who owns an object, and so takes it along when deleted."""

    api_version: str
    """The owner's group and version."""
    kind: str
    """The owner's kind."""
    name: str
    """The owner's name."""
    uid: str
    """The owner's uid."""
    controller: bool | None = None
    """Whether the owner is the one controller."""


class ObjectMeta(Model):
    """The part of Kubernetes' metadata that lastgood reads."""

    name: str
    """The object's name."""
    namespace: str | None = None
    """The object's namespace; none for a cluster-scoped kind."""
    uid: str | None = None
    """Tells this object from a later one of the same name."""
    resource_version: str | None = None
    """Changes with each write; the precondition of ours."""
    generation: int | None = None
    """Counts changes of spec."""
    labels: dict[str, str] = {}
    """The object's labels."""
    annotations: dict[str, str] = {}
    """The object's annotations."""
    finalizers: tuple[str, ...] = ()
    """Who must let go before a deletion ends."""
    owner_references: tuple[OwnerReference, ...] = ()
    """The object's owners."""
    creation_timestamp: timestamps.Timestamp | None = None
    """When the object was created."""
    deletion_timestamp: timestamps.Timestamp | None = None
    """When its deletion began; none while it lives."""


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(Model):
    """One observation about the object, in the form that `kubectl wait --for=condition=...` understands."""

    type: Annotated[str, schema.text(128, shortest=1)]
    """What is observed, in CamelCase."""
    status: ConditionStatus
    """True, False or Unknown."""
    observed_generation: int | None = None
    """The generation of the spec that this speaks of."""
    last_transition_time: timestamps.Timestamp
    """When `status` last changed."""
    reason: Reason
    """Why, as one CamelCase word that programs may compare."""
    message: Message
    """Why, as a sentence that says what to do next where something is to be done."""


Conditions = Annotated[tuple[Condition, ...], schema.list_map("type", most=32)]
"""The object's conditions, one of each type."""


def _absent_if_unreadable(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    try:
        return parse(value)
    except ValueError:
        return None


LENIENT = WrapValidator(_absent_if_unreadable)
"""For status: a report is never a source, so one that cannot be read counts as not there."""


class Resource(Model):
    """An object of one of our kinds. `kind` and `apiVersion` may be missing, as in the items of a list."""

    api_version: str = names.API_VERSION
    """The version of the schema of this object: lastgood.dev/v1alpha1."""
    kind: str = ""
    """The kind of this object."""
    metadata: ObjectMeta
    """Standard metadata of the object."""

    @classmethod
    def parse(cls, manifest: Any) -> Self:
        """Read an object from JSON types. Raises pydantic.ValidationError, which names the fields' paths."""
        return cls.model_validate(manifest)

    def wire(self) -> dict[str, Any]:
        """Give what was set, with apiVersion and kind, ready to be created."""
        return {"apiVersion": names.API_VERSION, "kind": type(self).__name__} | super().wire()
