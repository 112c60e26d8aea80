"""ModelCheckpoint: one saved, immutable version of a model, with its verdict.

Verdicts and activations stand in `spec`, because they are facts that decisions rest on, and backups drop
status.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lastgood.api import schema
from lastgood.api.base import LENIENT, Conditions, LabelValue, Message, Model, Name, Reason, Resource
from lastgood.api.durations import Duration
from lastgood.api.quantities import Sample
from lastgood.api.timestamps import Timestamp
from lastgood.api.workloads import Args, Artifact, Autoscaler, Env, Image, PodTemplate, Replicas


class VersionVerdict(StrEnum):
    """What is known about a version."""

    GOOD = "Good"
    BAD = "Bad"
    UNPROVEN = "Unproven"


class SavedImage(Model):
    """The image of one container."""

    name: Annotated[str, schema.text(63, shortest=1)]
    """The container's name."""
    image: Image
    """The image as the pod template names it."""
    digest: Annotated[str | None, schema.text(256, pattern=r"^[a-z0-9+._-]+:[0-9a-f]{32,}$")] = None
    """The digest that ran, where known, like sha256:1111..."""


class ConfigKind(StrEnum):
    """Where configuration of a pod lies."""

    CONFIG_MAP = "ConfigMap"
    SECRET = "Secret"  # noqa: S105  (a kind of object, not a password)


class ConfigRef(Model):
    """A ConfigMap or Secret that the pod template refers to, and what it held."""

    kind: ConfigKind
    """ConfigMap or Secret."""
    name: Name
    """The object's name."""
    hash: Annotated[str, schema.text(128)]
    """A hash of its content; the content itself is not kept. Empty if it was not there."""


class Base(Model):
    """The model container's own fields, before the version's were put over them.

    The next version's template starts from here, so that nothing of this version stays in it.
    """

    container: Annotated[str, schema.text(63, shortest=1)]
    """The model container's name."""
    image: Image | None = None
    """Its image."""
    args: Args | None = None
    """Its arguments; left out where it had none."""
    env: Env | None = None
    """Its environment; left out where it had none."""


class Saved(Model):
    """What ran. Never changes after it is written."""

    rules = (
        schema.Rule(
            rule="self == oldSelf",
            message="what was saved cannot be changed; a changed version gets a checkpoint of its own",
            reason="FieldValueForbidden",
        ),
    )

    model: LabelValue
    """The ModelDeployment's name."""
    version: LabelValue
    """The version's name."""
    workload: Name | None = None
    """The Deployment whose template it is: what was saved of one is never given to another."""
    pod_template: PodTemplate
    """The whole pod template; replicas are no part of it."""
    digest: Annotated[str, schema.text(128, shortest=1)]
    """Identifies the template: without API defaults, lastgood's own labels, restart marks and replicas.
    Verdicts key on it."""
    images: Annotated[tuple[SavedImage, ...], schema.list_map("name", most=100)] = ()
    """The images, with digests where known."""
    config_refs: Annotated[tuple[ConfigRef, ...], schema.list_map("kind", "name", most=200)] = ()
    """The ConfigMaps that the template refers to, with hashes of their content, where it was known. The content of
    Secrets is not read."""
    artifact: Artifact | None = None
    """The weights that the version loads."""
    replicas: Replicas | None = None
    """How many replicas there were; recorded, not restored."""
    autoscaler: Autoscaler | None = None
    """The autoscaler's bounds; recorded, not restored."""
    base: Base | None = None
    """The model container's own fields, before the version's were put over them."""
    created_at: Timestamp
    """When it was saved, with microseconds."""


class Evidence(Model):
    """What a verdict rests on."""

    threshold: Annotated[str | None, schema.text(63)] = None
    """The threshold's name."""
    value: Sample | None = None
    """The value seen, as Prometheus prints it."""
    query: Annotated[str | None, schema.text(16384)] = None
    """The query as it was sent."""
    window: Duration | None = None
    """The window that was filled in."""
    time: Timestamp | None = None
    """The evaluation time of the query."""
    message: Message | None = None
    """What was seen, in a sentence."""


