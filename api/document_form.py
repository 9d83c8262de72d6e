"""Form fields that may come along with a file."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import InvalidInput
from domain.documents.items import MAX_EXTERNAL_ID, Item, checked_text, checked_title
from domain.documents.jsonlines import checked_metadata


@dataclass(frozen=True, slots=True)
class DocumentForm:
    title: str | None
    external_id: str | None
    language: str | None
    custom: dict[str, Any] = field(default_factory=dict)

    def applied(self, item: Item) -> Item:
        return replace(item, title=self.title, external_id=self.external_id, language=self.language, custom=self.custom)


def document_form(
    title: str | None, external_id: str | None, metadata: str | None, language: str | None
) -> DocumentForm:
    """Checked form fields; raises `InvalidInput` with the field."""
    return DocumentForm(
        checked_title(title),
        checked_text(external_id, "external_id", MAX_EXTERNAL_ID),
        language,
        checked_metadata(_object(metadata)),
    )


def _object(metadata: str | None) -> Any:
    if not metadata:
        return {}
    try:
        return json.loads(metadata)
    except (ValueError, RecursionError):
        raise InvalidInput("metadata must be a JSON object.", field="metadata") from None
