"""Fields that the API has and this release does not act on: the operator refuses the model whole (rule B1)."""

from collections.abc import Iterator
from typing import Any

import pydantic

from lastgood.api.modeldeployment import ModelDeployment
from lastgood.decide import unbuilt
from lastgood.lint.finding import Finding


def check(value: Any, kind: str) -> Iterator[Finding]:
    """Find what a ModelDeployment asks for in vain."""
    if kind != "ModelDeployment":
        return
    try:
        model = ModelDeployment.parse(value)
    except pydantic.ValidationError as error:
        for each in error.errors():
            yield Finding(each["loc"], each["msg"], "parse")
        return
    for field in unbuilt.used(model.spec):
        yield Finding(("spec", field), "this release does not act on it yet: leave it out", "not-implemented")
