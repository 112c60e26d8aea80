"""Switches of a workload from one version to another: when, why, from what, and on which Deployment (rule F1)."""

import enum
from dataclasses import dataclass
from datetime import datetime


class Why(enum.StrEnum):
    """Why a version was switched to; kept in the activation."""

    ADOPTED = "Adopted"
    ROLLOUT = "Rollout"
    ROLLBACK = "Rollback"
    """By the operator's own judgement: what cooldown, budget and ping-pong count (rule R5)."""
    ORDERED = "OrderedRollback"
    """On the word of a person, whom nothing of that limits."""
    RESTORE = "Restore"
    FOLLOWED = "Followed"

    @property
    def goes_back(self) -> bool:
        """Whether it is a rollback, on whoever's word."""
        return self in (Why.ROLLBACK, Why.ORDERED)


def why(reason: str) -> Why:
    """Read the reason of an activation; one that another release wrote counts as a rollout, which limits nothing."""
    return next((each for each in Why if each.value == reason), Why.ROLLOUT)


@dataclass(frozen=True, slots=True)
class Activation:
    """One switch of the workload to a version."""

    at: datetime
    why: Why
    came_from: str | None = None
    """The version that ran before; None for the first."""
    workload: str = ""
    """The Deployment that was switched; empty where an earlier release did not say."""

    def was_on(self, workload: str) -> bool:
        """Whether it was a switch of this Deployment; one that names none, or asked without a name, counts."""
        return workload == "" or self.workload in ("", workload)
