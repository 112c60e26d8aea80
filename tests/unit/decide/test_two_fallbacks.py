"""Two models that fall back by one Service: it is never fought over (semantics.md, K1)."""

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
