"""CONTRACT, Insydr row 1: accounts and logins, to the letter of the seed."""

import base64
import json
import re
import uuid
from datetime import timedelta

import jwt
import pytest
from sqlalchemy import update

from core.clock import utc_now
from domain.models import User
from tests.support.client import PASSWORD, Account, Shape, check_error

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


def new_address() -> str:
    return f"a-{uuid.uuid4().hex[:10]}@example.com"


def sign_up(shape: Shape, **changes: object) -> tuple[str, object]:
    body = {"email": new_address(), "password": PASSWORD, "full_name": "John Doe", **changes}
    return str(body["email"]), shape.http.post("/api/v1/auth/signup", json=body)


class TestSignUp:
    def test_answers_as_the_seed_says(self, embedded: Shape) -> None:
        email, reply = sign_up(embedded)
        assert reply.status_code == 201
        expected = {"message": "Account created. Verify email with OTP.", "email": email, "expires_in_minutes": 10}
        assert reply.json() == expected

    def test_mails_a_code_of_six_digits(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        assert re.fullmatch(r"\d{6}", embedded.code_for(email))

    def test_stores_no_code_and_no_password(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        user = embedded.parts.identity.find(email)
        assert embedded.code_for(email) not in str(vars(user))
        assert PASSWORD not in str(vars(user))

    def test_an_address_with_an_account_is_taken(self, owner: Account) -> None:
        _, reply = sign_up(owner.shape, email=owner.email.upper())
        check_error(reply, 409, "EMAIL_TAKEN", "email")

    def test_an_unverified_address_waits_before_a_second_mail(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        _, reply = sign_up(embedded, email=email)
        check_error(reply, 429, "RATE_LIMITED")
        assert int(reply.headers["retry-after"]) > 0

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "nobody"), ("email", ""), ("email", 5), ("email", None), ("email", "a@b@c.de"),
            ("password", "short"), ("password", "x" * 257), ("password", "long enough\0"),
            ("full_name", ""), ("full_name", "  \t "), ("full_name", "x" * 201), ("full_name", "a\0b"),
            ("full_name", ["John"]),
        ],
    )  # fmt: skip
    def test_refuses_bad_fields(self, field: str, value: object, embedded: Shape) -> None:
        body = {"email": new_address(), "password": PASSWORD, "full_name": "J", field: value}
        reply = embedded.http.post(
            "/api/v1/auth/signup", content=json.dumps(body), headers={"Content-Type": "application/json"}
        )
        check_error(reply, 400, field=field)

    @pytest.mark.parametrize("field", ["email", "password", "full_name"])
    def test_refuses_missing_fields(self, field: str, embedded: Shape) -> None:
        body = {"email": new_address(), "password": PASSWORD, "full_name": "J"}
        del body[field]
        check_error(embedded.http.post("/api/v1/auth/signup", json=body), 400, "VALIDATION_ERROR", field)

    def test_never_repeats_what_was_sent(self, embedded: Shape) -> None:
        _, reply = sign_up(embedded, password="hunter2")
        assert "hunter2" not in reply.text


