"""FrontDesk 3.2: secrets. A value comes in and is never answered."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import AliasChoices, BaseModel, Field

from api.fields import CamelInput, CamelOutput, FromText, Limit, MessageOut, Offset, ShortText, Text
from api.frontdesk.surface import FRONTDESK
from api.principal import KeyWho
from api.state import State
from domain.changes import change_of
from domain.models import Secret
from domain.vault.kinds import SecretCategory, SecretEnvironment
from domain.vault.repository import Wanted
from domain.vault.service import NewSecret, SecretUpdate, VaultService

router = FRONTDESK.router("/api/secrets", tag="Secrets")
SecretId = Annotated[str, Path(alias="secretId")]
Key = Annotated[str, Field(max_length=100, pattern=r"^[A-Z_][A-Z0-9_]*$")]
Value = Annotated[Text, Field(min_length=1, max_length=65_536)]
_KEY = AliasChoices("key", "name")
MASK = "••••"


class SecretIn(CamelInput):
    key: Key = Field(validation_alias=_KEY, description="As in an environment: STRIPE_API_KEY.")
    value: Value = Field(repr=False, description="Sealed, and never answered.")
    category: Annotated[SecretCategory, FromText] = SecretCategory.OTHER
    environment: Annotated[SecretEnvironment, FromText] = SecretEnvironment.ALL
    description: ShortText | None = None


class SecretPut(CamelInput):
    key: Key | None = Field(None, validation_alias=_KEY)
    value: Value | None = Field(None, repr=False)
    category: Annotated[SecretCategory, FromText] | None = None
    environment: Annotated[SecretEnvironment, FromText] | None = None
    description: ShortText | None = None


class SecretOut(CamelOutput):
    id: str
    key: str = Field(validation_alias="name")
    masked_value: str = Field(description="Of a value of 12 characters or more the last four, else none.")
    category: str
    environment: str
    description: str | None
    created_at: datetime
    updated_at: datetime


class SecretList(BaseModel):
    secrets: list[SecretOut]
    total: int
    limit: int
    offset: int


def _by_domain_names(given: dict[str, Any]) -> dict[str, Any]:
    return {"name" if name == "key" else name: value for name, value in given.items()}


def _out(row: Secret) -> SecretOut:
    own = {name: getattr(row, name) for name in SecretOut.model_fields.keys() - {"key", "masked_value"}}
    return SecretOut(**own, key=row.name, masked_value=MASK + row.hint)


@router.get("")
def page(
    who: KeyWho,
    state: State,
    category: SecretCategory | None = None,
    environment: SecretEnvironment | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> SecretList:
    with state.database.read() as session:
        service = VaultService(session, who, state.vault)
        rows, total = service.page(Wanted(category, environment), limit, offset)
    return SecretList(secrets=[_out(row) for row in rows], total=total, limit=limit, offset=offset)


@router.post("", status_code=201)
def create(body: SecretIn, who: KeyWho, state: State) -> SecretOut:
    with state.database.write() as session:
        new = change_of(NewSecret, _by_domain_names(body.given()))
        return _out(VaultService(session, who, state.vault).create(new))


@router.put("/{secretId}")
def update(secret_id: SecretId, body: SecretPut, who: KeyWho, state: State) -> SecretOut:
    """What is given replaces what there is; what is left out stays."""
    with state.database.write() as session:
        change = change_of(SecretUpdate, _by_domain_names(body.given()))
        return _out(VaultService(session, who, state.vault).change(secret_id, change))


@router.delete("/{secretId}")
def delete(secret_id: SecretId, who: KeyWho, state: State) -> MessageOut:
    with state.database.write() as session:
        VaultService(session, who, state.vault).delete(secret_id)
    return MessageOut(message="The secret is deleted.")
