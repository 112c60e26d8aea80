"""Reporting: what people, `kubectl wait`, dashboards and events are told of a decision (architecture.md).

The only room that writes status. No decision ever reads what it writes (rule F2), so all of it may be lost at any time.
Working out what to say is pure (`summary`, `switches`, `events.transitions`); saying it is I/O (`status`, `events`,
`metrics`) and must never stop or delay a decision.
"""
