"""The demo's story, step by step, on the embedded cluster with real Prometheus and real model servers."""

import pytest
import rich.console

from demo import names, scene, stage, story, telling, traffic

pytestmark = pytest.mark.e2e


@pytest.mark.timeout(600)
async def test_a_bad_version_is_rolled_back_and_a_killed_model_stays_dead_until_a_person_releases_it(
    built_stage: stage.Stage,
) -> None:
    client = traffic.Traffic(address=built_stage.address, model=names.MODEL, rows=built_stage.rows)
    await client.start()
    played: list[story.Played] = []
    try:
        teller = telling.Telling(console=rich.console.Console(width=150))
        await story.play(scene.Scene(stage=built_stage, traffic=client, telling=teller), played=played)
    finally:
        await client.stop()
    assert [step.title for step in played] == [step.title for step in story.STORY]
