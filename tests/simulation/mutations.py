"""Bugs that are put into the operator on purpose: a simulation that finds none of them proves nothing.

Each replaces a function or two of the operator by a wrong one for as long as a world runs. What must notice it is named
by the rule at the beginning of the message; a story that does not come to its end, or never rests, says F2.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from unittest import mock

from lastgood.api.thresholds import Verdict
from lastgood.decide import autoscalers, traffic
from lastgood.decide.rules import bake, engaging, kill, recovery
from lastgood.report.status import Statuses
from tests.simulation import wrong
from tests.simulation.wrong import Patch


@dataclass(frozen=True)
class Mutation:
    """One bug; `first` is where it is found soonest: the name of a story, or the number of a seed."""

    name: str
    wrong: str
    caught_by: tuple[str, ...]
    """Rules of which one must be at the beginning of what is told."""
    patches: Callable[[], list[Patch]]
    first: str | int
    reports: bool = False
    """Whether it is only seen in what people are told."""

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Put the bug in, and take it out again."""
        with contextlib.ExitStack() as stack:
            for place, name, wrong in self.patches():
                stack.enter_context(mock.patch.object(place, name, wrong))
            yield


MUTATIONS: Final = (
    Mutation(
        "pending is a breach",
        "A breach that is shorter than its `for` acts.",
        ("J1",),
        lambda: wrong.breached_if(Verdict.BREACH, Verdict.PENDING),
        "rollback",
    ),
    Mutation(
        "no data is a breach",
        "NaN, an empty answer and a Prometheus that is down count against a version.",
        ("J1", "J5"),
        lambda: wrong.breached_if(Verdict.BREACH, Verdict.INSUFFICIENT, Verdict.BLIND),
        "rollback",
    ),
    Mutation(
        "ignored data is a breach",
        "A threshold whose missing data is to be ignored breaches on it.",
        ("J1",),
        wrong.ignored_data_is_a_breach,
        1,
    ),
    Mutation(
        "no warm-up",
        "A version is judged as soon as its pods are available.",
        ("J1",),
        wrong.no_warmup,
        134,
    ),
    Mutation("looks once", "A model is never evaluated again.", ("F2", "J1"), wrong.looks_once, "rollback"),
    Mutation(
        "acts before the record",
        "The template is switched, and nothing says to which version and why.",
        ("F2",),
        wrong.acts_before_the_record,
        "rollback",
    ),
    Mutation(
        "no verdict first",
        "A rollback is recorded, and not that the version left is Bad.",
        ("R1",),
        wrong.no_verdict_first,
        "rollback",
    ),
    Mutation(
        "Bad is wanted",
        "A Bad version that is still wanted starts again.",
        ("R1",),
        wrong.bad_is_wanted,
        "rollback",
    ),
    Mutation(
        "no cooldown",
        "An automatic rollback follows another at once.",
        ("R5",),
        lambda: wrong.not_limited_by("Cooldown"),
        "two breaches within the cooldown",
    ),
    Mutation(
        "no budget",
        "Automatic rollbacks are not counted.",
        ("R5",),
        lambda: wrong.not_limited_by("BudgetSpent"),
        "more breaches than the budget",
    ),
    Mutation(
        "ping-pong",
        "An automatic rollback undoes another.",
        ("R5",),
        lambda: wrong.not_limited_by("PingPong"),
        "a breach of the version that was gone back to",
    ),
    Mutation(
        "the oldest will do",
        "What is gone back to is the version that was saved first, whatever is known of it.",
        ("R1",),
        wrong.the_oldest_will_do,
        "two breaches within the cooldown",
    ),
    Mutation(
        "suspended and acted on",
        "suspend is not looked at.",
        ("J11", "F2"),
        wrong.acts_when_suspended,
        "a suspended model breaches",
    ),
    Mutation(
        "everything counts for a bake",
        "A version becomes Good while a threshold is breached, blind or held.",
        ("O3",),
        lambda: [(bake, "counts", lambda *_: True)],
        0,
    ),
    Mutation(
        "kill without an entry",
        "A workload is scaled to zero, and nothing says what has to come back.",
        ("F2", "K2"),
        lambda: [wrong.chain(kill.enter_the_workload)],
        "kill of two by one switch",
    ),
    Mutation(
        "entry replayed",
        "A killed model gets its replicas back.",
        ("K2", "F2"),
        wrong.restored_while_killed,
        "kill by a threshold",
    ),
    Mutation(
        "latch lost",
        "A kill of a field counts as released as soon as that is no longer true, whoever changed it.",
        ("K2", "K6", "K8"),
        wrong.latch_lost,
        "GitOps takes a kill back",
    ),
    Mutation(
        "released by GitOps",
        "GitOps releases what a person has killed.",
        ("K8",),
        lambda: [(engaging, "_releasers", lambda view, *_: set(view.model.engaged_owners) - {""})],
        "GitOps takes a kill back",
    ),
    Mutation(
        "observed again",
        "A second switch remembers that a killed model had no replicas.",
        ("K2", "F2"),
        wrong.observed_again,
        "two switches on one model",
    ),
    Mutation(
        "remembered by name",
        "A Deployment that was created anew gets the replicas of the one before it.",
        ("K2", "F2"),
        wrong.remembered_by_name,
        "two kills, and a Deployment that was created anew between them",
    ),
    Mutation(
        "what is left is forgotten",
        "Pods that a Deployment has left, which is gone, count for nothing.",
        ("K4",),
        wrong.what_is_left_is_forgotten,
        "a kill, and pods that hang of a Deployment that is gone",
        reports=True,
    ),
    Mutation(
        "above the ceiling",
        "A probation starts with all replicas.",
        ("K9", "F2"),
        wrong.above_the_ceiling,
        "kill, and a start by hand",
    ),
    Mutation(
        "bounds kept",
        "An autoscaler never gets back what it was set to.",
        ("F2", "K3"),
        lambda: [(autoscalers, "give_back", lambda *_: ())],
        "kill by a field with an autoscaler, and probation",
    ),
    Mutation(
        "autoscaler left alone",
        "An autoscaler goes on while its workload is killed.",
        ("K1",),
        lambda: [(autoscalers, "hold", lambda *_: ())],
        "kill with KEDA and a fallback, and back",
    ),
    Mutation(
        "given back while killed",
        "An autoscaler is given back as soon as its workload is at zero, and not when it is released.",
        ("K2",),
        wrong.given_back_while_killed,
        "kill with KEDA and a fallback, and back",
    ),
    Mutation(
        "requests are left behind",
        "A workload is scaled to zero while requests still go to it, and none go to the fallback.",
        ("K1",),
        lambda: [(traffic, "to_the_fallback", lambda *_: ())],
        "kill with KEDA and a fallback, and back",
    ),
    Mutation(
        "said to be off",
        "A model is told to be killed while its pods still run.",
        ("K4",),
        wrong.off_while_pods_run,
        "kill by a threshold",
        reports=True,
    ),
    Mutation(
        "a person is overruled",
        "What a person calls Good during a kill is Bad again.",
        ("F2", "P3", "K7"),
        wrong.condemns_again,
        "kill, and a person who knows better",
    ),
    Mutation(
        "resume is kept",
        "A resume stays, and starts the next kill's model too.",
        ("F2", "P3"),
        lambda: [wrong.chain(recovery.forget_the_resume)],
        "kill, and a start by hand",
    ),
    Mutation(
        "cache trusted",
        "What is written rests on the watches alone.",
        ("F4", "F2"),
        wrong.trusts_the_cache,
        "rollback",
    ),
    Mutation(
        "no precondition",
        "A template is written over whatever is there.",
        ("F3",),
        wrong.no_precondition,
        "rollback",
    ),
    Mutation(
        "conflict overwritten",
        "A 409 is answered by writing without a precondition.",
        ("F3",),
        wrong.conflict_is_overwritten,
        "kill by a threshold",
    ),
    Mutation(
        "lost is done again",
        "An answer that is lost counts as a failure: a rollback is recorded twice.",
        ("F2", "R1"),
        wrong.lost_is_done_again,
        "rollback",
    ),
    Mutation(
        "a refusal is kept quiet",
        "What the API server refuses is tried again and again, and nobody is told.",
        ("B1",),
        wrong.a_refusal_is_kept_quiet,
        3,
    ),
    Mutation(
        "asks once who leads",
        "What was decided is written to its end, whoever leads by then.",
        ("F5",),
        wrong.asks_once_who_leads,
        18,
    ),
    Mutation(
        "leads past the deadline",
        "Who was stopped goes on leading until it has looked at the Lease.",
        ("F5",),
        wrong.leads_past_the_deadline,
        26,
    ),
    Mutation(
        "replicas with the template",
        "A rollback changes the replicas too.",
        ("R2", "F2"),
        wrong.replicas_with_the_template,
        "rollback",
    ),
    Mutation(
        "endless writes",
        "A status is written again although it says the same.",
        ("F2",),
        lambda: [(Statuses, "latest", lambda *_: {})],
        "adoption",
        reports=True,
    ),
)
BY_NAME: Final = {each.name: each for each in MUTATIONS}
