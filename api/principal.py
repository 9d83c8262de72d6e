"""Who asks: bearer tokens of people (JWT) and programs (`sk_live_`), resolved to a `Principal` once a request."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from api.state import ApiState, State
from core.crypto import same
from core.errors import Forbidden, InsydrError, InvalidInput, NotFound, Unauthenticated
from domain.api_keys.service import principal_of_key
from domain.models import User
from domain.origin import Origin, client_network
from domain.principal import ROLE_PERMISSIONS, Permission, Principal, Role, operator
from domain.workspaces.repository import WorkspaceRepository

SECRET_KEY_PREFIX = "sk_live_"
PUBLIC_KEY_PREFIX = "pk_live_"
_bearer = HTTPBearer(auto_error=False, description="Access token of a person, or a key `sk_live_…`.")
WORKSPACE_HEADER = "X-Workspace-Id"
REQUEST_ID = "request_id"
WorkspaceHeader = Annotated[
    str | None, Header(alias=WORKSPACE_HEADER, max_length=64, description="Needed by members of several workspaces.")
]
Known = dict[tuple[str, str | None], Principal | InsydrError]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def bearer_token(credentials: Credentials) -> str:
    return token_of(credentials.credentials if credentials else "")


def token_in(request: Request) -> str:
    """As `bearer_token` finds it, for those who are no dependencies; "" where there is none."""
    scheme, credentials = get_authorization_scheme_param(request.headers.get("authorization"))
    return credentials if scheme.lower() == "bearer" else ""


def token_of(credentials: str) -> str:
    """Raises `Unauthenticated` where there is none."""
    if not credentials:
        raise Unauthenticated("Send an access token: Authorization: Bearer …", code="UNAUTHORIZED")
    return credentials


Token = Annotated[str, Depends(bearer_token)]


def current_user(state: State, token: Token) -> User:
    """A person; keys have no account of their own."""
    if token.startswith((SECRET_KEY_PREFIX, PUBLIC_KEY_PREFIX)):
        raise Forbidden("This needs a person's access token, not an API key.", code="USER_REQUIRED")
    return state.identity.authenticate(token)


CurrentUser = Annotated[User, Depends(current_user)]


def workspace_principal(workspace_id: str, request: Request, state: State, token: Token) -> Principal:
    """The caller inside the workspace of the path; another one's looks as if it were not there."""
    request.state.principal = who = principal(request, state, token, workspace_id)
    return who


def key_principal(request: Request, state: State, token: Token, x_workspace_id: WorkspaceHeader = None) -> Principal:
    """The caller where no path names the workspace: the key's; for a person the header's, else the only one."""
    request.state.principal = who = principal(request, state, token, x_workspace_id)
    return who


Who = Annotated[Principal, Depends(workspace_principal)]
KeyWho = Annotated[Principal, Depends(key_principal)]


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is one stable text, whichever of their tokens they use; `who` is None outside workspaces."""

    name: str
    who: Principal | None = None


def needed(request: Request) -> frozenset[Permission]:
    """The permissions that this request has required so far."""
    who: Principal | None = getattr(request.state, "principal", None)
    return frozenset(who.needed) if who else frozenset()


def identity(request: Request, state: ApiState, *, workspace_in_path: bool) -> Caller:
    """Who asks and in which workspace, by today's credentials.

    Whoever cannot be told (nobody, ended credentials, a workspace that is not theirs) is their own header: the route
    refuses them itself, if it wants to know who they are.
    """
    header = request.headers.get("authorization", "")
    public = request.headers.get("x-api-key")
    if public and not header:
        return Caller(f"public {public}")
    token = token_in(request)
    workspace_id = request.path_params.get("workspace_id")
    try:
        if workspace_in_path and workspace_id is None:
            return Caller(f"user {current_user(state, token).id}" if token else "")
        who = principal(request, state, token, workspace_id or request.headers.get(WORKSPACE_HEADER))
    except (Unauthenticated, Forbidden, NotFound, InvalidInput):
        return Caller(f"header {header}")
    return Caller(f"{who.workspace_id} {who.key_id or who.user_id}", who)


def principal(request: Request, state: ApiState, token: str, workspace_id: str | None) -> Principal:
    """Resolved once a request: for its rate, before its body, for its `Idempotency-Key`, and by its endpoint."""
    known: Known = request.scope.setdefault("state", {}).setdefault("principals", {})
    found = known.get((token, workspace_id))
    if found is None:
        try:
            found = replace(resolved(request, state, token, workspace_id), origin=origin_of(request))
        except InsydrError as error:  # nor is a stranger looked for twice
            found = error
        known[token, workspace_id] = found
    if isinstance(found, InsydrError):
        raise found
    return found


def resolved(request: Request, state: ApiState, token: str, workspace_id: str | None) -> Principal:
    """Who the token speaks for as of now."""
    if token.startswith(SECRET_KEY_PREFIX):
        who = _key(state, token, client_address(request))
        if workspace_id not in (None, who.workspace_id):
            raise workspace_not_found()
        return who
    if token.startswith(PUBLIC_KEY_PREFIX):
        raise Forbidden("Public keys work for the widget only.", code="PUBLIC_KEY")
    if workspace_id and state.operator_token is not None and same(token, state.operator_token):
        return _operator(state, workspace_id)
    user = state.identity.authenticate(token)
    with state.database.read() as session:
        workspaces = WorkspaceRepository(session)
        workspace_id = workspace_id or _only(workspaces, user)
        role = workspaces.role(workspace_id, user.id)
    if role is None:
        raise workspace_not_found()
    return Principal(workspace_id, user.id, ROLE_PERMISSIONS[Role(role)], Role(role))


def _only(workspaces: WorkspaceRepository, user: User) -> str:
    rows, total = workspaces.of_user(user.id, limit=1, offset=0)
    if total != 1:
        raise InvalidInput(
            f"You belong to {total} workspaces: name one in the header {WORKSPACE_HEADER}.", code="WORKSPACE_REQUIRED"
        )
    return rows[0].workspace.id


def client_address(request: Request) -> str | None:
    """The peer's address; `X-Forwarded-For` was applied by the server for trusted proxies only."""
    return request.client.host if request.client else None


def client_of(request: Request) -> str:
    return client_network(client_address(request))


def origin_of(request: Request) -> Origin:
    request_id = request.scope.get("state", {}).get(REQUEST_ID)
    return Origin(client_address(request), request.headers.get("user-agent"), request_id)


Client = Annotated[str, Depends(client_of)]  # as tries are counted
From = Annotated[Origin, Depends(origin_of)]


def workspace_not_found() -> NotFound:
    return NotFound("There is no such workspace.", code="WORKSPACE_NOT_FOUND")


def _key(state: ApiState, token: str, address: str | None) -> Principal:
    with state.database.read() as session:
        who = principal_of_key(session, state.keys, token, address)
    if who.key_id is not None:
        state.key_usage.note(who.key_id)
    return who


def _operator(state: ApiState, workspace_id: str) -> Principal:
    """The CLI beside the server acts as the workspace's owner; its token lies in a file only the owner can read."""
    with state.database.read() as session:
        workspace = WorkspaceRepository(session).get(workspace_id)
    if workspace is None:
        raise workspace_not_found()
    return operator(workspace.id, workspace.owner_id)
