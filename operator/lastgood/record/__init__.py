"""Recording: decisions become durable facts in our own resources, before anything is touched (semantics.md, F2).

Every write carries the resourceVersion of what the decision was made from, so that a fact is never laid over one that
the decision did not know.
"""
