"""A person gives a version its verdict by annotation of the checkpoint; it overrules the operator's (rule P3)."""

import dataclasses
from datetime import datetime, timedelta

import pytest

from lastgood.decide import records
from lastgood.judge.verdict import Judgement, Track
from tests.unit.decide.scenes import breaching, killed, model, proven, rolled_back
from tests.unit.decide.simulator import World

ARGO = "argocd-controller"


def test_a_running_version_that_a_person_calls_bad_is_gone_back_from() -> None:
    made = proven()
    made.want("b")
    made.wait(8)
    made.ask_verdict("b", "Bad")
    made.wait(2)
    verdict = made.version("b").verdict
    assert (made.running, verdict.worth, verdict.by) == ("a", "Bad", "kubectl-annotate")
    assert made.version("b").asked is None, "taken down with the answer"


def test_a_bad_version_that_a_person_clears_is_rolled_out_and_bakes_anew() -> None:
    made = rolled_back()
    made.breaches.clear()
    made.ask_verdict("b", "Unproven")
    made.wait(3)
    assert (made.running, made.worth("b")) == ("b", "Unproven")
    made.wait(6)
    assert made.worth("b") == "Good"


def test_it_is_recorded_while_the_model_is_killed() -> None:
    made = killed()
    made.ask_verdict("a", "Bad")
    made.rest()
    assert (made.worth("a"), made.replicas) == ("Bad", 0)


@pytest.mark.parametrize("value", ["good", "", "Worse"])
def test_what_is_no_verdict_is_refused(value: str) -> None:
    made = proven()
    made.ask_verdict("a", value)
    made.rest()
    assert made.worth("a") == "Good"
    assert made.answers() == [("verdict", value, "Refused")]


def test_a_verdict_in_a_manifest_counts_once_whatever_is_found_out_later() -> None:
    made = proven()
    made.want("b")
    made.wait(8)
    made.ask_verdict("b", "Good", by=ARGO)
    made.wait(1)
    made.breaches.add(("img:b", "errors"))
    made.wait(5)
    assert (made.running, made.worth("b")) == ("a", "Bad")
    assert made.version("b").asked is not None
    assert len([each for each in made.done(records.GiveVerdict) if each.answer is not None]) == 1


class Timed(World):
    """A world in which a breach was seen to begin at `began_at`."""

    began_at: datetime | None = None

    def _judgement(self, threshold, workload) -> Judgement:  # type: ignore[no-untyped-def]
        found = super()._judgement(threshold, workload)
        return dataclasses.replace(found, track=Track(began_at=self.began_at))


def held_in_breach(*, switched_ahead: timedelta = timedelta(0)) -> Timed:
    """A model whose only version breaches, and is called Unproven by a person all the same."""
    base = model("a")
    made = Timed(base.spec)
    made.now += switched_ahead
    made.wait(3)
    made.now -= switched_ahead
    made.breaches.add(("img:a", "errors"))
    made.began_at = made.now
    made.wait(2)
    assert made.worth("a") == "Bad"
    made.ask_verdict("a", "Unproven")
    made.wait(1)
    return made


def test_what_was_known_when_the_person_spoke_does_not_overrule_them_back() -> None:
    made = held_in_breach()
    decision = made.wait(30)
    assert made.worth("a") == "Unproven"
    assert (decision.reason, decision.degraded) == ("Overruled", "Overruled")


def test_a_process_that_did_not_see_the_breach_begin_does_not_overrule_the_person() -> None:
    """P3: a restart of the operator, or an outage of Prometheus, is nothing that the person did not know."""
    made = held_in_breach()
    made.began_at = None
    decision = made.wait(30)
    assert made.worth("a") == "Unproven"
    assert decision.reason == "Overruled"


def test_a_person_is_believed_who_speaks_by_a_clock_behind_that_of_the_switch() -> None:
    """P3: the version was switched to by a process whose clock was ahead, or the clock was set back since."""
    made = held_in_breach(switched_ahead=timedelta(hours=1))
    decision = made.wait(30)
    assert made.worth("a") == "Unproven"
    assert (decision.reason, decision.degraded) == ("Overruled", "Overruled")


def test_a_breach_that_begins_later_is_news() -> None:
    made = held_in_breach()
    made.breaches.clear()
    made.wait(1)
    made.breaches.add(("img:a", "errors"))
    made.began_at = made.now
    made.wait(1)
    assert made.worth("a") == "Bad"


def test_time_from_before_a_person_called_it_unproven_makes_it_no_better() -> None:
    """O3."""
    made = proven()
    made.wait(60)
    made.ask_verdict("a", "Unproven")
    made.wait(3)
    assert (made.worth("a"), made.version("a").verdict.by) == ("Unproven", "kubectl-annotate")
    made.wait(3)
    assert made.worth("a") == "Good"


def test_a_kill_threshold_kills_whatever_a_person_thinks_of_the_version() -> None:
    """K7."""
    made = breaching(minutes=0)
    made.breaches.clear()
    made.ask_verdict("b", "Good")
    made.wait(1)
    made.breaches = {("img:b", "toxic")}
    made.wait(1)
    assert (made.replicas, made.worth("b")) == (0, "Bad")
