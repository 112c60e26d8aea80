"""A version of a model: everything that changes with it, not only an image."""

import functools
from typing import Annotated

from lastgood.api import schema
from lastgood.api.base import LabelValue, Model
from lastgood.api.workloads import Args, Artifact, Env, Image

Labels = Annotated[dict[str, Annotated[str, schema.text(63)]], schema.mapping(most=32)]
"""Kubernetes labels."""


class Version(Model):
    """One version that may run."""

    rules = (
        schema.Rule(
            rule="has(self.image) || has(self.args) || has(self.env)",
            message="give image, args or env: a version that changes nothing cannot be rolled back to",
            reason="FieldValueRequired",
        ),
        schema.Rule(
            rule="!has(self.labels) || self.labels.all(key, !key.startsWith('lastgood.dev/'))",
            message="labels under lastgood.dev/ are set by the operator; use another prefix",
            path=".labels",
            reason="FieldValueForbidden",
        ),
    )

    name: LabelValue
    """The version's name; it becomes the pod label lastgood.dev/version. Quote it in YAML: "1.10" is not
    1.10."""
    image: Image | None = None
    """The model container's image, best by digest. Default: the image that the workload has."""
    args: Args | None = None
    """Replaces the model container's arguments."""
    env: Env | None = None
    """Merged by name over the model container's environment."""
    artifact: Artifact | None = None
    """The weights that this version loads: recorded with each checkpoint, and verified."""
    labels: Labels | None = None
    """Labels that the pods of this version carry."""

    @functools.cached_property
    def text(self) -> str:
        """All that it says: some of its fields have no hash."""
        return repr(self)
