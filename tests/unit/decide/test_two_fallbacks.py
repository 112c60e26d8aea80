"""One Service and two that want it: two models, or two kills of one (semantics.md, K1, K2, K9)."""

from lastgood.decide import facts
from tests.unit.decide.scenes import with_fallback


def test_a_kill_leaves_a_service_alone_that_is_switched_for_another_model() -> None:
    """K1, K6: it is not fought over, and the kill does not wait for it."""
    made = with_fallback(action="Fallback")
    made.claimed_by = "churn"
    made.engage()
    made.wait(1)

    assert (made.replicas, made.served_by) == (0, "model")
    entry = made.entry("incident")
    assert entry is not None
    assert entry.traffic is None


def test_a_model_whose_traffic_was_taken_gets_it_back_whoever_wants_the_service_meanwhile() -> None:
    """K9."""
    made = with_fallback(action="Fallback")
    made.engage()
    made.wait(1)
    made.claimed_by = "churn"
    made.release()
    made.wait(60)

    assert (made.replicas > 0, made.served_by) == (True, "model")


def test_traffic_that_only_one_of_two_switches_has_on_record_returns_all_the_same() -> None:
    """K2, K9: found by simulated seed 512. The first kill was coming back when the second took the traffic."""
    made = with_fallback()
    made.engage("earlier")
    made.wait(1)
    made.release("earlier")
    made.spec["killSwitch"] = {"action": "Fallback"}
    made.engage("later")
    made.wait(1)
    earlier, later = made.entry("earlier"), made.entry("later")
    assert earlier is not None
    assert later is not None
    assert (earlier.traffic, later.traffic) == (None, facts.Route("front", {"app": "m", "role": "model"}))
    assert made.served_by == "fallback"
    made.release("later")
    made.wait(60)

    assert (made.replicas > 0, made.served_by) == (True, "model")
    assert (made.entry("earlier"), made.entry("later")) == (None, None)
