"""The mail that tells a workspace's owner that its messages run out."""

from zoneinfo import ZoneInfo

from core.clock import utc_now
from core.database import Database
from core.mail import Mailer
from core.visible import one_line
from domain.plans import limits_of
from domain.usage.months import month_at
from domain.usage.repository import told


def mail_quota(database: Database, mailer: Mailer, workspace_id: str, month: str, percent: int) -> None:
    """Nothing for a workspace that was deleted, or whose month or plan is another one by now."""
    with database.read() as session:
        found = told(session, workspace_id, month)
    if found is None:
        return
    workspace = found.workspace
    now, most = month_at(utc_now(), workspace.timezone), limits_of(workspace.plan).messages
    if most is None or now.name != month or found.messages * 100 < most * percent:
        return
    if percent < 100 and found.messages >= most:  # it was late: the mail that all are used follows
        return
    name = one_line(workspace.name)
    when = f"{now.ends_at.astimezone(ZoneInfo(workspace.timezone)):%Y-%m-%d %H:%M} ({workspace.timezone})"
    what = "are refused (429 QUOTA_EXCEEDED)" if percent == 100 else "will be refused once they are used up"
    text = (
        f"The workspace “{name}” has used {found.messages:,} of the {most:,} messages that the plan {workspace.plan} "
        f"allows a month.\n\nFurther questions to its agents {what}, in the widget and by the API, until {when}. With "
        "a larger plan they go on at once: ask whoever runs this service for one."
    )
    mailer.send(found.to, f"{percent} % of this month's messages of “{name}” are used", text)
