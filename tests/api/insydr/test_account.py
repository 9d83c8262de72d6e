"""Ours beside CONTRACT, Insydr row 1: passwords forgotten and changed, addresses changed, sessions ended."""

from typing import Any

import httpx
import pytest
from sqlalchemy import delete, update

from core.clock import utc_now
from domain.models import AccountCode, TryCount
from tests.support.client import PASSWORD, Account, Shape, check_error, until

NEW = "another-Passphrase-77"


@pytest.fixture
def account(shape: Shape) -> Account:
    return shape.sign_up("Ada")


def log_in(account: Account, password: str = PASSWORD, email: str | None = None, agent: str = "laptop") -> Account:
    body = {"email": email or account.email, "password": password}
    reply = account.shape.http.post("/api/v1/auth/login", json=body, headers={"User-Agent": agent})
    assert reply.status_code == 200, reply.text
    tokens = reply.json()
    return Account(account.shape, body["email"], tokens["access_token"], tokens["refresh_token"], account.user_id)


def can_log_in(account: Account, password: str) -> bool:
    body = {"email": account.email, "password": password}
    return account.shape.http.post("/api/v1/auth/login", json=body).status_code == 200


def works(account: Account) -> bool:
    return account.call("GET", "/auth/me").status_code == 200


def forget_tries(shape: Shape) -> None:
    with shape.parts.database.write() as session:
        session.execute(delete(TryCount))


def ask_reset(account: Account) -> str:
    """The code; asked for by somebody who is not logged in."""
    before = len(account.shape.mails_to(account.email))
    reply = account.shape.http.post("/api/v1/auth/forgot-password", json={"email": account.email})
    assert reply.status_code == 200, reply.text
    until(lambda: len(account.shape.mails_to(account.email)), lambda now: now > before)
    return account.shape.code_for(account.email)


def reset(account: Account, code: str, password: str = NEW) -> httpx.Response:
    body = {"email": account.email, "otp_code": code, "new_password": password}
    return account.shape.http.post("/api/v1/auth/reset-password", json=body)


class TestForgottenPassword:
    def test_by_a_code_from_the_mail(self, account: Account) -> None:
        second = log_in(account)
        forget_tries(account.shape)
        reply = reset(account, ask_reset(account))
        assert reply.status_code == 200, reply.text
        assert reply.json()["user"]["id"] == account.user_id
        assert not works(account)
        assert not works(second)
        stale = account.shape.http.post("/api/v1/auth/refresh", json={"refresh_token": second.refresh_token})
        check_error(stale, 401, "INVALID_TOKEN")
        assert works(Account(account.shape, account.email, reply.json()["access_token"], "", account.user_id))
        assert not can_log_in(account, PASSWORD)
        assert can_log_in(account, NEW)
        assert "password of your Insydr account was changed" in account.shape.mails_to(account.email)[0]

    def test_a_code_works_once_and_others_end_with_it(self, account: Account) -> None:
        codes = []
        for _ in range(2):
            forget_tries(account.shape)
            codes.append(ask_reset(account))
        assert reset(account, codes[0]).status_code == 200  # a later one does not take an earlier one's place
        for code in codes:
            check_error(reset(account, code, NEW + "!"), 400, "INVALID_OTP", "otp_code")

    def test_an_old_code(self, account: Account) -> None:
        forget_tries(account.shape)
        code = ask_reset(account)
        with account.shape.parts.database.write() as session:
            mine = update(AccountCode).where(AccountCode.user_id == account.user_id)
            session.execute(mine.values(expires_at=utc_now()))
        check_error(reset(account, code), 400, "OTP_EXPIRED", "otp_code")

    def test_wrong_codes_are_counted(self, account: Account) -> None:
        forget_tries(account.shape)
        code = ask_reset(account)
        wrong = "000000" if code != "000000" else "111111"
        for _ in range(5):
            check_error(reset(account, wrong), 400, "INVALID_OTP")
        check_error(reset(account, code), 429, "OTP_TOO_MANY_TRIES")
        assert can_log_in(account, PASSWORD)

    def test_nobody_learns_who_has_an_account(self, account: Account) -> None:
        forget_tries(account.shape)
        post = account.shape.http.post
        known = post("/api/v1/auth/forgot-password", json={"email": account.email})
        unknown = post("/api/v1/auth/forgot-password", json={"email": f"not-{account.email}"})
        assert known.json() == unknown.json()
        body = {"email": f"not-{account.email}", "otp_code": "123456", "new_password": NEW}
        check_error(post("/api/v1/auth/reset-password", json=body), 400, "INVALID_OTP", "otp_code")
        assert account.shape.mails_to(f"not-{account.email}") == []
        again = [
            post("/api/v1/auth/forgot-password", json={"email": one}) for one in (account.email, f"not-{account.email}")
        ]
        assert [one.status_code for one in again] == [429, 429]

    def test_a_weak_one_costs_no_try(self, account: Account) -> None:
        forget_tries(account.shape)
        code = ask_reset(account)
        for weak in ("short", "password123", account.email):
            check_error(reset(account, code, weak), 400, "WEAK_PASSWORD", "new_password")
        assert reset(account, code).status_code == 200

    def test_a_lock_at_the_login_ends(self, account: Account) -> None:
        forget_tries(account.shape)
        body = {"email": account.email, "password": "wrong-password"}
        for _ in range(11):
            reply = account.shape.http.post("/api/v1/auth/login", json=body)
        check_error(reply, 429, "LOGIN_LOCKED")
        assert reset(account, ask_reset(account)).status_code == 200
        assert can_log_in(account, NEW)


