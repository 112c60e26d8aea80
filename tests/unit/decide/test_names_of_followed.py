"""What a version is called that somebody has put on the workload (semantics.md, O6)."""

import pytest

from tests.unit.decide.following import following, put_on, serving


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("registry:5000/team/fraud:1.5.0", "1.5.0"),
        ("fraud:1.5.0@sha256:1111111111111111111111111111111111111111111111111111111111111111", "1.5.0"),
        (
            "fraud@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "sha256-0123456789ab",
        ),
        ("registry:5000/fraud", "latest"),
        ("fraud:_odd-", "odd"),
        (f"fraud:{'x' * 100}", "x" * 63),
    ],
    ids=["tag", "tag and digest", "digest", "neither", "no label value", "long"],
)
def test_the_name_of_what_is_followed_comes_from_its_image(image: str, name: str) -> None:
    made = following()
    put_on(made, image)
    made.rest()

    assert serving(made) == name


def test_a_tag_that_is_taken_is_told_apart_by_the_digest() -> None:
    made = following()
    put_on(made, "img:b")
    made.rest()
    put_on(made, "img:b", args=["--fast"])
    made.rest()
    assert serving(made) == f"b-{made.digest[:8]}"

    put_on(made, f"img:{'y' * 63}")
    made.rest()
    put_on(made, f"img:{'y' * 63}", args=["--slow"])
    made.rest()
    assert serving(made) == f"{'y' * 54}-{made.digest[:8]}"


def test_a_listed_version_that_is_put_on_keeps_its_name() -> None:
    made = following(versions=[{"name": "candidate", "image": "img:b"}])
    put_on(made, "img:b")
    made.rest()

    assert serving(made) == "candidate"


def test_a_listed_name_with_another_definition_is_taken() -> None:
    made = following(versions=[{"name": "b", "image": "img:other"}])
    put_on(made, "img:b")
    made.rest()

    assert serving(made) == f"b-{made.digest[:8]}"
