"""Models that name another Deployment than before: each has labels of its own, which its selector insists on."""

from typing import Any, Final

from tests.unit.decide.simulator import World, pod_template

OWN: Final = ("template", "pods_template", "replicas", "paused", "pod_labels", "autoscaler", "emptied")
"""What of a world belongs to the Deployment, and not to the model."""


def template_of(deployment: str, image: str, **container: Any) -> dict[str, Any]:
    """Return a template that one Deployment admits, and no other."""
    return {**pod_template(image, **container), "metadata": {"labels": {"app": deployment}}}


def app(made: World) -> str:
    """Whose template the Deployment has."""
    return str(made.template["metadata"]["labels"]["app"])


def move(made: World, deployment: str, *, image: str = "img:a", **container: Any) -> World:
    """Name another Deployment, which is found as it was left; the first time it has a command of its own."""
    if deployment == made.deployment:
        return made
    first: dict[str, Any] = {
        "template": template_of(deployment, image, command=[deployment], **container),
        "pods_template": None,
        "replicas": 4,
        "paused": False,
        "pod_labels": {},
        "autoscaler": None,
        "emptied": set(),
    }
    made.elsewhere[made.deployment] = {each: getattr(made, each) for each in OWN}
    for each, value in made.elsewhere.pop(deployment, first).items():
        setattr(made, each, value)
    made.spec = {**made.spec, "workloadRef": {"name": deployment}}
    made.log.clear()
    return made
