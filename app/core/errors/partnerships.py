"""Partnerships and invitations."""

from app.core.errors.base import AppError, ErrorCode


class NoActivePartnership(AppError):
    status, code = 404, ErrorCode.NO_ACTIVE_PARTNERSHIP
    message = "You have no active partnership yet. Invite a partner to start one."


class AlreadyPartnered(AppError):
    status, code = 409, ErrorCode.ALREADY_PARTNERED
    message = "You already have an active partnership."


class PartnershipNotFound(AppError):
    status, code = 404, ErrorCode.PARTNERSHIP_NOT_FOUND
    message = "This partnership does not exist."


class CannotInviteSelf(AppError):
    status, code = 400, ErrorCode.CANNOT_INVITE_SELF
    message = "You cannot invite yourself. Enter your partner's e-mail address."


class InviteNotFound(AppError):
    status, code = 404, ErrorCode.INVITE_NOT_FOUND
    message = "This invitation does not exist or was already used. Ask your partner for a new one."


class InviteExpired(AppError):
    status, code = 410, ErrorCode.INVITE_EXPIRED
    message = "This invitation has expired. Ask your partner to send it again."


class InviteForAnotherEmail(AppError):
    status, code = 403, ErrorCode.INVITE_FOR_ANOTHER_EMAIL
    message = (
        "This invitation was sent to another e-mail address. "
        "Sign in with that address, and confirm it, to answer it."
    )
