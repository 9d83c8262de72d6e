"""Leases: who works on what, and whether they still live.

A claim makes a new lease; its id is the fencing token that every later write names (Kleppmann, "How to do
distributed locking", 2016). One lease covers a whole claimed batch, so one heartbeat row serves hundreds of
documents.
"""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.clock import utc_now
from core.database import Base, Created, Id, Tenancy
from core.database.conflicts import insert_into
from core.ids import Prefix, new_id


class Lease(Created, Base):
    """A worker's claim; past `expires_at` anybody may take over."""

    __tablename__ = "leases"
    tenancy = Tenancy.NONE
    transient = True

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    holder: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


def acquire(session: Session, holder: str, ttl_s: float) -> str:
    """A new lease; its id."""
    lease_id = new_id(Prefix.LEASE)
    expires = utc_now() + timedelta(seconds=ttl_s)
    row = {"id": lease_id, "holder": holder, "expires_at": expires, "created_at": utc_now()}
    session.execute(insert(Lease), [row])
    return lease_id


def renew(session: Session, lease_id: str, ttl_s: float) -> bool:
    """Heartbeat; False when the lease was taken away."""
    expires = utc_now() + timedelta(seconds=ttl_s)
    result = session.execute(update(Lease).where(Lease.id == lease_id).values(expires_at=expires))
    return isinstance(result, CursorResult) and result.rowcount == 1


def release(session: Session, lease_id: str) -> None:
    session.execute(delete(Lease).where(Lease.id == lease_id))


def is_held(session: Session, lease_id: str) -> bool:
    """Whether the holder may still write: it has neither ended its work nor been declared dead by a sweeper."""
    return session.scalar(select(Lease.id).where(Lease.id == lease_id)) is not None


def lapse_all(session: Session) -> None:
    """Every holder is known to be dead: the sweeper need not wait for the clock."""
    session.execute(update(Lease).values(expires_at=Lease.created_at))


def expired(session: Session, limit: int = 100) -> list[str]:
    """Leases whose holder fell silent, locked against other sweepers."""
    lapsed = select(Lease.id).where(Lease.expires_at < utc_now()).limit(limit)
    return list(session.scalars(lapsed.with_for_update(skip_locked=True)))


def take_turn(session: Session, name: str, ttl_s: float) -> str | None:
    """What only one may do at a time: a token for `end_turn`; None while somebody else is at it.

    `name` is the lease's id, so at most one holds it; one that is past its time is taken over.
    """
    token, now = new_id(Prefix.LEASE), utc_now()
    row = {"id": name, "holder": token, "expires_at": now + timedelta(seconds=ttl_s), "created_at": now}
    taken = insert_into(session, Lease).values(row)
    over = {"holder": token, "expires_at": row["expires_at"]}
    taken = taken.on_conflict_do_update(index_elements=["id"], set_=over, where=Lease.expires_at < now)
    taken_by: str | None = session.scalar(taken.returning(Lease.holder))
    return taken_by


def keep_turn(session: Session, name: str, token: str, ttl_s: float) -> bool:
    """False where it was taken over."""
    mine = update(Lease).where(Lease.id == name, Lease.holder == token)
    result = session.execute(mine.values(expires_at=utc_now() + timedelta(seconds=ttl_s)))
    return isinstance(result, CursorResult) and result.rowcount == 1


def end_turn(session: Session, name: str, token: str) -> None:
    session.execute(delete(Lease).where(Lease.id == name, Lease.holder == token))