class TestChangedPassword:
    def test_ends_the_other_sessions(self, account: Account) -> None:
        others = [log_in(account), log_in(account)]
        reply = account.call("POST", "/auth/change-password", json={"current_password": PASSWORD, "new_password": NEW})
        assert reply.json()["ended_sessions"] == 2
        assert [works(one) for one in (account, *others)] == [True, False, False]
        assert can_log_in(account, NEW)
        assert not can_log_in(account, PASSWORD)

    def test_needs_the_old_one(self, account: Account) -> None:
        forget_tries(account.shape)
        body = {"current_password": "wrong-password", "new_password": NEW}
        for _ in range(10):
            reply = account.call("POST", "/auth/change-password", json=body)
            check_error(reply, 400, "WRONG_PASSWORD", "current_password")
        check_error(account.call("POST", "/auth/change-password", json=body), 429, "LOGIN_LOCKED")
        forget_tries(account.shape)
        assert can_log_in(account, PASSWORD)

    def test_ends_codes_that_wait(self, account: Account) -> None:
        forget_tries(account.shape)
        code = ask_reset(account)
        account.call("POST", "/auth/change-password", json={"current_password": PASSWORD, "new_password": NEW})
        check_error(reset(account, code, "third-Passphrase-5"), 400, "INVALID_OTP")

    def test_keys_have_none(self, account: Account) -> None:
        key = account.workspace().post("/api-keys", json={"name": "k", "kind": "secret"}).json()["key"]
        program = Account(account.shape, account.email, key, "", account.user_id)
        body = {"current_password": PASSWORD, "new_password": NEW}
        check_error(program.call("POST", "/auth/change-password", json=body), 403, "USER_REQUIRED")
        check_error(program.call("GET", "/auth/sessions"), 403, "USER_REQUIRED")


