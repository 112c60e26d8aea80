"""Log lines, as people and as collectors read them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from lastgood.runtime import logs


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET}
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def written(log_format: str, level: str = "info") -> tuple[io.StringIO, logging.Logger]:
    stream = io.StringIO()
    logs.configure(log_format=log_format, level=level, stream=stream)
    return stream, logging.getLogger("lastgood.test")


def test_json_is_one_object_a_line_whatever_is_said() -> None:
    stream, log = written("json")
    log.warning("ml/fraud: %s", 'two\nlines and "quotes"')
    try:
        json.loads("{")
    except ValueError:
        log.exception("failed")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[0]["message"] == 'ml/fraud: two\nlines and "quotes"'
    assert lines[0]["level"] == "warning"
    assert lines[0]["time"].endswith("Z")
    assert "JSONDecodeError" in lines[1]["exception"]


def test_text_is_time_level_and_message() -> None:
    stream, log = written("text")
    log.info("ml/fraud: serving")
    assert stream.getvalue().rstrip().endswith("Z INFO    ml/fraud: serving")


def test_debug_lines_of_libraries_stay_out_as_they_may_show_a_token() -> None:
    stream, log = written("text", "debug")
    logging.getLogger("kubernetes.aio.client.rest").debug("Authorization: Bearer secret")
    logging.getLogger("urllib3.connectionpool").debug("GET /?token=secret")
    log.debug("own")
    assert "secret" not in stream.getvalue()
    assert "own" in stream.getvalue()
