"""What the API server checks on a threshold, in CEL.

The same three families hold for models and for policies; they differ in who may leave a limit out: a
threshold that takes its values `from` a policy gets them there.
"""

from typing import Final

from lastgood.api import schema

LIMITS: Final = (
    schema.Rule(
        rule="!has(self.min) || !has(self.max) || self.min <= self.max",
        message="min must not exceed max: no value could be inside",
        path=".min",
    ),
    schema.Rule(
        rule="!has(self.clearMax) || !has(self.max) || self.clearMax <= self.max",
        message="clearMax must not exceed max: a value could be clear and a breach at once",
        path=".clearMax",
    ),
    schema.Rule(
        rule="!has(self.clearMin) || !has(self.min) || self.clearMin >= self.min",
        message="clearMin must not be below min: a value could be clear and a breach at once",
        path=".clearMin",
    ),
    schema.Rule(
        rule="!has(self.clearMin) || !has(self.clearMax) || self.clearMin <= self.clearMax",
        message="clearMin must not exceed clearMax: no value could ever be clear",
        path=".clearMin",
    ),
    schema.Rule(
        rule="!has(self.alert) || !(has(self.max) || has(self.min) || has(self.clearMax) "
        "|| has(self.clearMin) || has(self.window) || has(self.reduce) || has(self.samples))",
        message="an alerting rule holds its own limit: leave out max, min, clearMax, clearMin, window, "
        "reduce and samples, or give a query instead of alert",
        path=".alert",
        reason="FieldValueForbidden",
    ),
)


def _needed(unless: str) -> tuple[schema.Rule, ...]:
    """Rules on what must be there, `unless` a CEL condition says that a policy gives it."""
    return (
        schema.Rule(
            rule=f"has(self.alert) || {unless}has(self.max) || has(self.min)",
            message="give max, min or both: without a limit nothing can be a breach",
            path=".max",
            reason="FieldValueRequired",
        ),
        schema.Rule(
            rule=f"!has(self.clearMax) || {unless}has(self.max) || has(self.alert)",
            message="clearMax needs max: it is the level below which a breach of max ends",
            path=".clearMax",
        ),
        schema.Rule(
            rule=f"!has(self.clearMin) || {unless}has(self.min) || has(self.alert)",
            message="clearMin needs min: it is the level above which a breach of min ends",
            path=".clearMin",
        ),
    )


POLICY: Final = (
    schema.Rule(
        rule="has(self.query) != has(self.alert)",
        message="give exactly one of query and alert (from is for the thresholds of a ModelDeployment)",
        path=".query",
    ),
    *_needed(""),
    *LIMITS,
)
MODEL: Final = (
    schema.Rule(
        rule="[has(self.query), has(self.alert), has(self.from)].filter(given, given).size() == 1",
        message="give exactly one of query, alert and from",
        path=".query",
    ),
    *_needed("has(self.from) || "),
    *LIMITS,
)
