"""CONTRACT, Insydr row 1: accounts and logins, to the letter of the seed."""

import base64
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import jwt
import pytest
from sqlalchemy import delete, select, update

from core import passwords
from core.clock import utc_now
from core.errors import TooManyRequests
from core.passwords import HashingPlaces
from domain import origin
from domain.identity import tries
from domain.models import SignUp, TryCount
from tests.support.client import PASSWORD, Account, Shape, check_error, until

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


def new_address() -> str:
    return f"a-{uuid.uuid4().hex[:10]}@example.com"


def sign_up(shape: Shape, **changes: object) -> tuple[str, httpx.Response]:
    body = {"email": new_address(), "password": PASSWORD, "full_name": "John Doe", **changes}
    return str(body["email"]), shape.http.post("/api/v1/auth/signup", json=body)


def post(shape: Shape, path: str, **body: str) -> httpx.Response:
    return shape.http.post(f"/api/v1/auth/{path}", json=body)


def later(shape: Shape) -> None:
    """All that was counted is over."""
    with shape.parts.database.write() as session:
        session.execute(delete(TryCount))


@pytest.fixture(autouse=True)
def _counts_of_other_tests(embedded: Shape) -> None:
    later(embedded)


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
        with embedded.parts.database.read() as session:
            stored = str(vars(session.scalars(select(SignUp).where(SignUp.email == email)).one()))
        assert embedded.code_for(email) not in stored
        assert PASSWORD not in stored

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
            ("password", "password"), ("password", "12345678"), ("password", "QwertyUiop"), ("password", "iloveyou1"),
            ("full_name", ""), ("full_name", "  \t "), ("full_name", "x" * 201), ("full_name", "\0\n"),
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

    def test_refuses_the_address_as_the_password(self, embedded: Shape) -> None:
        email = new_address()
        for password in (email, email.upper(), email.split("@")[0]):
            check_error(sign_up(embedded, email=email, password=password)[1], 400, "WEAK_PASSWORD", "password")

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
            check_error(post(embedded, "verify-otp", **wrong), 400, "INVALID_OTP")
        locked = post(embedded, "verify-otp", email=email, otp_code=right)
        check_error(locked, 429, "OTP_TOO_MANY_TRIES")
        assert int(locked.headers["retry-after"]) > 0

    def test_a_new_code_brings_no_new_guesses(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        for _ in range(6):
            post(embedded, "verify-otp", email=email, otp_code="wrong")
        self._wait_for(embedded, timedelta(seconds=31))
        assert post(embedded, "resend-otp", email=email).status_code == 200
        until(lambda: len(embedded.mails_to(email)), lambda mails: mails == 2)
        check_error(post(embedded, "verify-otp", email=email, otp_code="wrong"), 429, "OTP_TOO_MANY_TRIES")

    def test_guesses_are_counted_by_the_day(self, embedded: Shape) -> None:
        email = new_address()
        answers = []
        for _ in range(30):
            answers.append(post(embedded, "verify-otp", email=email, otp_code="wrong").status_code)
            self._wait_for(embedded, timedelta(minutes=11))
        assert answers.count(400) == 10

    def test_many_clients_share_the_guesses_of_a_day(self, embedded: Shape) -> None:
        email, found = new_address(), tries.Tries(embedded.parts.database, embedded.parts.keys)
        for client in range(10):
            for _ in range(5):
                found.take(tries.code_bounds(email, f"10.0.0.{client}"))
        with pytest.raises(TooManyRequests):
            found.take(tries.code_bounds(email, "10.0.0.99"))

    @staticmethod
    def _wait_for(shape: Shape, time: timedelta) -> None:
        with shape.parts.database.write() as session:
            for row in session.scalars(select(TryCount)):
                row.ends_at -= time

    def test_an_old_code_has_expired(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        with embedded.parts.database.write() as session:
            past = utc_now() - timedelta(seconds=1)
            session.execute(update(SignUp).where(SignUp.email == email).values(code_expires_at=past))
        body = {"email": email, "otp_code": embedded.code_for(email)}
        check_error(embedded.http.post("/api/v1/auth/verify-otp", json=body), 400, "OTP_EXPIRED", "otp_code")

    def test_unknown_addresses_look_like_wrong_codes(self, embedded: Shape) -> None:
        body = {"email": new_address(), "otp_code": "123456"}
        check_error(embedded.http.post("/api/v1/auth/verify-otp", json=body), 400, "INVALID_OTP")


class TestTwoSignUps:
    """An address belongs to whoever reads its mail; a code gives the account the password that it was mailed for."""

    MINE, THEIRS = "my own password", "a stranger's password"

    @pytest.mark.parametrize("mine_first", [True, False])
    def test_each_code_is_for_the_password_given_with_it(self, mine_first: bool, shape: Shape) -> None:
        later(shape)
        email = new_address()
        codes = {}
        for password in (self.MINE, self.THEIRS) if mine_first else (self.THEIRS, self.MINE):
            assert sign_up(shape, email=email, password=password)[1].status_code == 201
            codes[password] = shape.code_for(email)
            later(shape)
        verified = post(shape, "verify-otp", email=email, otp_code=codes[self.MINE])
        assert verified.status_code == 200
        assert post(shape, "login", email=email, password=self.MINE).status_code == 200
        check_error(post(shape, "login", email=email, password=self.THEIRS), 401, "INVALID_CREDENTIALS")
        check_error(post(shape, "verify-otp", email=email, otp_code=codes[self.THEIRS]), 400, "INVALID_OTP")

    def test_the_name_is_that_of_the_code_too(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded, full_name="Me")
        mine = embedded.code_for(email)
        later(embedded)
        sign_up(embedded, email=email, full_name="Somebody else")
        reply = post(embedded, "verify-otp", email=email, otp_code=mine)
        assert reply.json()["user"]["full_name"] == "Me"

    def test_a_resend_cannot_tell_whose_it_is(self, embedded: Shape) -> None:
        """A code of the stranger's would give their password to the account."""
        email, _ = sign_up(embedded, password=self.MINE)
        later(embedded)
        sign_up(embedded, email=email, password=self.THEIRS)
        later(embedded)
        assert post(embedded, "resend-otp", email=email).status_code == 200
        mail = until(lambda: embedded.mails_to(email), lambda mails: len(mails) == 3)[0]
        assert not re.search(r"\d{6}", mail)
        assert "Sign up once more" in mail

    def test_who_waits_for_a_code_is_told_so_with_either_password(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded, password=self.MINE)
        later(embedded)
        sign_up(embedded, email=email, password=self.THEIRS)
        for password in (self.MINE, self.THEIRS):
            check_error(post(embedded, "login", email=email, password=password), 403, "EMAIL_NOT_VERIFIED")
        check_error(post(embedded, "login", email=email, password="neither one"), 401, "INVALID_CREDENTIALS")

    def test_one_client_pushes_no_code_out(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded, password=self.MINE)
        mine = embedded.code_for(email)
        later(embedded)
        with embedded.parts.database.write() as session:
            for row in session.scalars(select(TryCount)):
                row.ends_at -= timedelta(seconds=31)
        for _ in range(8):
            sign_up(embedded, email=email, password=self.THEIRS)
            with embedded.parts.database.write() as session:
                for row in session.scalars(select(TryCount)):
                    row.ends_at -= timedelta(seconds=31)
        assert len(embedded.mails_to(email)) == 5
        assert post(embedded, "verify-otp", email=email, otp_code=mine).status_code == 200

    def test_what_nobody_verified_is_forgotten(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        with embedded.parts.database.write() as session:
            old = utc_now() - timedelta(days=2)
            session.execute(update(SignUp).where(SignUp.email == email).values(created_at=old))
        check_error(post(embedded, "login", email=email, password=PASSWORD), 401, "INVALID_CREDENTIALS")
        embedded.parts.identity.forget_old()
        with embedded.parts.database.read() as session:
            assert session.scalars(select(SignUp).where(SignUp.email == email)).all() == []


class TestResend:
    def test_replaces_the_code(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        old = embedded.code_for(email)
        later(embedded)
        assert post(embedded, "resend-otp", email=email).status_code == 200
        until(lambda: len(embedded.mails_to(email)), lambda mails: mails == 2)
        new = embedded.code_for(email)
        if new != old:  # one in a million is the same
            check_error(post(embedded, "verify-otp", email=email, otp_code=old), 400, "INVALID_OTP")
        assert post(embedded, "verify-otp", email=email, otp_code=new).status_code == 200

    def test_does_not_tell_who_has_an_account(self, embedded: Shape, owner: Account) -> None:
        waiting, _ = sign_up(embedded)
        later(embedded)
        answers = set()
        for address in (new_address(), owner.email, waiting):
            first, too_soon = (post(embedded, "resend-otp", email=address) for _ in range(2))
            assert int(too_soon.headers["retry-after"]) > 0
            answers.add((first.status_code, first.text, too_soon.status_code, too_soon.text))
        assert len(answers) == 1
        assert {(first, second) for first, _, second, _ in answers} == {(200, 429)}

    def test_one_client_asks_for_so_many(self, embedded: Shape) -> None:
        """Whatever the addresses; what was redeemed is given back, so that no honest office runs out."""
        counted, client = tries.Tries(embedded.parts.database, embedded.parts.keys), "192.0.2.8"
        for _ in range(100):
            counted.take(tries.mail_bounds(new_address(), client))
        with pytest.raises(TooManyRequests, match="Too many codes were asked for from here") as raised:
            counted.take(tries.mail_bounds(new_address(), client))
        assert 3_000 < raised.value.retry_after_s <= 3_601
        counted.take(tries.mail_bounds(new_address(), "192.0.2.9"))
        with embedded.parts.database.write() as session:
            counted.give_back(session, tries.mail_client(client), tries.mail_client(client))
        counted.take(tries.mail_bounds(new_address(), client))

    def test_does_not_tell_that_somebody_else_asked(self, embedded: Shape) -> None:
        email, _ = sign_up(embedded)
        counted = tries.Tries(embedded.parts.database, embedded.parts.keys)
        counted.take(tries.mail_bounds(email, "192.0.2.7"))


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

    def test_ten_wrong_passwords_make_a_client_wait(self, embedded: Shape) -> None:
        account = embedded.sign_up("Locked")
        for address in (account.email, new_address()):  # the lock does not tell which exist
            for _ in range(10):
                check_error(post(embedded, "login", email=address, password="wrong one"), 401, "INVALID_CREDENTIALS")
            locked = post(embedded, "login", email=address, password=PASSWORD)
            check_error(locked, 429, "LOGIN_LOCKED")
            assert int(locked.headers["retry-after"]) > 0

    def test_a_right_password_starts_anew(self, embedded: Shape) -> None:
        account = embedded.sign_up("Forgetful")
        for _ in range(3):
            for _ in range(6):
                check_error(post(embedded, "login", email=account.email, password="wrong one"), 401)
            assert post(embedded, "login", email=account.email, password=PASSWORD).status_code == 200

    def test_parallel_tries_are_counted_too(self, shape: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
        later(shape)
        monkeypatch.setattr(passwords, "_places", lambda places=HashingPlaces(2, 40, 60.0): places)
        email = new_address()

        def attempt(_: int) -> int:
            return post(shape, "login", email=email, password="wrong one").status_code

        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(attempt, range(40)))
        assert (answers.count(401), answers.count(429)) == (10, 30)

    def test_a_stranger_keeps_no_owner_out(self, shape: Shape) -> None:
        later(shape)
        account, counted = shape.sign_up("Hunted"), tries.Tries(shape.parts.database, shape.parts.keys)
        for client in range(30):
            for number in range(10):
                bounds = tries.login_bounds(account.email, f"10.0.0.{client}")
                if client < 10 or number < 2:
                    counted.take(bounds)
                else:  # a hundred wrong ones: from now on each client has two
                    with pytest.raises(TooManyRequests):
                        counted.take(bounds)
        check_error(post(shape, "login", email=account.email, password="wrong one"), 401, "INVALID_CREDENTIALS")
        assert post(shape, "login", email=account.email, password=PASSWORD).status_code == 200

    def test_a_client_that_tries_many_accounts_waits(self, embedded: Shape) -> None:
        counted = tries.Tries(embedded.parts.database, embedded.parts.keys)
        for _ in range(100):
            counted.take(tries.login_bounds(new_address(), "127.0.0.1"))
        check_error(post(embedded, "login", email=new_address(), password=PASSWORD), 429, "LOGIN_LOCKED")

    def test_a_flood_is_told_to_come_back(self, embedded: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
        full = HashingPlaces(1, 0)
        monkeypatch.setattr(passwords, "_places", lambda: full)
        account = embedded.sign_up("Patient")
        with full.taken():
            for _ in range(20):  # none of which counts as a wrong password
                busy = post(embedded, "login", email=account.email, password=PASSWORD)
                check_error(busy, 503, "LOGIN_BUSY")
                assert int(busy.headers["retry-after"]) > 0
            check_error(sign_up(embedded)[1], 503, "LOGIN_BUSY")
        assert post(embedded, "login", email=account.email, password=PASSWORD).status_code == 200

    def test_counts_are_forgotten(self, embedded: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
        counted = tries.Tries(embedded.parts.database, embedded.parts.keys)
        monkeypatch.setattr(tries, "MOST_ROWS", 3)
        for _ in range(4):
            counted.take(tries.login_bounds(new_address(), "10.0.0.1"))
        counted.forget_old()
        with embedded.parts.database.write() as session:
            rows = session.scalars(select(TryCount)).all()
            assert 0 < len(rows) <= 3
            for row in rows:
                row.ends_at = utc_now() - timedelta(seconds=1)
        counted.forget_old()
        with embedded.parts.database.read() as session:
            assert session.scalars(select(TryCount)).all() == []

    def test_a_host_of_ipv6_is_one_client(self) -> None:
        assert origin.client_network("2001:db8:1:2:3::4") == origin.client_network("2001:db8:1:2::5")
        assert origin.client_network("2001:db8:1:3::5") != origin.client_network("2001:db8:1:2::5")
        assert origin.client_network("::ffff:192.0.2.1") == origin.client_network("192.0.2.1") == "192.0.2.1"


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
        claims = owner.shape.parts.logins.claims(owner.token)
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
