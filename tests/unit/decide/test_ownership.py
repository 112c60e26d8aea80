"""Whose the checkpoints are when their model is deleted (rule P2)."""

from lastgood.api import names
from tests.unit.decide.scenes import killed, proven


def test_checkpoints_stay_by_default() -> None:
    made = proven()
    assert [c.owners for c in made.checkpoints] == [()]


def test_an_annotated_model_owns_its_checkpoints_and_those_to_come() -> None:
    made = proven()
    made.annotations[names.ANNOTATION_DELETE_CHECKPOINTS] = "true"
    made.want("b")
    made.wait(2)
    assert {owner["uid"] for c in made.checkpoints for owner in c.owners} == {"uid-1"}
    assert all(len(c.owners) == 1 for c in made.checkpoints)


def test_who_takes_the_annotation_back_keeps_them() -> None:
    for value in (None, "false", "True"):
        made = proven()
        made.annotations[names.ANNOTATION_DELETE_CHECKPOINTS] = "true"
        made.rest()
        if value is None:
            del made.annotations[names.ANNOTATION_DELETE_CHECKPOINTS]
        else:
            made.annotations[names.ANNOTATION_DELETE_CHECKPOINTS] = value
        made.rest()
        assert made.version("a").owners == ()


def test_it_is_done_while_the_model_is_killed_too() -> None:
    made = killed()
    made.annotations[names.ANNOTATION_DELETE_CHECKPOINTS] = "true"
    made.rest()
    assert len(made.version("a").owners) == 1
