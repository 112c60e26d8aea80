"""A merge patch from one status to another, held to RFC 7396."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lastgood.report.status import merge_patch

values = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=10,
)
objects = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


def applied(target: Any, patch: Any) -> Any:
    """Apply a patch as section 2 of the RFC says."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = applied(result.get(key), value)
    return result


@given(before=objects, after=objects)
def test_a_patch_leads_from_one_object_to_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert applied(before, merge_patch(before, after)) == after


@given(before=objects)
def test_nothing_changed_is_an_empty_patch(before: dict[str, Any]) -> None:
    assert merge_patch(before, before) == {}


def test_only_what_changed_is_sent() -> None:
    before = {"state": "Baking", "killSwitch": {"engaged": False, "replicasBefore": 4}, "versions": [1]}
    after = {"state": "Serving", "killSwitch": {"engaged": False}, "versions": [1]}
    assert merge_patch(before, after) == {"state": "Serving", "killSwitch": {"replicasBefore": None}}
