"""The safety case is what the tests and the rules say, and no rule that is built is without a test."""

from tests.safety import __main__ as case
from tests.safety import limits, naming
from tests.unit.house import tracked


def test_the_page_is_up_to_date() -> None:
    assert tracked.text(case.FILE) == case.page(), "run python -m tests.safety"


def test_every_rule_that_is_built_is_held_by_a_test() -> None:
    found = naming.tests_by_rule()
    bare = [rule.name for rule in naming.rules() if rule.status != "not yet" and not found.get(rule.name)]
    assert bare == []


def test_limits_are_told_of_rules_that_exist() -> None:
    assert limits.LIMITS.keys() <= {rule.name for rule in naming.rules()}


def test_a_test_names_its_rules_or_its_module_does() -> None:
    assert naming._rules_in("K3, K9: held at the ceiling (rules J1 to J3).") == {"K3", "K9", "J1", "J2", "J3"}
