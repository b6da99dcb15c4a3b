"""Messages and comments."""

from app.core.errors.base import AppError, ErrorCode


class MessageNotFound(AppError):
    status, code = 404, ErrorCode.MESSAGE_NOT_FOUND
    message = "This message does not exist."


class MessageTooOld(AppError):
    status, code = 409, ErrorCode.MESSAGE_TOO_OLD
    message = "A message can only be deleted within 15 minutes after it was sent."


class CommentNotFound(AppError):
    status, code = 404, ErrorCode.COMMENT_NOT_FOUND
    message = "This comment does not exist."


class ReplyToReply(AppError):
    status, code = 422, ErrorCode.REPLY_TO_REPLY
    message = "Replies cannot be replied to. Answer the comment at the top instead."
    fields = ("parentCommentId",)
