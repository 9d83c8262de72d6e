"""The one error tree. Raised anywhere, rendered once by the surface of the route (`api/surfaces`).

Each class fixes an HTTP status; `code` is the stable machine word, `message` a sentence for a person that says
what to do, `field` the dotted path of the input at fault. Never put a secret into any of them: they are sent.
"""

from typing import Any, ClassVar


class InsydrError(Exception):
    """Base of every error that a user may meet."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        field: str | None = None,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.field = field
        self.details = details or {}
        self.headers = headers or {}


class InvalidInput(InsydrError):
    """400: the request itself is wrong; the same request will fail again."""

    status = 400
    default_code = "VALIDATION_ERROR"


class Unauthenticated(InsydrError):
    """401: no credentials, or credentials that do not hold (RFC 9110 §15.5.2)."""

    status = 401
    default_code = "UNAUTHORIZED"


class Forbidden(InsydrError):
    """403: known, but a role, permission, origin or address is missing."""

    status = 403
    default_code = "FORBIDDEN"


class NotFound(InsydrError):
    """404: absent, or another workspace's (which looks the same on purpose)."""

    status = 404
    default_code = "NOT_FOUND"


class TooSlow(InsydrError):
    """408: the request did not come in time; nothing was kept (RFC 9110 §15.5.9)."""

    status = 408
    default_code = "REQUEST_TIMEOUT"


class Conflict(InsydrError):
    """409: collides with what is stored."""

    status = 409
    default_code = "CONFLICT"


class PreconditionFailed(InsydrError):
    """412: `If-Match` names an older state (RFC 9110 §13.1.1)."""

    status = 412
    default_code = "PRECONDITION_FAILED"


class TooLarge(InsydrError):
    """413: the body is larger than the limit that the message names."""

    status = 413
    default_code = "PAYLOAD_TOO_LARGE"


class Unprocessable(InsydrError):
    """422: well formed, but it cannot be processed."""

    status = 422
    default_code = "UNPROCESSABLE"


class PlanLimit(Unprocessable):
    """422: more than the workspace's plan allows; what there is stays. Surfaces have codes of their own for it."""

    default_code = "PLAN_LIMIT_EXCEEDED"


class TooManyRequests(InsydrError):
    """429: try again after `retry_after_s` seconds."""

    status = 429
    default_code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_s: int, code: str | None = None) -> None:
        super().__init__(message, code=code, headers={"Retry-After": str(retry_after_s)})
        self.retry_after_s = retry_after_s


class Unavailable(InsydrError):
    """503: a part we depend on is down, busy or full; nothing was lost, try again after `retry_after_s` seconds."""

    status = 503
    default_code = "SERVICE_UNAVAILABLE"

    def __init__(self, message: str, *, retry_after_s: int = 5, code: str | None = None) -> None:
        super().__init__(message, code=code, headers={"Retry-After": str(retry_after_s)})


class DocumentError(InsydrError):
    """A document cannot be turned into text; stored on the document, never a crash of the worker.

    `retryable` says whether the same bytes may succeed later (a limit, a part that was down) or never will.
    """

    status = 422
    default_code = "DOCUMENT_UNREADABLE"

    def __init__(self, message: str, *, code: str | None = None, retryable: bool = False) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
