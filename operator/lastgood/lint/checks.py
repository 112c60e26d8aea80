"""All checks, in their order: the place to add one.

A check is a function of the manifest and its kind. The schema comes first: what it refuses is not looked at further.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from lastgood.api import kinds, names
from lastgood.lint import queries, rules, schemas, unbuilt
from lastgood.lint.finding import Finding, Severity
from lastgood.lint.manifests import Manifest

Check = Callable[[Any, str], Iterator[Finding]]

MEANING: Final[tuple[Check, ...]] = (rules.check, queries.check, unbuilt.check)
"""What is looked at in a manifest of the right shape."""


def check(manifest: Manifest) -> list[Finding]:
    """Return what is wrong with one manifest of ours, by line."""
    found = [*manifest.repeated, *_addressed(manifest)]
    if not any(each.path[:1] in (("kind",), ("apiVersion",)) for each in found):
        found += schemas.check(manifest.value, manifest.kind, written=manifest.written)
        if not any(each.check == "schema" for each in found):
            found += [each for one in MEANING for each in one(manifest.value, manifest.kind)]
    return sorted(found, key=lambda each: manifest.line(each.path))


def _addressed(manifest: Manifest) -> Iterator[Finding]:
    """Find a kind or a version that this API does not have."""
    ours = [each.kind for each in kinds.KINDS]
    version = manifest.value["apiVersion"]
    if version != names.API_VERSION:
        yield Finding(("apiVersion",), f"is {version}, and this release knows {names.API_VERSION}", "schema")
    elif manifest.kind not in ours:
        yield Finding(("kind",), f"{manifest.kind!r} is none of {', '.join(ours)}", "schema")


def worst(found: list[Finding]) -> Severity | None:
    """Return the gravest severity; None when nothing was found."""
    return min((each.severity for each in found), key=list(Severity).index, default=None)
