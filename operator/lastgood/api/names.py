"""The words that lastgood puts on the objects of others: labels, annotations, its field manager.

They are read by users' selectors, by Prometheus relabelling and by the admission policies, so they are part
of the API: each is written once, here. This module holds constants only.
"""

from typing import Final

GROUP: Final = "lastgood.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
CATEGORY: Final = "lastgood"
FIELD_MANAGER: Final = "lastgood"

LABEL_MODEL: Final = "lastgood.dev/model"
"""On pods and workloads: the name of the ModelDeployment."""
LABEL_VERSION: Final = "lastgood.dev/version"
"""On pods and workloads: the name of the version they run."""
LABEL_TRACK: Final = "lastgood.dev/track"
"""On pods and workloads: `stable`, `canary`, `standby` or `fallback`."""
LABEL_CAUSE: Final = "lastgood.dev/cause"
"""On kill switches that the operator engages: `automatic`, `manual`, `drill` or `cluster`; people's own carry none."""

TRACK_STABLE: Final = "stable"
TRACK_CANARY: Final = "canary"
TRACK_STANDBY: Final = "standby"
TRACK_FALLBACK: Final = "fallback"
TRACKS: Final = (TRACK_STABLE, TRACK_CANARY, TRACK_STANDBY, TRACK_FALLBACK)

CAUSE_AUTOMATIC: Final = "automatic"
"""A threshold with `onBreach: Kill` was breached."""
CAUSE_MANUAL: Final = "manual"
"""The mirror of `spec.killSwitch.engaged` of a ModelDeployment."""
CAUSE_DRILL: Final = "drill"
"""A SafetyDrill rehearses; besides `manual` and `cluster` the only cause that the operator may release."""
CAUSE_CLUSTER: Final = "cluster"
"""A ClusterKillSwitch; released with it."""
CAUSES: Final = (CAUSE_AUTOMATIC, CAUSE_MANUAL, CAUSE_DRILL, CAUSE_CLUSTER)

ANNOTATION_CHECKPOINT: Final = "lastgood.dev/checkpoint"
"""On the workload: the name of the ModelCheckpoint that it was set to."""
ANNOTATION_RESUME: Final = "lastgood.dev/resume"
"""On a ModelDeployment: `<version>`; a person starts a model that stays at zero."""
ANNOTATION_PROMOTE: Final = "lastgood.dev/promote"
"""On a ModelDeployment: `<version>/<step>`; a person lets a rollout pass this step."""
ANNOTATION_ABORT: Final = "lastgood.dev/abort"
"""On a ModelDeployment: `<version>`; a person ends the rollout of this version."""
ANNOTATION_ROLLBACK_TO: Final = "lastgood.dev/rollback-to"
"""On a ModelDeployment: `<version>`; a person orders a rollback."""
ANNOTATION_TAKE_CHECKPOINT: Final = ANNOTATION_CHECKPOINT
"""On a ModelDeployment: any new value; a person orders a checkpoint."""
ANNOTATION_VERDICT: Final = "lastgood.dev/verdict"
"""On a ModelCheckpoint: `Good`, `Bad` or `Unproven`; a person overrules the verdict."""
ANNOTATION_DELETE_CHECKPOINTS: Final = "lastgood.dev/delete-checkpoints"
"""On a ModelDeployment: `"true"`; its checkpoints go when it is deleted."""
REQUESTS: Final = (
    ANNOTATION_RESUME,
    ANNOTATION_ROLLBACK_TO,
    ANNOTATION_ABORT,
    ANNOTATION_TAKE_CHECKPOINT,
    ANNOTATION_PROMOTE,
)
"""The annotations of a ModelDeployment by which people ask for something."""

ANNOTATION_MODEL_UID: Final = "lastgood.dev/model-uid"
"""On a KillSwitch that the operator engages: the uid of the ModelDeployment that it was engaged for."""
ANNOTATION_BAD_DIGEST: Final = "lastgood.dev/bad-digest"
"""On an automatic KillSwitch: the digest of the version that is to blame; empty again once the switch holds nothing."""
ANNOTATION_ENGAGED_AT: Final = "lastgood.dev/engaged-at"
"""On a KillSwitch that the operator engages: when; a switch that is engaged again gets a new time."""
ANNOTATION_RELEASED_BY: Final = "lastgood.dev/released-by"
"""On `<model>-spec`, and on a KillSwitch of cause `cluster`: the field manager on whose word it was released."""
ANNOTATION_LEFT: Final = "lastgood.dev/left."
"""On a KillSwitch, before a hash of a Deployment's name: what its Service selected, which is left with a fallback."""

ANNOTATION_CLUSTER_SWITCH: Final = "lastgood.dev/cluster-switch"
"""On a KillSwitch of cause `cluster`: the name of its ClusterKillSwitch."""
ANNOTATION_CLUSTER_SWITCH_UID: Final = "lastgood.dev/cluster-switch-uid"
"""On the same: the uid of the ClusterKillSwitch that it was engaged for."""
ANNOTATION_ENGAGED_BY: Final = "lastgood.dev/engaged-by"
"""On the same: the field manager that had engaged the ClusterKillSwitch."""

ANNOTATION_PAUSED_REPLICAS: Final = "autoscaling.keda.sh/paused-replicas"
"""KEDA's own, on a ScaledObject: it scales the target to this number and no further until the annotation is gone."""

SUFFIX_SPEC_SWITCH: Final = "-spec"
"""`<model>-spec` is the KillSwitch that mirrors `spec.killSwitch` of the model."""
SUFFIX_AUTOMATIC_SWITCH: Final = "-auto"
"""`<model>-auto` is the automatic KillSwitch where a person's switch has taken the model's name."""
PREFIX_CLUSTER_SWITCH: Final = "cluster-"
"""`cluster-<name>` is the KillSwitch that a ClusterKillSwitch engages in each namespace."""
SUFFIX_CANARY: Final = "-canary"
SUFFIX_STANDBY: Final = "-standby"
