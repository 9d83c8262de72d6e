"""API keys: made, listed, revoked, rotated; and what one that is presented may do."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from core.clock import iso, utc_now
from core.crypto import Keyring, new_token
from core.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from core.ids import Prefix, new_id
from domain.api_keys.origins import is_allowed
from domain.api_keys.repository import ApiKeyRepository, by_digest
from domain.audit.actions import Action
from domain.audit.facts import facts
from domain.audit.recording import audit_change, created
from domain.models import ApiKey
from domain.principal import ALL, ROLE_PERMISSIONS, Permission, Principal, Role
from domain.workspaces.repository import WorkspaceRepository

OVERLAP_HOURS = 24
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DOMAIN = re.compile(r"\*|(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(:\d{1,5})?")


class KeyKind(StrEnum):
    PUBLIC = "public"
    SECRET = "secret"


PREFIXES = {KeyKind.PUBLIC: "pk_live_", KeyKind.SECRET: "sk_live_"}


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """What somebody asks for."""

    name: str
    kind: KeyKind = KeyKind.PUBLIC
    allowed_domains: tuple[str, ...] = ()
    permissions: tuple[str, ...] = (ALL,)
    allowed_ips: tuple[str, ...] = ()
    expires_at: datetime | None = None
    messages_per_day: int | None = None


class ApiKeyService:
    def __init__(self, session: Session, who: Principal, keys: Keyring) -> None:
        self._session, self._who, self._keys = session, who, keys
        self._rows = ApiKeyRepository(session, who)

    def create(self, order: KeyOrder) -> tuple[ApiKey, str]:
        """The row and the key itself, which is never shown again."""
        row, key = self._made(order)
        created(self._session, self._who, Action.API_KEY_CREATED, row)
        return row, key

    def _made(self, order: KeyOrder) -> tuple[ApiKey, str]:
        self._who.require(Permission.KEYS_MANAGE)
        _check(order, self._who)
        self._check_limits(order)
        key = new_token(PREFIXES[order.kind])
        row = ApiKey(
            id=new_id(Prefix.API_KEY),
            workspace_id=self._who.workspace_id,
            created_by=self._who.user_id,
            name=order.name,
            kind=order.kind,
            digest=self._keys.digest("api-key", key),
            key_prefix=f"{key[:11]}...{key[-3:]}",
            allowed_domains=[domain.lower() for domain in order.allowed_domains],
            permissions=self._granted(order),
            allowed_ips=list(order.allowed_ips),
            expires_at=order.expires_at,
            messages_per_day=order.messages_per_day,
        )
        self._session.add(row)
        return row, key

    def page(self, limit: int, offset: int) -> tuple[list[ApiKey], int]:
        self._who.require(Permission.KEYS_READ)
        return self._rows.page(limit, offset)

    def revoke(self, key_id: str) -> ApiKey:
        self._who.require(Permission.KEYS_MANAGE)
        row = self._get(key_id)
        before = facts(row)
        row.revoked_at = row.revoked_at or utc_now()
        audit_change(self._session, self._who, Action.API_KEY_REVOKED, row, before)
        return row

    def rotate(self, key_id: str, overlap_hours: int = OVERLAP_HOURS) -> tuple[ApiKey, str]:
        """A new key like the old one, with its permissions and limits; the old one works on for `overlap_hours`."""
        self._who.require(Permission.KEYS_MANAGE)
        old = self._get(key_id)
        if not old.is_active:
            raise InvalidInput("This key is revoked or expired: create a new one instead.", code="KEY_INACTIVE")
        order = KeyOrder(
            old.name, KeyKind(old.kind), tuple(old.allowed_domains), tuple(old.permissions) or (ALL,),
            tuple(old.allowed_ips), old.expires_at, old.messages_per_day,
        )  # fmt: skip
        made = self._made(order)  # first: a key that rotates itself is held to the limits it has had until now
        made[0].line_id = old.line_id or old.id
        ends = utc_now() + timedelta(hours=overlap_hours)
        old.expires_at = min(old.expires_at, ends) if old.expires_at else ends
        created(self._session, self._who, Action.API_KEY_ROTATED, made[0])
        return made

    def _check_limits(self, order: KeyOrder) -> None:
        """Raise `Forbidden` where a key would make one that works for longer, or from more addresses, than itself."""
        maker = self._rows.get(self._who.key_id) if self._who.key_id else None
        if maker is None:
            return
        if maker.expires_at is not None and (order.expires_at is None or order.expires_at > maker.expires_at):
            raise Forbidden(
                f"This API key expires at {iso(maker.expires_at)}: a key that it makes needs an expires_at no later.",
                code="KEY_LIMITS", field="expires_at",
            )  # fmt: skip
        if maker.allowed_ips and not _within(order.allowed_ips, maker.allowed_ips):
            raise Forbidden(
                "This API key works from some addresses only: a key that it makes needs allowed_ips within them.",
                code="KEY_LIMITS", field="allowed_ips",
            )  # fmt: skip

    def _granted(self, order: KeyOrder) -> list[str]:
        """`*` is all that its creator may do; made by a key it is what that key may do, never more."""
        if order.kind is not KeyKind.SECRET:
            return []
        return (
            sorted(self._who.permissions) if ALL in order.permissions and self._who.key_id else list(order.permissions)
        )

    def _get(self, key_id: str) -> ApiKey:
        row = self._rows.get(key_id)
        if row is None:
            raise NotFound("There is no such API key in this workspace.", code="API_KEY_NOT_FOUND")
        return row


def principal_of_key(session: Session, keys: Keyring, key: str, address: str | None) -> Principal:
    """Who a presented secret key speaks for: never more than its creator may do today."""
    row = by_digest(session, keys.digest("api-key", key))
    if row is None or row.kind != KeyKind.SECRET or not row.is_active:
        raise Unauthenticated("The API key is not valid, revoked or expired.", code="INVALID_API_KEY")
    role = WorkspaceRepository(session).role(row.workspace_id, row.created_by)
    if role is None:
        raise Unauthenticated("The API key's creator has left the workspace: create a new key.", code="INVALID_API_KEY")
    if row.allowed_ips and not _address_allowed(row.allowed_ips, address):
        raise Forbidden("This API key does not work from this address.", code="IP_NOT_ALLOWED")
    allowed = ROLE_PERMISSIONS[Role(role)]
    granted = allowed if ALL in row.permissions else allowed & {Permission(p) for p in row.permissions if _known(p)}
    return Principal(row.workspace_id, row.created_by, frozenset(granted), key_id=row.id)


def visitor_of_key(
    session: Session, keys: Keyring, key: str, origin: str | None, *, localhost: bool
) -> tuple[Principal, str]:
    """Who asks with a public key from a page of `origin`: somebody who may ask agents, and nothing else; and the key.

    The principal's key is the first of its line, so that conversations outlive a rotation.
    """
    row = by_digest(session, keys.digest("api-key", key))
    if row is None or row.kind != KeyKind.PUBLIC or not row.is_active:
        raise Unauthenticated("The API key is not valid, revoked or expired.", code="INVALID_API_KEY")
    if WorkspaceRepository(session).get(row.workspace_id) is None:
        raise Unauthenticated("The API key's workspace was deleted.", code="INVALID_API_KEY")
    if not is_allowed(origin, row.allowed_domains, localhost=localhost):
        raise Forbidden(
            "This API key does not work from this origin: add its domain to the key's allowed_domains.",
            code="ORIGIN_NOT_ALLOWED",
        )
    allowed = frozenset({Permission.AGENTS_ASK})
    return Principal(row.workspace_id, row.created_by, allowed, key_id=row.line_id or row.id), row.id


def _check(order: KeyOrder, who: Principal) -> None:
    for domain in order.allowed_domains:
        if not _DOMAIN.fullmatch(domain.lower()):
            raise InvalidInput(
                f"{domain[:80]!r} is not a domain. Use example.com, *.example.com or *.", field="allowed_domains"
            )
    for network in order.allowed_ips:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise InvalidInput(f"{network[:60]!r} is not an address or network.", field="allowed_ips") from None
    for permission in order.permissions:
        if permission != ALL and not _known(permission):
            raise InvalidInput(f"There is no permission {permission[:60]!r}.", field="permissions")
        if permission != ALL and order.kind is KeyKind.SECRET:
            who.require(Permission(permission))
    if order.expires_at is not None and (order.expires_at.tzinfo is None or order.expires_at <= utc_now()):
        raise InvalidInput("expires_at must be a future time with a zone.", field="expires_at")


def _known(permission: str) -> bool:
    return permission in Permission._value2member_map_


def _within(networks: Sequence[str], limits: Sequence[str]) -> bool:
    """Whether there are some, each inside one of `limits`; none at all is no limit."""
    outer = [ipaddress.ip_network(limit, strict=False) for limit in limits]
    inner = [ipaddress.ip_network(network, strict=False) for network in networks]
    return bool(inner) and all(any(_inside(one, limit) for limit in outer) for one in inner)


def _inside(network: Network, limit: Network) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(limit, ipaddress.IPv4Network) and network.subnet_of(limit)
    return isinstance(limit, ipaddress.IPv6Network) and network.subnet_of(limit)


def _address_allowed(networks: list[str], address: str | None) -> bool:
    """Exact addresses and CIDR, IPv4 and IPv6; refused when the address is unknown (FIELDS, VoxForge)."""
    try:
        peer = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return any(peer in ipaddress.ip_network(network, strict=False) for network in networks)