class CheckpointVerdict(Model):
    """What is known about the version."""

    value: VersionVerdict
    """Good, Bad or Unproven."""
    reason: Reason | None = None
    """Why, in one word: a threshold's name, BakeCompleted, SameAs/<name>."""
    since: Timestamp | None = None
    """When the verdict was reached, with microseconds."""
    by: Annotated[str | None, schema.text(253)] = None
    """Who reached it: lastgood, or a person."""
    evidence: Evidence | None = None
    """What it rests on."""


class Activation(Model):
    """One time when the workload was switched to this version."""

    at: Timestamp
    """When it was decided, with microseconds."""
    reason: Reason | None = None
    """Why: Adopted, Rollout, Rollback (an automatic one), OrderedRollback (on the word of a person), Restore."""
    from_: LabelValue | None = Field(None, alias="from")
    """The version that ran before."""
    workload: Name | None = None
    """The Deployment that was switched."""


class RequestOutcome(StrEnum):
    """What came of a request."""

    DONE = "Done"
    REFUSED = "Refused"


class AnsweredRequest(Model):
    """What somebody asked for by an annotation, and what came of it."""

    request: Annotated[str, schema.text(63, shortest=1)]
    """The annotation, without its prefix: resume, rollback-to, abort, checkpoint, promote or verdict."""
    value: Annotated[str, schema.text(253)]
    """What it said."""
    by: Annotated[str | None, schema.text(253)] = None
    """The field manager that wrote it; left out where none is recorded."""
    asked_at: Timestamp | None = None
    """When it was written; left out where that is not recorded."""
    at: Timestamp
    """When it was answered, with microseconds."""
    outcome: RequestOutcome
    """Done or Refused."""
    message: Message
    """What was done, or why it was not, in a sentence."""


class ConfigContent(Model):
    """What the version's ConfigMaps hold, as it was seen last."""

    refs: Annotated[tuple[ConfigRef, ...], schema.list_map("kind", "name", most=200)] = ()
    """The ConfigMaps that the template refers to, with hashes of their content."""
    changed_at: Timestamp | None = None
    """When it was first seen to be other than before; the bake counts from then. Left out if it never was."""


class ModelCheckpointSpec(Model):
    """The saved version, and the facts about it."""

    saved: Saved
    """What ran. Immutable, and written by the operator only."""
    verdict: CheckpointVerdict | None = None
    """What is known about the version. People overrule it by the annotation lastgood.dev/verdict."""
    activations: Annotated[tuple[Activation, ...], schema.list_atomic(most=20)] = ()
    """The last 20 times when the workload was switched to this version, oldest first."""
    config: ConfigContent | None = None
    """What its ConfigMaps hold, where that is not what saved.configRefs says: other content is no new version."""
    pinned: bool = False
    """True: never pruned."""
    requests: Annotated[tuple[AnsweredRequest, ...], schema.list_atomic(most=20)] = ()
    """What people asked for by annotation, while this version was the newest: the latest of each kind. So a manifest
    that is applied again asks for nothing new."""


class ModelCheckpointStatus(Model):
    """What verification found."""

    observed_generation: int | None = None
    """The generation of the spec that this speaks of."""
    last_verified: Timestamp | None = None
    """When it last verified: references with the same content, artifact reachable."""
    restore_seconds: Annotated[float | None, schema.number(least=0)] = None
    """Seconds that the latest restore took."""
    message: Message | None = None
    """What verification found, in a sentence."""
    conditions: Conditions | None = None
    """Verified, and what else is observed."""


class ModelCheckpoint(Resource):
    """One saved, immutable version of a model, with its verdict Good, Bad or Unproven."""

    spec: ModelCheckpointSpec
    """The saved version, and the facts about it."""
    status: Annotated[ModelCheckpointStatus | None, LENIENT] = None
    """What verification found."""
