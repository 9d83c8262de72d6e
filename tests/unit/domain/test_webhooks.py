"""The rules of webhooks: when it is tried again, how it is signed, what is told."""

import json
from datetime import UTC, datetime

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from domain.events.catalogue import EVENTS
from domain.events.insydr_events import INSYDR_EVENTS
from domain.events.kinds import EventType
from domain.events.registry import Dialect, Registry
from domain.webhooks.backoff import delay_s, hold_s
from domain.webhooks.rules import RETRY_DELAYS_S
from domain.webhooks.sending import body_of
from domain.webhooks.signing import new_secret, signed


class TestRegistry:
    def test_every_cause_has_a_name(self) -> None:
        assert [kind for kind in EventType if not EVENTS.caused_by(kind)] == []

    def test_samples_fit_their_schemas(self) -> None:
        for event in EVENTS:
            jsonschema.Draft202012Validator.check_schema(event.schema)
            jsonschema.validate(event.sample, event.schema)

    def test_a_name_is_one_events(self) -> None:
        with pytest.raises(ValueError, match="two events"):
            Registry([*INSYDR_EVENTS, INSYDR_EVENTS[0]])

    def test_a_call_that_ends_has_a_name_on_two_surfaces(self) -> None:
        assert EVENTS.caused_by("CALL_ENDED") == ["call.ended", "call.completed"]


class TestDelays:
    def test_as_in_the_contract(self) -> None:
        for tries, planned in enumerate(RETRY_DELAYS_S, start=1):
            assert planned <= (delay_s(RETRY_DELAYS_S, tries, None) or 0) <= planned * 1.1
        assert delay_s(RETRY_DELAYS_S, 5, None) is None

    @given(st.floats(0, 1e9))
    def test_retry_after_only_adds(self, asked: float) -> None:
        found = delay_s([30], 1, asked)
        assert found is not None
        assert max(30, min(asked, 86_400)) <= found <= max(33, min(asked, 86_400))
        assert delay_s([30], 2, asked) is None

    def test_a_hold_grows_and_ends(self) -> None:
        assert [hold_s(timeouts) for timeouts in (0, 4, 5, 6, 8, 9, 1_000)] == [0, 0, 30, 60, 240, 300, 300]


class TestSignatures:
    @given(st.text(), st.sampled_from(Dialect))
    def test_judged_by_the_library(self, text: str, dialect: Dialect) -> None:
        new, old, body = new_secret(), new_secret(), json.dumps({"event": text}).encode()
        headers = signed(dialect, "dlv_1", int(datetime.now(UTC).timestamp()), body, [new, old])
        for secret in (new, old):
            assert Webhook(secret).verify(body, headers) == {"event": text}


class TestBody:
    def test_is_the_seeds(self) -> None:
        body = body_of("call.ended", datetime(2025, 1, 15, 14, 25, tzinfo=UTC), {"callId": "clx…"})
        assert body == '{"event":"call.ended","timestamp":"2025-01-15T14:25:00Z","data":{"callId":"clx…"}}'.encode()
