"""Logs of a cluster: components write one each, pods on process nodes one per container."""

import collections
import time
from collections.abc import Iterator
from pathlib import Path

from devcluster import errors
from devcluster.run.layout import Layout

FOLLOW_INTERVAL = 0.2


def find(layout: Layout, which: str, /) -> list[Path]:
    """Return the logs of a component, or of NAMESPACE/POD. Raises ComponentError that lists what there is."""
    if "/" in which:
        namespace, _, pod = which.partition("/")
        found = sorted(layout.nodes.glob(f"*/pods/{namespace}_{pod}/*.log"))
    else:
        found = [path for path in [layout.log(which)] if path.exists()]
    if not found:
        components = sorted(path.stem for path in layout.logs.glob("*.log"))
        pods = sorted({path.name.replace("_", "/", 1) for path in layout.nodes.glob("*/pods/*")})
        raise errors.ComponentError(
            f"There is no log of {which!r}; there are those of {', '.join([*components, *pods]) or 'nothing'}."
        )
    return found


def read(paths: list[Path], /, *, lines: int, follow: bool) -> Iterator[str]:
    """Yield the last lines of each log; with ``follow``, then whatever is added to the last of them."""
    for path in paths:
        if len(paths) > 1:
            yield f"==> {path.name} <==\n"
        with path.open(encoding="utf-8", errors="replace") as log:
            yield from collections.deque(log, maxlen=lines)
            while follow and path == paths[-1] and path.exists():
                line = log.readline()
                if line:
                    yield line
                else:
                    time.sleep(FOLLOW_INTERVAL)