class TestVerify:
    def test_answers_with_a_token_and_the_user(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        body = {"email": email, "otp_code": embedded.code_for(email)}
        reply = embedded.http.post("/api/v1/auth/verify-otp", json=body)
        assert reply.status_code == 200
        answer = reply.json()
        assert answer["token_type"] == "bearer"
        assert answer["user"]["email"] == email
        me = embedded.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {answer['access_token']}"})
        assert me.json()["email_verified"] is True

    def test_a_code_works_once(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        body = {"email": email, "otp_code": embedded.code_for(email)}
        assert embedded.http.post("/api/v1/auth/verify-otp", json=body).status_code == 200
        check_error(embedded.http.post("/api/v1/auth/verify-otp", json=body), 400, "INVALID_OTP", "otp_code")

    def test_too_many_guesses_lock_the_code(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        right = embedded.code_for(email)
        wrong = {"email": email, "otp_code": "000000" if right != "000000" else "111111"}
        for _ in range(5):
            check_error(embedded.http.post("/api/v1/auth/verify-otp", json=wrong), 400, "INVALID_OTP")
        locked = embedded.http.post("/api/v1/auth/verify-otp", json={"email": email, "otp_code": right})
        check_error(locked, 429, "OTP_TOO_MANY_TRIES")
        assert int(locked.headers["retry-after"]) > 0

    def test_an_old_code_has_expired(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        with embedded.parts.database.write() as session:
            past = utc_now() - timedelta(seconds=1)
            session.execute(update(User).where(User.email == email).values(otp_expires_at=past))
        body = {"email": email, "otp_code": embedded.code_for(email)}
        check_error(embedded.http.post("/api/v1/auth/verify-otp", json=body), 400, "OTP_EXPIRED", "otp_code")

    def test_unknown_addresses_look_like_wrong_codes(self, embedded: Shape) -> None:
        body = {"email": new_address(), "otp_code": "123456"}
        check_error(embedded.http.post("/api/v1/auth/verify-otp", json=body), 400, "INVALID_OTP")


class TestResend:
    def test_replaces_the_code(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        old = embedded.code_for(email)
        with embedded.parts.database.write() as session:
            past = utc_now() - timedelta(minutes=1)
            session.execute(update(User).where(User.email == email).values(otp_sent_at=past))
        assert embedded.http.post("/api/v1/auth/resend-otp", json={"email": email}).status_code == 200
        assert len(embedded.mails_to(email)) == 2
        new = embedded.code_for(email)
        if new != old:  # one in a million is the same
            reply = embedded.http.post("/api/v1/auth/verify-otp", json={"email": email, "otp_code": old})
            check_error(reply, 400, "INVALID_OTP")
        reply = embedded.http.post("/api/v1/auth/verify-otp", json={"email": email, "otp_code": new})
        assert reply.status_code == 200

    def test_does_not_tell_who_has_an_account(self, embedded: Shape, owner: Account) -> None:
        unknown = embedded.http.post("/api/v1/auth/resend-otp", json={"email": new_address()})
        known = embedded.http.post("/api/v1/auth/resend-otp", json={"email": owner.email})
        assert (unknown.status_code, unknown.json()) == (known.status_code, known.json())


class TestLogin:
    def test_answers_as_the_seed_says(self, embedded: Shape, owner: Account) -> None:
        reply = embedded.http.post("/api/v1/auth/login", json={"email": owner.email, "password": PASSWORD})
        assert reply.status_code == 200
        answer = reply.json()
        assert answer["token_type"] == "bearer"
        assert {"id", "email", "full_name", "created_at"} <= answer["user"].keys()
        assert re.fullmatch(STAMP, answer["user"]["created_at"])

    def test_an_unverified_account_is_told_so(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        reply = embedded.http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        check_error(reply, 403, "EMAIL_NOT_VERIFIED")

    def test_wrong_passwords_and_unknown_addresses_look_the_same(self, embedded: Shape, owner: Account) -> None:
        wrong = embedded.http.post("/api/v1/auth/login", json={"email": owner.email, "password": "wrong password"})
        unknown = embedded.http.post("/api/v1/auth/login", json={"email": new_address(), "password": PASSWORD})
        check_error(wrong, 401, "INVALID_CREDENTIALS")
        assert wrong.json() == unknown.json()
        assert wrong.headers["www-authenticate"] == "Bearer"

    def test_a_locked_account_waits(self, embedded: Shape) -> None:
        account = embedded.sign_up("Locked")
        with embedded.parts.database.write() as session:
            session.execute(update(User).where(User.id == account.user_id).values(failed_logins=9))
        body = {"email": account.email, "password": "wrong password"}
        check_error(embedded.http.post("/api/v1/auth/login", json=body), 401, "INVALID_CREDENTIALS")
        locked = embedded.http.post("/api/v1/auth/login", json={"email": account.email, "password": PASSWORD})
        check_error(locked, 429, "LOGIN_LOCKED")


class TestTokens:
    def test_me_answers_as_the_seed_says(self, owner: Account) -> None:
        me = owner.call("GET", "/auth/me").json()
        assert set(me) == {"id", "email", "full_name", "email_verified", "created_at"}
        assert me["email"] == owner.email

    def test_a_refresh_token_works_once(self, embedded: Shape) -> None:
        account = embedded.sign_up()
        body = {"refresh_token": account.refresh_token}
        reply = embedded.http.post("/api/v1/auth/refresh", json=body)
        assert reply.status_code == 200
        assert reply.json()["refresh_token"] != account.refresh_token
        check_error(embedded.http.post("/api/v1/auth/refresh", json=body), 401, "INVALID_TOKEN")

    def test_logging_out_ends_the_token(self, embedded: Shape) -> None:
        account = embedded.sign_up()
        assert account.call("POST", "/auth/logout").status_code == 204
        check_error(account.call("GET", "/auth/me"), 401, "INVALID_TOKEN")
        reply = embedded.http.post("/api/v1/auth/refresh", json={"refresh_token": account.refresh_token})
        check_error(reply, 401, "INVALID_TOKEN")

    def test_no_credentials(self, embedded: Shape) -> None:
        for headers in ({}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer"}):
            reply = embedded.http.get("/api/v1/auth/me", headers=headers)
            check_error(reply, 401)
            assert reply.headers["www-authenticate"] == "Bearer"

    def test_an_expired_token(self, owner: Account) -> None:
        mint = owner.shape.parts.mint
        claims = mint.read(owner.token)
        now = utc_now()
        old = {"iss": "insydr", "sub": claims.user_id, "sid": claims.login_id, "exp": now - timedelta(seconds=1)}
        self._refused(owner, jwt.encode(old, owner.shape.parts.keys.derive("access-token"), "HS256"), "TOKEN_EXPIRED")

    def test_tampered_and_foreign_tokens(self, owner: Account) -> None:
        head, body, signature = owner.token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        other = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "user_x"}).encode()).decode().rstrip("=")
        unsigned = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        key = owner.shape.parts.keys.derive("another purpose")
        forged = [
            f"{head}.{other}.{signature}", f"{unsigned}.{body}.", jwt.encode(claims, key, "HS256"), "x", "a.b.c",
            jwt.encode({**claims, "iss": "else"}, owner.shape.parts.keys.derive("access-token"), "HS256"),
        ]  # fmt: skip
        for token in forged:
            self._refused(owner, token, "INVALID_TOKEN")

    @staticmethod
    def _refused(owner: Account, token: str, code: str) -> None:
        reply = owner.shape.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
        check_error(reply, 401, code)

    def test_keys_have_no_account(self, owner: Account) -> None:
        key = owner.workspace().post("/api-keys", json={"name": "s", "kind": "secret"}).json()["key"]
        reply = owner.shape.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {key}"})
        check_error(reply, 403, "USER_REQUIRED")
