"""What worlds are devoted to: rare writes, which some worlds are made for so that every fault befalls each of them.

Left to chance, the writes of a crash that leaves nothing available, or of an autoscaler in probation, would meet each
fault once in ten thousand worlds. So a part of the worlds has what such a write needs, people who bring it about, and
faults that wait for it.
"""

import random
from collections.abc import Mapping
from typing import Final

from tests.simulation import sites
from tests.simulation.faults import Fault, Injector

THEMES: Final[Mapping[str, tuple[str, ...]]] = {
    "outages": ("act.deployment.empty_replica_set",),
    "hpa": ("act.hpa.set_bounds",),
    "keda": ("act.keda.pause",),
    "traffic": ("act.service.switch_traffic",),
    "releases": ("record.switch.release", "record.switch.engage"),
    "everywhere": (
        "record.cluster_switch.engage",
        "record.cluster_switch.release",
        "report.status.cluster_switch",
    ),
    "papers": ("record.checkpoint.note_content", "record.checkpoint.set_owners", "report.unbuilt"),
    "reports": ("report.status.model", "report.events"),
}
"""By theme: the writes that it is for."""
DEVOTED: Final = 0.4
"""How many of the worlds are devoted to a theme."""
ON_THE_THEME: Final = 0.7
"""How many of the faults of such a world wait for its own writes."""
OF_TWO: Final = 0.25
"""Where there are two operators: how many of the faults stop the one that writes, so that the other takes over."""


def theme(chance: random.Random) -> str:
    """Draw what a world is devoted to; empty for nothing."""
    devoted, chosen = chance.random() < DEVOTED, chance.choice(list(THEMES))
    return chosen if devoted else ""


def aim(injector: Injector, chance: random.Random, *, devoted: str, two: bool) -> str:
    """Let a fault wait for a write of one site; return which, for the trace."""
    own = chance.random() < ON_THE_THEME
    site = chance.choice(THEMES[devoted] if devoted and own else sites.SITES)
    if two and chance.random() < OF_TWO:
        fault = Fault.SECOND
    else:
        faults = [fault for fault in Fault if fault is not Fault.SECOND]
        chance.shuffle(faults)
        fault = min(faults, key=lambda each: injector.met[site, each])
    return f"{fault} at the next {site}" if injector.aim(fault, site) else "none"
