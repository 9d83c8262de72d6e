"""Old entries of the audit log are forgotten, where the installation says so."""

from typing import TYPE_CHECKING

from core.queue.jobs import Periodic, every

if TYPE_CHECKING:
    from domain.job_context import JobContext


def _forget(on: "JobContext") -> None:
    from domain.audit.service import forget_old

    forget_old(on.database, on.settings.audit_retention_days)


PERIODIC = (Periodic("forget-audit", every(3_600.0), _forget),)
