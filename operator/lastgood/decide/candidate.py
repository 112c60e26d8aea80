"""From a listed version to the template that it would run with, before it was ever run."""

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from lastgood.api import versions
from lastgood.decide import asking, config, facts, template, world
from lastgood.decide.view import View

SAME_AS: Final = "SameAs"
"""Reason of a verdict that was given to the same version under another name (rule F6)."""
_NOT_A_NAME: Final = re.compile(r"[^a-z0-9.-]+")


def listed(view: View, name: str) -> facts.Checkpoint | None:
    """Return a listed version as the checkpoint it is, or would become when laid over the template that runs now.

    A version that was saved and is still listed with the same definition is its saved self, whatever was changed
    around it since: so Bad stays Bad (rule R4) and going back to it in Git is no new version. What was saved of another
    Deployment has that one's template, so that only its verdict counts, and only against it.
    """
    version = next((v for v in view.model.spec.versions if v.name == name), None)
    if version is None:
        return None
    saved = [c for c in view.facts.own if c.intact and c.version == name and lays_over(c, version)]
    if saved:
        return max(saved, key=lambda c: c.created_at)
    current = view.facts.current
    if current is None or current.base is None:
        return None
    laid = template.overlay(
        current.template,
        base=current.base,
        image=version.image,
        args=version.args,
        env=environment(version),
    )
    return checkpoint(
        view,
        version=name,
        pod_template=laid,
        base=current.base,
        verdict=_bad_elsewhere(view, version)
        or facts.VerdictFact(facts.Worth.UNPROVEN, facts.CREATED, since=view.now),
    )


def _bad_elsewhere(view: View, version: versions.Version) -> facts.VerdictFact | None:
    """R4: what was found Bad on a Deployment that the model named before is not tried again on the next."""
    for saved in view.facts.checkpoints:
        bad = saved.intact and saved.version == version.name and saved.verdict.worth is facts.Worth.BAD
        if bad and lays_over(saved, version):
            return dataclasses.replace(saved.verdict, reason=f"{SAME_AS}/{saved.name}")
    return None


def observed(
    view: View, workload: world.Workload, *, unlisted: Callable[[str], str]
) -> facts.Checkpoint | None:
    """Return what a workload runs as an Unproven checkpoint that is not recorded yet; None without a container.

    It has the name of the listed version that it is, or else what `unlisted` makes of the container's image.
    """
    container = template.container_of(workload.template, view.model.container_name)
    if container is None:
        return None
    name = str(container["name"])
    version = running(view, workload.template, name)
    base = template.base_of(
        workload.template,
        container=name,
        args=None if version is None else version.args,
        env=() if version is None else environment(version),
    )
    return checkpoint(
        view,
        version=unlisted(str(container.get("image") or "")) if version is None else version.name,
        pod_template=workload.template,
        base=base,
        verdict=facts.VerdictFact(facts.Worth.UNPROVEN, facts.CREATED, since=view.now),
    )


def checkpoint(
    view: View,
    *,
    version: str,
    pod_template: facts.Template,
    base: facts.Base,
    verdict: facts.VerdictFact,
    activations: tuple[facts.Activation, ...] = (),
) -> facts.Checkpoint:
    """Return a checkpoint that is not recorded yet."""
    digest = template.digest(pod_template)
    held = config.seen(view.contents, pod_template)
    return facts.Checkpoint(
        name=checkpoint_name(view.model.name, version, digest),
        version=version,
        digest=digest,
        template=pod_template,
        base=base,
        verdict=verdict,
        activations=activations,
        created_at=view.now,
        workload=view.model.workload_name,
        content=None if held is None else facts.Content(held),
    )


def activated(checkpoint: facts.Checkpoint, activation: facts.Activation) -> facts.Checkpoint:
    """Return the checkpoint with one more activation."""
    return dataclasses.replace(checkpoint, activations=(*checkpoint.activations, activation))


def answered(checkpoint: facts.Checkpoint, answer: asking.Answer) -> facts.Checkpoint:
    """Return the checkpoint with one more answer; of each kind, by hand and by manifest, the latest is kept."""

    def replaced(earlier: asking.Answer) -> bool:
        alike = earlier.asked.by_hand is answer.asked.by_hand
        return earlier.request == answer.request and alike

    kept = tuple(each for each in checkpoint.answers if not replaced(each))
    return dataclasses.replace(checkpoint, answers=(*kept, answer))


def checkpoint_name(model: str, version: str, digest: str) -> str:
    """Return the object name of a checkpoint: for people the version, for uniqueness the digest's first 8 digits."""
    readable = _NOT_A_NAME.sub("-", version.lower()).strip("-.")
    return f"{model}-{readable}-{digest[:8]}" if readable else f"{model}-{digest[:8]}"


def environment(version: versions.Version) -> tuple[Mapping[str, Any], ...]:
    """Return a version's environment as the container's own field has it."""
    return tuple(item.wire() for item in version.env or ())


def runs(pod_template: facts.Template, container: str, version: versions.Version) -> bool:
    """Whether a template runs a listed version: laying the version over it changes nothing."""
    base = template.base_of(pod_template, container=container)
    laid = template.overlay(
        pod_template, base=base, image=version.image, args=version.args, env=environment(version)
    )
    return template.digest(laid) == template.digest(pod_template)


def lays_over(saved: facts.Checkpoint, version: versions.Version) -> bool:
    """Whether a saved version is still what a listed version of its name says.

    It is laid over what the container had before, so that a field which is no longer listed is missed.
    """
    if saved.base is None:
        return True
    if not saved.intact:
        return _lays_over(saved, saved.base, version)
    key = saved.digest, saved.base.text, version.text
    return _intact_lays_over(_Laying(key, saved, saved.base, version))


def _lays_over(saved: facts.Checkpoint, base: facts.Base, version: versions.Version) -> bool:
    laid = template.overlay(
        saved.template, base=base, image=version.image, args=version.args, env=environment(version)
    )
    return template.digest(laid) == saved.digest


@dataclasses.dataclass(frozen=True, slots=True)
class _Laying:
    """A saved version and a listed one; where the saved one is intact, the key says all of both that matters."""

    key: tuple[str, str, str]
    saved: facts.Checkpoint = dataclasses.field(compare=False)
    base: facts.Base = dataclasses.field(compare=False)
    version: versions.Version = dataclasses.field(compare=False)


@functools.lru_cache(maxsize=20_000)
def _intact_lays_over(laying: _Laying) -> bool:
    # Every decision asks this of every listed version, and the answer costs a digest.
    return _lays_over(laying.saved, laying.base, laying.version)


def running(view: View, pod_template: facts.Template, container: str) -> versions.Version | None:
    """Return the listed version that a template runs: of several, the wanted one, else the most particular."""
    matching = [v for v in view.model.spec.versions if runs(pod_template, container, v)]
    wanted = view.model.spec.wanted_version

    def particular(version: versions.Version) -> tuple[bool, int]:
        said = (version.image is not None, version.args is not None)
        return version.name == wanted, sum(said) + len(version.env or ())

    return max(matching, key=particular, default=None)
