"""Pod templates: laying a version over a container, and the digest by which verdicts are kept (rule F6)."""

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lastgood.api import names
from lastgood.decide import facts

OWN_PREFIX: Final = names.GROUP + "/"
NOT_A_VERSION: Final = ("kubectl.kubernetes.io/restartedAt", "pod-template-hash")
"""Marks that `kubectl rollout restart` and the Deployment controller put on templates."""

# What the API server fills in, by the path of the object it fills in; from the defaulting of core/v1 in Kubernetes.
_PROBE: Final = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_CONTAINER: Final[dict[str, Any]] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_POD: Final[dict[str, Any]] = {
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30,
    "enableServiceLinks": True,
}
_VOLUME_MODE: Final = 0o644


def container_of(template: facts.Template, name: str | None) -> Mapping[str, Any] | None:
    """Return the model's container: the one named, or the first; None when there is none such."""
    containers: Sequence[Mapping[str, Any]] = (template.get("spec") or {}).get("containers") or []
    if name is None:
        return containers[0] if containers else None
    return next((container for container in containers if container.get("name") == name), None)


def overlay(
    template: facts.Template,
    *,
    base: facts.Base,
    image: str | None,
    args: Sequence[str] | None,
    env: Sequence[Mapping[str, Any]],
) -> facts.Template:
    """Return the template with the container's own fields from `base` and a version laid over them.

    `image` and `args` replace the container's; `env` is merged over the container's by name (api.md, versions).
    """
    container = dict(container_of(template, base.container) or {})
    laid_args = list(args) if args is not None else base.args
    merged = {item["name"]: dict(item) for item in base.env}
    merged.update({item["name"]: dict(item) for item in env})
    for field, value in (
        ("image", image or base.image),
        ("args", None if laid_args is None else list(laid_args)),
        ("env", list(merged.values()) or None),
    ):
        if value is None:
            container.pop(field, None)
        else:
            container[field] = value
    spec = dict(template.get("spec") or {})
    spec["containers"] = [container if c.get("name") == base.container else c for c in spec["containers"]]
    return {**template, "spec": spec}


def base_of(
    template: facts.Template,
    *,
    container: str,
    args: Sequence[str] | None = None,
    env: Sequence[Mapping[str, Any]] = (),
) -> facts.Base:
    """Return the container's own fields: the template's, less what a version that runs there has laid over them."""
    found = container_of(template, container) or {}
    laid = {item["name"] for item in env}
    own_args = found.get("args") if args is None else None
    return facts.Base(
        container=container,
        image=found.get("image"),
        args=None if own_args is None else tuple(own_args),
        env=tuple(item for item in found.get("env") or [] if item["name"] not in laid),
    )


def labelled(template: facts.Template, *, model: str, version: str | None) -> facts.Template:
    """Return the template with the labels by which metrics and people tell versions apart.

    With None it carries no version's, and so may become another's.
    """
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels(model=model, version=version or "")}
    if version is None:
        del metadata["labels"][names.LABEL_VERSION]
    return {**template, "metadata": metadata}


def labels(*, model: str, version: str) -> dict[str, str]:
    """Return the labels that the operator puts on the pods of a stable version."""
    return {
        names.LABEL_MODEL: model,
        names.LABEL_VERSION: version,
        names.LABEL_TRACK: names.TRACK_STABLE,
    }


def digest(template: facts.Template) -> str:
    """Return the SHA-256 of a template in hexadecimal, the same before and after the API server fills in defaults.

    Labels and annotations of our own and `kubectl rollout restart`'s mark do not count: a restart is no new version.
    """
    return _digest(json.dumps(template))


