"""What a process asks the API server and Prometheus in a replayed world, and what it is answered, for people."""

import asyncio
import contextlib
import functools
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final
from unittest import mock

from tests.simulation.connection import Connection
from tests.simulation.prometheus import Answers

LONGEST: Final = 600
"""Characters of a body that are told."""
VERBS: Final = ("get", "list", "create", "patch")


@contextlib.contextmanager
def told(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell of each request when it is answered, and when it was sent."""
    with contextlib.ExitStack() as stack:
        for verb in VERBS:
            asked = _telling(getattr(Connection, verb), verb.upper(), tell)
            stack.enter_context(mock.patch.object(Connection, verb, asked))
        for verb in ("query", "query_range", "alive"):
            asked = _telling(getattr(Answers, verb), verb, tell)
            stack.enter_context(mock.patch.object(Answers, verb, asked))
        yield


def _telling(
    ask: Callable[..., Awaitable[Any]], verb: str, tell: Callable[[str], None]
) -> Callable[..., Any]:
    @functools.wraps(ask)
    async def asked(self: Any, *args: Any, **options: Any) -> Any:
        sent, loop = asyncio.get_running_loop().time(), asyncio.get_running_loop()
        answer = "no answer"
        try:
            found = await ask(self, *args, **options)
            answer = _answer(found)
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
            raise
        else:
            return found
        finally:
            words = " ".join(_word(each) for each in (*args, *options.values()) if each is not None)
            who = self.identity if isinstance(self, Connection) else self.asked_by
            tell(f"{loop.time():9.2f}    {who} {verb} {words} (sent {sent:.2f}) -> {answer}")

    return asked


def _word(value: Any) -> str:
    if hasattr(value, "plural"):
        return str(value.plural)
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str)[:LONGEST]


def _answer(found: Any) -> str:
    if isinstance(found, dict):
        return f"resourceVersion {found['metadata'].get('resourceVersion')}"
    if isinstance(found, list | tuple) and all(isinstance(each, dict) for each in found):
        return ", ".join(str(each["metadata"].get("name")) for each in found) or "none"
    return str(found)[:LONGEST]
