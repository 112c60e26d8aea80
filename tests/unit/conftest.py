"""What all unit tests share."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def loop_of_the_main_thread() -> Iterator[None]:
    """Own the loop that asyncio, before Python 3.12, makes for whoever asks and that nobody closes.

    pytest-asyncio asks for it around each asynchronous test; left to the garbage collector it fails a test that comes
    much later and has nothing to do with it.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
