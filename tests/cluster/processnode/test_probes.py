import pytest

from tests.cluster.processnode import running
from tests.cluster.processnode.running import Pods, RunningNode

pytestmark = pytest.mark.cluster


async def test_a_pod_becomes_ready_by_its_own_probe_and_loses_it_again(pods: Pods) -> None:
    await pods.run("model", running.server(env=[{"name": "READY", "value": "0"}]))
    await pods.until(lambda pods: "running" in running.state(pods.now.get("model", {"status": {}})))
    assert running.condition(pods.now["model"], "Ready") == "False"
    assert running.main(pods.now["model"])["started"] is True

    await pods.tell("model", "/ready?1")
    await pods.until(running.is_ready("model"))
    assert running.main(pods.now["model"])["ready"] is True
    assert pods.now["model"]["status"]["podIP"].startswith("127.")

    await pods.tell("model", "/ready?0")
    await pods.until(running.is_not_ready("model"))
    assert running.main(pods.now["model"])["restartCount"] == 0


async def test_a_readiness_probe_sends_its_headers(pods: Pods) -> None:
    probe = {
        "httpGet": {"path": "/header", "port": 8080, "httpHeaders": [{"name": "X-Probe", "value": "yes"}]},
        "periodSeconds": 1,
    }
    await pods.run("model", running.server(readinessProbe=probe))
    await pods.until(running.is_ready("model"))


@pytest.mark.parametrize(
    "action",
    [{"tcpSocket": {"port": "http"}}, {"exec": {"command": ["sh", "-c", 'test "$HOSTNAME" = model']}}],
    ids=["tcpSocket", "exec"],
)
async def test_a_pod_becomes_ready_by_another_kind_of_probe(pods: Pods, action: dict[str, object]) -> None:
    await pods.run("model", running.server(readinessProbe={**action, "periodSeconds": 1}))
    await pods.until(running.is_ready("model"))


async def test_a_container_that_fails_its_liveness_probe_is_restarted(pods: Pods, node: RunningNode) -> None:
    probe = {"httpGet": {"path": "/live", "port": "http"}, "periodSeconds": 1, "failureThreshold": 2}
    await pods.run("model", running.server(livenessProbe=probe))
    await pods.until(running.is_ready("model"))
    await pods.tell("model", "/live?0")

    await pods.until(lambda pods: running.main(pods.now["model"])["restartCount"] == 1)
    await pods.until(running.is_ready("model"))
    status = running.main(pods.now["model"])
    assert status["lastState"]["terminated"]["exitCode"] == 0, "it was asked to end, and did"
    assert "SIGTERM" in node.log(pods.now["model"], previous=True)


async def test_nothing_else_is_probed_before_the_startup_probe_succeeds(pods: Pods) -> None:
    startup = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1, "failureThreshold": 30}
    liveness = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1, "failureThreshold": 1}
    slow = [{"name": "STARTUP_SECONDS", "value": "3"}]
    await pods.run("model", running.server(startupProbe=startup, livenessProbe=liveness, env=slow))
    await pods.until(running.is_ready("model"))
    assert running.main(pods.now["model"])["restartCount"] == 0
    assert any(running.main(pod).get("started") is False for pod in pods.seen)


async def test_a_container_that_does_not_start_up_is_restarted(pods: Pods) -> None:
    startup = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 1, "failureThreshold": 1}
    await pods.run(
        "model", running.server(startupProbe=startup, env=[{"name": "STARTUP_SECONDS", "value": "60"}])
    )
    await pods.until(
        lambda pods: running.main(pods.now.get("model", {"status": {}})).get("restartCount", 0) >= 1
    )
