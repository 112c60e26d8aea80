import pytest

from devcluster.processnode.apiserver import Object
from tests.cluster.processnode import running
from tests.cluster.processnode.running import BACKOFF_SECONDS, Pods

pytestmark = pytest.mark.cluster


async def test_a_pod_that_crashes_is_restarted_with_back_off(pods: Pods) -> None:
    await pods.run(
        "model", running.shell("echo boom >&2; exit 3", terminationMessagePolicy="FallbackToLogsOnError")
    )
    await pods.until(lambda pods: restarts(pods) >= 3)

    first_wait = next(pod for pod in pods.seen if waiting(pod).get("reason") == "CrashLoopBackOff")
    status = running.main(first_wait)
    assert status["restartCount"] == 1, "the first restart is at once, the second waits"
    assert f"back-off {BACKOFF_SECONDS:g}s restarting failed container=main" in waiting(first_wait)["message"]
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert status["lastState"]["terminated"]["reason"] == "Error"
    assert status["lastState"]["terminated"]["message"] == "boom\n"
    assert first_wait["status"]["phase"] == "Running"
    assert running.condition(first_wait, "Ready") == "False"

    second_wait = next(pod for pod in pods.seen if "back-off 2s" in waiting(pod).get("message", ""))
    assert running.main(second_wait)["restartCount"] == 2


async def test_a_server_that_is_killed_from_within_reports_it_at_once(pods: Pods) -> None:
    await pods.run("model", running.server())
    await pods.until(running.is_ready("model"))
    await pods.tell("model", "/exit?7")
    await pods.until(running.is_not_ready("model"), seconds=5)
    await pods.until(running.is_ready("model"))
    assert running.main(pods.now["model"])["lastState"]["terminated"]["exitCode"] == 7


async def test_a_pod_that_is_not_to_be_restarted_fails(pods: Pods) -> None:
    await pods.run("task", running.shell("exit 4"), restartPolicy="Never")
    await pods.until(running.has_phase("task", "Failed"))
    assert running.state(pods.now["task"])["terminated"]["exitCode"] == 4
    assert running.main(pods.now["task"])["restartCount"] == 0


async def test_a_job_retries_and_completes(pods: Pods) -> None:
    script = 'test -e "$LASTGOOD_VOLUME_STATE/tried" && exit 0; touch "$LASTGOOD_VOLUME_STATE/tried"; exit 1'
    spec = pods.spec(
        running.shell(script), restartPolicy="OnFailure", volumes=[{"name": "state", "emptyDir": {}}]
    )
    job: Object = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job"},
        "spec": {"template": {"spec": spec}},
    }
    await pods.create(job)
    done = await pods.until(
        lambda pods: next(
            (pod for pod in pods.now.values() if pod["status"].get("phase") == "Succeeded"), None
        )
    )
    assert running.main(done)["restartCount"] == 1
    assert running.condition(done, "Ready") == "False"


async def test_init_containers_run_one_after_the_other_before_the_rest(pods: Pods) -> None:
    write = 'echo {} >> "$LASTGOOD_VOLUME_STATE/order"'
    inits = [
        {"name": "first", **running.shell("sleep 0.3; " + write.format("first"))},
        {"name": "second", **running.shell(write.format("second"))},
    ]
    main = running.shell('test "$(cat "$LASTGOOD_VOLUME_STATE/order" | tr "\\n" " ")" = "first second "')
    volumes = [{"name": "state", "emptyDir": {}}]
    await pods.run("task", main, restartPolicy="Never", initContainers=inits, volumes=volumes)
    await pods.until(running.has_phase("task", "Succeeded"))
    assert any(running.condition(pod, "Initialized") == "False" for pod in pods.seen)


async def test_a_sidecar_starts_before_the_task_and_ends_after_it(pods: Pods) -> None:
    sidecar = {"name": "proxy", "restartPolicy": "Always", **running.shell("exec sleep 1000")}
    await pods.run("task", running.shell("sleep 0.3"), restartPolicy="Never", initContainers=[sidecar])
    await pods.until(running.has_phase("task", "Succeeded"))
    ended = pods.now["task"]["status"]["initContainerStatuses"][0]["state"]["terminated"]
    assert ended["exitCode"] == 143


async def test_a_command_that_does_not_exist_is_a_start_error(pods: Pods) -> None:
    await pods.run("model", {"image": "shell:1", "command": ["no-such-program"]})
    await pods.until(running.waits_for("model", "CrashLoopBackOff"))
    last = next(
        main["lastState"]["terminated"] for main in map(running.main, pods.seen) if main.get("lastState")
    )
    assert last["reason"] == "StartError"
    assert last["exitCode"] == 128


async def test_a_pod_past_its_deadline_fails(pods: Pods) -> None:
    await pods.run("task", running.shell("exec sleep 1000"), activeDeadlineSeconds=1)
    await pods.until(running.has_phase("task", "Failed"))
    assert pods.now["task"]["status"]["reason"] == "DeadlineExceeded"


async def test_a_changed_image_replaces_the_container_in_place(pods: Pods) -> None:
    await pods.run("model", running.server())
    await pods.until(running.is_ready("model"))
    body = {"spec": {"containers": [{"name": "main", "image": "server:2"}]}}
    path = f"/api/v1/namespaces/{pods.namespace}/pods/model"
    await pods.api.call("PATCH", path, body=body, content_type="application/strategic-merge-patch+json")
    await pods.until(
        lambda pods: (
            running.main(pods.now["model"])["imageID"].startswith("server@sha256:") and restarts(pods) == 1
        )
    )
    await pods.until(running.is_ready("model"))
    assert running.main(pods.now["model"])["image"] == "server:2"


def restarts(pods: Pods) -> int:
    return max((int(running.main(pod).get("restartCount", 0)) for pod in pods.now.values()), default=0)


def waiting(pod: Object) -> Object:
    found: Object = running.state(pod).get("waiting") or {}
    return found
