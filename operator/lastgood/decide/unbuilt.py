"""Fields that the API has and this release does not act on yet: a model that uses one is refused whole (rule B1).

Acting on the rest of its spec would be acting on half of what its owner asked for.
"""

from collections.abc import Callable
from typing import Final

from lastgood.api.modeldeployment import ModelDeploymentSpec
from lastgood.api.rollout import Strategy

Uses = Callable[[ModelDeploymentSpec], bool]

UNBUILT: Final[tuple[tuple[str, Uses], ...]] = (
    ("template", lambda spec: spec.template is not None),
    ("versions[].artifact", lambda spec: any(version.artifact is not None for version in spec.versions)),
    ("versions[].labels", lambda spec: any(version.labels for version in spec.versions)),
    (
        "prometheus.authSecretRef",
        lambda spec: spec.prometheus is not None and spec.prometheus.auth_secret_ref is not None,
    ),
    ("thresholds[].from", lambda spec: any(each.from_ is not None for each in spec.thresholds)),
    ("thresholds[].alert", lambda spec: any(each.alert is not None for each in spec.thresholds)),
    ("rollout.strategy: Canary", lambda spec: spec.rollout.strategy is Strategy.CANARY),
    ("rollout.approval", lambda spec: spec.rollout.approval),
    ("rollout.requireDrill", lambda spec: spec.rollout.require_drill is not None),
    ("rollout.traffic", lambda spec: spec.rollout.traffic is not None),
    ("checkpoints.job", lambda spec: spec.checkpoints.job is not None),
    ("standby.replicas", lambda spec: spec.standby.replicas > 0),
)


def first_unbuilt(spec: ModelDeploymentSpec) -> str | None:
    """Return a sentence about the first field that is not built yet, or None."""
    found = used(spec)
    if not found:
        return None
    return f"this release does not act on spec.{', spec.'.join(found)} yet; leave out what is not built"


def used(spec: ModelDeploymentSpec) -> list[str]:
    """Return the fields of a spec that are not built yet, as paths below `spec`."""
    return [field for field, uses in UNBUILT if uses(spec)]