class TestChangedAddress:
    def ask(self, account: Account, new: str, password: str = PASSWORD) -> httpx.Response:
        return account.call("POST", "/auth/change-email", json={"email": new, "password": password})

    def confirm(self, account: Account, code: str) -> httpx.Response:
        return account.call("POST", "/auth/confirm-email", json={"otp_code": code})

    def test_by_a_code_to_the_new_one(self, account: Account) -> None:
        forget_tries(account.shape)
        new = f"new-{account.email}"
        old_code = ask_reset(account)
        assert self.ask(account, new.upper()).json()["email"] == new
        assert account.call("GET", "/auth/me").json()["email"] == account.email  # not yet
        reply = self.confirm(account, account.shape.code_for(new))
        assert (reply.json()["email"], reply.json()["email_verified"]) == (new, True)
        assert new in account.shape.mails_to(account.email)[0]
        assert works(log_in(account, email=new))
        assert not can_log_in(account, PASSWORD)
        body = {"email": new, "otp_code": old_code, "new_password": NEW}
        check_error(account.shape.http.post("/api/v1/auth/reset-password", json=body), 400, "INVALID_OTP")

    def test_taken(self, account: Account) -> None:
        other = account.shape.sign_up()
        forget_tries(account.shape)
        check_error(self.ask(account, other.email), 409, "EMAIL_TAKEN", "email")

    def test_taken_meanwhile(self, account: Account) -> None:
        new = f"new-{account.email}"
        second = account.shape.sign_up()
        self.ask(account, new)
        code = account.shape.code_for(new)
        forget_tries(account.shape)
        self.ask(second, new)
        assert self.confirm(second, account.shape.code_for(new)).status_code == 200
        check_error(self.confirm(account, code), 409, "EMAIL_TAKEN", "email")
        assert account.call("GET", "/auth/me").json()["email"] == account.email

    def test_anothers_code(self, account: Account) -> None:
        new = f"new-{account.email}"
        self.ask(account, new)
        check_error(self.confirm(account.shape.sign_up(), account.shape.code_for(new)), 400, "INVALID_OTP", "otp_code")

    def test_a_code_of_another_purpose(self, account: Account) -> None:
        forget_tries(account.shape)
        check_error(self.confirm(account, ask_reset(account)), 400, "INVALID_OTP")

    @pytest.mark.parametrize(
        ("body", "field"),
        [({"email": "nobody", "password": PASSWORD}, "email"), ({"email": "a@example.com"}, "password")],
    )
    def test_bad_input(self, body: dict[str, Any], field: str, account: Account) -> None:
        check_error(account.call("POST", "/auth/change-email", json=body), 400, field=field)

    def test_needs_the_password(self, account: Account) -> None:
        check_error(self.ask(account, f"new-{account.email}", "wrong-password"), 400, "WRONG_PASSWORD", "password")


class TestSessions:
    def test_list(self, account: Account) -> None:
        phone = log_in(account, agent="phone")
        page = phone.call("GET", "/auth/sessions").json()
        assert page["total"] == 2
        assert page["sessions"][0]["user_agent"] == "phone"
        assert [one["is_current"] for one in page["sessions"]] == [True, False]
        assert page["sessions"][0]["address"] == "127.0.0.1"
        body = {"refresh_token": account.refresh_token}
        account.shape.http.post("/api/v1/auth/refresh", json=body, headers={"User-Agent": "tablet"})
        renewed = phone.call("GET", "/auth/sessions", params={"limit": 1}).json()["sessions"][0]
        assert renewed["user_agent"] == "tablet"  # the latest first
        assert renewed["last_renewed_at"] > renewed["created_at"]

    def test_end_one(self, account: Account) -> None:
        phone = log_in(account, agent="phone")
        listed = account.call("GET", "/auth/sessions").json()["sessions"]
        lost = next(one["id"] for one in listed if one["user_agent"] == "phone")
        check_error(account.shape.sign_up().call("DELETE", f"/auth/sessions/{lost}"), 404, "SESSION_NOT_FOUND")
        assert works(phone)
        assert account.call("DELETE", f"/auth/sessions/{lost}").status_code == 200
        assert not works(phone)
        check_error(account.call("DELETE", f"/auth/sessions/{lost}"), 404, "SESSION_NOT_FOUND")

    def test_end_the_others(self, account: Account) -> None:
        others = [log_in(account) for _ in range(3)]
        assert others[0].call("DELETE", "/auth/sessions").json()["ended_sessions"] == 3
        assert [works(one) for one in (account, *others)] == [False, True, False, False]

    def test_a_name(self, account: Account) -> None:
        assert account.call("PATCH", "/auth/me", json={"full_name": " Ada  King "}).json()["full_name"] == "Ada King"
        assert account.call("GET", "/auth/me").json()["full_name"] == "Ada King"
        check_error(account.call("PATCH", "/auth/me", json={"full_name": " "}), 400, field="full_name")
