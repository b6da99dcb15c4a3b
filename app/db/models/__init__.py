"""All models: importing this package fills `Base.metadata`.

Every foreign key leads an index, its own or a wider one; other indexes stand where a query uses
them. On check-ins, messages and notifications, which are written most, a column that the
specification calls indexed is served by a composite or partial index instead of one of its own.
"""

from app.db.models.account_deletion import AccountDeletion
from app.db.models.ai_usage import AiUsage
from app.db.models.checkin import Checkin
from app.db.models.comment import Comment
from app.db.models.direct_message import DirectMessage
from app.db.models.email_outbox import EmailOutbox
from app.db.models.email_suppression import EmailSuppression
from app.db.models.goal import Goal
from app.db.models.idempotency_key import IdempotencyKey
from app.db.models.live_event import LiveEvent
from app.db.models.notification import Notification
from app.db.models.partnership import Partnership
from app.db.models.periodic_run import PeriodicRun
from app.db.models.rate_limit import RateLimit
from app.db.models.reaction import Reaction
from app.db.models.reflection import Reflection
from app.db.models.streak import StreakCheckpoint, StreakMilestone
from app.db.models.system import System
from app.db.models.system_history import SystemPause, SystemSchedule
from app.db.models.upload import Upload
from app.db.models.user import User
from app.db.models.user_timezone import UserTimezone

__all__ = [
    "AccountDeletion",
    "AiUsage",
    "Checkin",
    "Comment",
    "DirectMessage",
    "EmailOutbox",
    "EmailSuppression",
    "Goal",
    "IdempotencyKey",
    "LiveEvent",
    "Notification",
    "Partnership",
    "PeriodicRun",
    "RateLimit",
    "Reaction",
    "Reflection",
    "StreakCheckpoint",
    "StreakMilestone",
    "System",
    "SystemPause",
    "SystemSchedule",
    "Upload",
    "User",
    "UserTimezone",
]
