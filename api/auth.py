"""Who asks: bearer tokens of people (JWT) and programs (`sk_live_`), resolved to a `Principal` once a request."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.state import ApiState, State
from core.crypto import same
from core.errors import Forbidden, NotFound, Unauthenticated
from domain.api_keys.service import principal_of_key
from domain.models import User
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.workspaces.repository import WorkspaceRepository

SECRET_KEY_PREFIX = "sk_live_"
PUBLIC_KEY_PREFIX = "pk_live_"
_bearer = HTTPBearer(auto_error=False, description="Access token of a person, or a key `sk_live_…`.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def bearer_token(credentials: Credentials) -> str:
    if credentials is None or not credentials.credentials:
        raise Unauthenticated("Send an access token: Authorization: Bearer …", code="UNAUTHORIZED")
    return credentials.credentials


Token = Annotated[str, Depends(bearer_token)]


def current_user(state: State, token: Token) -> User:
    """A person; keys have no account of their own."""
    if token.startswith((SECRET_KEY_PREFIX, PUBLIC_KEY_PREFIX)):
        raise Forbidden("This needs a person's access token, not an API key.", code="USER_REQUIRED")
    return state.identity.authenticate(token)


CurrentUser = Annotated[User, Depends(current_user)]


def workspace_principal(workspace_id: str, request: Request, state: State, token: Token) -> Principal:
    """The caller inside the workspace of the path; another one's looks as if it were not there."""
    if token.startswith(SECRET_KEY_PREFIX):
        who = _key(state, token, client_address(request))
        if who.workspace_id != workspace_id:
            raise workspace_not_found()
        return who
    if token.startswith(PUBLIC_KEY_PREFIX):
        raise Forbidden("Public keys work for the widget only.", code="PUBLIC_KEY")
    if state.operator_token is not None and same(token, state.operator_token):
        return _operator(state, workspace_id)
    user = state.identity.authenticate(token)
    with state.database.read() as session:
        role = WorkspaceRepository(session).role(workspace_id, user.id)
    if role is None:
        raise workspace_not_found()
    return Principal(workspace_id, user.id, ROLE_PERMISSIONS[Role(role)], Role(role))


Who = Annotated[Principal, Depends(workspace_principal)]


def client_address(request: Request) -> str | None:
    """The peer's address; `X-Forwarded-For` was applied by the server for trusted proxies only."""
    return request.client.host if request.client else None


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
    return Principal(workspace.id, workspace.owner_id, ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)