@functools.lru_cache(maxsize=2_000)
def _digest(written: str) -> str:
    # Whatever changes of a Deployment, it comes with its template, which is mostly the same.
    normalized = normal(json.loads(written))
    canonical = json.dumps(normalized, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def normal(template: facts.Template) -> dict[str, Any]:
    """Return what of a template defines a version: without defaults, empty fields, and marks of ours."""
    metadata = template.get("metadata") or {}
    kept: dict[str, Any] = {}
    for field in ("labels", "annotations"):
        entries = {
            key: value
            for key, value in (metadata.get(field) or {}).items()
            if not key.startswith(OWN_PREFIX) and key not in NOT_A_VERSION
        }
        if entries:
            kept[field] = entries
    return {"metadata": kept, "spec": _pod(template.get("spec") or {})}


def _pod(spec: Mapping[str, Any]) -> dict[str, Any]:
    pod = _without(spec, _POD)
    # `serviceAccount` is an old name that the API server keeps equal to `serviceAccountName`.
    pod.pop("serviceAccount", None)
    for field in ("containers", "initContainers"):
        if pod.get(field):
            pod[field] = [_container(container) for container in pod[field]]
    if pod.get("volumes"):
        pod["volumes"] = [_volume(volume) for volume in pod["volumes"]]
    return pod


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without(container, _CONTAINER)
    if kept.get("imagePullPolicy") == _pull_policy(str(kept.get("image", ""))):
        del kept["imagePullPolicy"]
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        if field in kept:
            kept[field] = _probe(kept[field])
    if "ports" in kept:
        kept["ports"] = [_without(port, {"protocol": "TCP"}) for port in kept["ports"]]
    if "env" in kept:
        # Sorted, because merging a version's variables over the container's changes their order and nothing else.
        kept["env"] = sorted((_env(item) for item in kept["env"]), key=lambda item: str(item.get("name")))
    if "resources" in kept:
        kept["resources"] = _resources(kept["resources"])
    if "lifecycle" in kept:
        # Beside the hooks there is `stopSignal`, which is a word.
        kept["lifecycle"] = {
            hook: _handler(handler) if isinstance(handler, Mapping) else handler
            for hook, handler in kept["lifecycle"].items()
        }
    return kept


def _pull_policy(image: str) -> str:
    # A digest stands in for a missing tag, but does not overrule a tag that is there.
    name, _, content = image.rsplit("/", 1)[-1].partition("@")
    tag = name.partition(":")[2] or ("" if content else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"


def _probe(probe: Mapping[str, Any]) -> dict[str, Any]:
    return _handler(_without(probe, _PROBE))


def _handler(handler: Mapping[str, Any]) -> dict[str, Any]:
    """Return a probe's or a lifecycle hook's way to ask, less defaults."""
    kept = dict(handler)
    for field, defaults in (("httpGet", {"scheme": "HTTP", "path": "/"}), ("grpc", {"service": ""})):
        if field in kept:
            kept[field] = _without(kept[field], defaults)
    return kept


def _env(item: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without(item, {"value": ""})
    if "valueFrom" in kept:
        kept["valueFrom"] = _reference(kept["valueFrom"])
    return kept


def _reference(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a variable's or a file's source, less defaults."""
    kept = dict(source)
    for field, defaults in (("fieldRef", {"apiVersion": "v1"}), ("resourceFieldRef", {"divisor": "0"})):
        if field in kept:
            kept[field] = _without(kept[field], defaults)
    return kept


def _resources(resources: Mapping[str, Any]) -> dict[str, Any]:
    # A limit without a request is given the same request.
    kept = {key: dict(value) for key, value in resources.items() if isinstance(value, Mapping)}
    limits, requests = kept.get("limits", {}), kept.get("requests", {})
    own = {name: amount for name, amount in requests.items() if limits.get(name) != amount}
    others = {key: value for key, value in resources.items() if key not in ("limits", "requests")}
    return {**others, **({"limits": limits} if limits else {}), **({"requests": own} if own else {})}


def _volume(volume: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without(volume, {})
    for kind in ("configMap", "secret", "projected", "downwardAPI"):
        if kind in volume:
            kept[kind] = _files(_without(volume[kind], {"defaultMode": _VOLUME_MODE}))
    if "hostPath" in volume:
        kept["hostPath"] = _without(volume["hostPath"], {"type": ""})
    if "image" in volume:
        policy = _pull_policy(str(volume["image"].get("reference", "")))
        kept["image"] = _without(volume["image"], {"pullPolicy": policy})
    if "ephemeral" in volume:
        claim = volume["ephemeral"].get("volumeClaimTemplate") or {}
        spec = _without(claim.get("spec") or {}, {"volumeMode": "Filesystem"})
        metadata = _without(claim.get("metadata") or {}, {})
        kept["ephemeral"] = {"volumeClaimTemplate": {"metadata": metadata, "spec": spec}}
    return kept


def _files(volume: Mapping[str, Any]) -> dict[str, Any]:
    """Return a volume of files, with the files that come from the pod's own fields less defaults."""
    kept = dict(volume)
    if "sources" in kept:
        kept["sources"] = [_projection(source) for source in kept["sources"]]
    if "items" in kept:
        kept["items"] = [_reference(item) for item in kept["items"]]
    return kept


def _projection(source: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(source)
    if "serviceAccountToken" in kept:
        kept["serviceAccountToken"] = _without(kept["serviceAccountToken"], {"expirationSeconds": 3600})
    if "downwardAPI" in kept:
        kept["downwardAPI"] = _files(kept["downwardAPI"])
    return kept


def _without(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that are neither empty nor at their default."""
    return {
        key: value
        for key, value in fields.items()
        if value is not None
        and value not in ({}, [])
        and not (key in defaults and defaults[key] == value and type(defaults[key]) is type(value))
    }
