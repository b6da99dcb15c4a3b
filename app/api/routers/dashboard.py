"""The first page after signing in."""

from app.api.deps import CurrentUser, Dashboards
from app.api.routing import ApiRouter
from app.schemas.base_schemas import Envelope, envelope
from app.schemas.card_schemas import DayParameter
from app.schemas.dashboard_schemas import DashboardRead

router = ApiRouter(prefix="/dashboard", tags=["Dashboard and tasks"])


@router.get("", summary="Read my dashboard")
async def get_dashboard(
    user: CurrentUser, dashboards: Dashboards, date: DayParameter = None
) -> Envelope[DashboardRead]:
    """The caller's day at a glance.

    Systems, their pending count, reflection and prompts are those of `date`; streaks, the other
    counts and alerts are as of now.
    """
    return envelope(await dashboards.read(user, date), "Your dashboard.")
