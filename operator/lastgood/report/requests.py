"""What people asked for by annotation, and what came of it: the latest of each kind, from the answers on record."""

from lastgood.api.modeldeployment_status import RequestStatus
from lastgood.decide.view import View


def answered(view: View) -> tuple[RequestStatus, ...] | None:
    """Return the latest answer to each kind of request, or None when nobody has asked for anything."""
    found = sorted((a for c in view.facts.checkpoints for a in c.answers), key=lambda a: a.at)
    latest = {answer.request: answer for answer in found}
    return (
        tuple(
            RequestStatus(
                request=answer.request,
                value=answer.asked.value,
                by=answer.asked.by or None,
                at=answer.at,
                outcome=answer.outcome,
                message=answer.message,
            )
            for _, answer in sorted(latest.items())
        )
        or None
    )
