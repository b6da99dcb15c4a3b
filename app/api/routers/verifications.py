"""The partner's word on a check-in (Specification §4.5)."""

from uuid import UUID

from app.api.deps import CurrentUser, PageDep, Verifications
from app.api.openapi import errors
from app.api.routing import ApiRouter
from app.core.errors import ErrorCode
from app.schemas.base_schemas import Envelope, Page, envelope
from app.schemas.checkin_schemas import CheckinRead, VerificationDecision, VerificationItem

router = ApiRouter(prefix="/verifications", tags=["Verifications"])


@router.get("/queue", summary="List what waits for me")
async def list_verification_queue(
    user: CurrentUser, verifications: Verifications, page: PageDep
) -> Envelope[Page[VerificationItem]]:
    """The partner's check-ins that wait for the caller's verification, oldest first."""
    return envelope(await verifications.queue(user, page=page), "Waiting for your verification.")


@router.post(
    "/{checkin_id}/verify",
    summary="Verify or query a check-in",
    responses=errors(
        ErrorCode.CHECKIN_NOT_FOUND,
        ErrorCode.CANNOT_VERIFY_OWN,
        ErrorCode.NOT_AWAITING_VERIFICATION,
    ),
)
async def verify_checkin(
    checkin_id: UUID, data: VerificationDecision, user: CurrentUser, verifications: Verifications
) -> Envelope[CheckinRead]:
    """Decide once; the owner is told. A query asks for more and needs a text."""
    return envelope(await verifications.decide(user, checkin_id, data), "Decision saved.")
