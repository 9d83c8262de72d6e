"""CONTRACT, Insydr row 2: members, their roles, invitations, and who owns a workspace."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from core.clock import utc_now
from core.errors import Unavailable
from core.mail import Mailer
from domain.members.invitations import InvitationService
from domain.members.mail import said
from domain.models import Invitation, TryCount
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from tests.support.client import Account, Shape, Workspace, check_error


def invite(workspace: Workspace, email: str, role: str = "EDITOR") -> httpx.Response:
    return workspace.post("/invitations", json={"email": email, "role": role})


def token_for(shape: Shape, email: str) -> str:
    found = re.search(r"\binv_[\w-]+", shape.mails_to(email)[0])
    assert found
    return found[0]


def accept(account: Account, **claim: str) -> httpx.Response:
    return account.call("POST", "/auth/invitations/accept", json=claim)


def join(workspace: Workspace, account: Account, role: str = "EDITOR") -> Workspace:
    """The workspace as its new member sees it."""
    assert invite(workspace, account.email, role).status_code == 201
    assert accept(account, token=token_for(workspace.shape, account.email)).status_code == 200
    return workspace.seen_with(account.token)


def roles(workspace: Workspace) -> dict[str, str]:
    return {one["user_id"]: one["role"] for one in workspace.get("/members").json()["members"]}


@pytest.fixture
def guest(shape: Shape) -> Account:
    return shape.sign_up("Guest")


@pytest.fixture
def team(shape: Shape) -> Workspace:
    return shape.sign_up("Boss").workspace("Team")


class TestInvitations:
    def test_from_the_mail_to_a_member(self, team: Workspace, guest: Account) -> None:
        made = invite(team, f" {guest.email.upper()} ".strip(), "ANALYST").json()
        assert (made["email"], made["status"], made["accepted_at"]) == (guest.email, "PENDING", None)
        mail = team.shape.mails_to(guest.email)[0]
        assert team.account.email in mail
        assert "“Team”" in mail
        mine = guest.call("GET", "/auth/invitations").json()["invitations"]
        assert [(one["id"], one["workspace_name"], one["role"]) for one in mine] == [(made["id"], "Team", "ANALYST")]
        check_error(team.seen_with(guest.token).get(), 404, "WORKSPACE_NOT_FOUND")
        joined = accept(guest, token=token_for(team.shape, guest.email)).json()
        assert (joined["workspace_id"], joined["role"]) == (team.id, "ANALYST")
        assert roles(team) == {team.account.user_id: "OWNER", guest.user_id: "ANALYST"}
        assert guest.call("GET", "/auth/invitations").json() == {"invitations": [], "total": 0}
        listed = team.get("/invitations", params={"status": "ACCEPTED"}).json()["invitations"]
        assert [(one["id"], one["accepted_by"]) for one in listed] == [(made["id"], guest.user_id)]

    def test_by_its_id_for_its_own_address_only(self, team: Workspace, guest: Account) -> None:
        invitation_id = invite(team, guest.email).json()["id"]
        stranger = team.shape.sign_up("Stranger")
        check_error(accept(stranger, invitation_id=invitation_id), 404, "INVITATION_NOT_FOUND")
        assert accept(guest, invitation_id=invitation_id).status_code == 200

    def test_another_address_does_not_get_in(self, team: Workspace, guest: Account) -> None:
        invite(team, guest.email)
        token = token_for(team.shape, guest.email)
        check_error(accept(team.shape.sign_up(), token=token), 403, "INVITATION_FOR_ANOTHER_ADDRESS")
        assert accept(guest, token=token).status_code == 200

    def test_used_twice(self, team: Workspace, guest: Account) -> None:
        member = join(team, guest)
        token = token_for(team.shape, guest.email)
        check_error(accept(guest, token=token), 409, "ALREADY_MEMBER")
        assert member.delete("/members/me").status_code == 200
        check_error(accept(guest, token=token), 409, "INVITATION_USED")

    def test_by_two_at_once(self, team: Workspace, guest: Account) -> None:
        invite(team, guest.email)
        token = token_for(team.shape, guest.email)
        with ThreadPoolExecutor(4) as pool:
            replies = list(pool.map(lambda _: accept(guest, token=token).status_code, range(4)))
        assert sorted(replies) == [200, 409, 409, 409]

    def test_expired_then_invited_again(self, team: Workspace, guest: Account) -> None:
        made = invite(team, guest.email).json()
        token = token_for(team.shape, guest.email)
        self._expire(team, made["id"], -1)
        check_error(accept(guest, token=token), 400, "INVITATION_EXPIRED")
        assert team.get("/invitations", params={"status": "EXPIRED"}).json()["total"] == 1
        assert team.get("/invitations", params={"status": "PENDING"}).json()["total"] == 0
        again = invite(team, guest.email, "VIEWER").json()
        assert (again["id"], again["role"], again["status"]) == (made["id"], "VIEWER", "PENDING")
        check_error(accept(guest, token=token), 404, "INVITATION_NOT_FOUND")  # the earlier mail's code
        assert accept(guest, token=token_for(team.shape, guest.email)).json()["role"] == "VIEWER"

    def test_a_clock_that_jumped_and_came_back_has_ended_nothing(self, team: Workspace, guest: Account) -> None:
        made = invite(team, guest.email).json()
        self._expire(team, made["id"], -1)  # as a clock ahead sees it
        assert team.get("/invitations").json()["invitations"][0]["status"] == "EXPIRED"
        self._expire(team, made["id"], 60)
        assert accept(guest, token=token_for(team.shape, guest.email)).status_code == 200

    def test_withdrawn(self, team: Workspace, guest: Account) -> None:
        made = invite(team, guest.email).json()
        assert team.delete(f"/invitations/{made['id']}").status_code == 200
        check_error(accept(guest, token=token_for(team.shape, guest.email)), 404, "INVITATION_NOT_FOUND")
        check_error(team.delete(f"/invitations/{made['id']}"), 404, "INVITATION_NOT_FOUND")

    def test_to_a_member(self, team: Workspace, guest: Account) -> None:
        join(team, guest)
        check_error(invite(team, guest.email), 409, "ALREADY_MEMBER", "email")

    def test_to_a_workspace_that_is_deleted(self, team: Workspace, guest: Account) -> None:
        invite(team, guest.email)
        team.delete()
        assert guest.call("GET", "/auth/invitations").json()["total"] == 0
        check_error(accept(guest, token=token_for(team.shape, guest.email)), 404, "INVITATION_NOT_FOUND")

    def test_nobodys_inbox_is_flooded(self, team: Workspace) -> None:
        address = "popular@example.com"
        with team.shape.parts.database.write() as session:
            session.query(TryCount).delete()
        assert [invite(team, address).status_code for _ in range(11)] == [201] * 10 + [429]
        assert invite(team, "other@example.com").status_code == 201

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"email": "nobody", "role": "VIEWER"}, "email"), ({"email": "a@example.com", "role": "KING"}, "role"),
            ({"email": "a@example.com"}, "role"), ({"role": "VIEWER"}, "email"),
        ],
    )  # fmt: skip
    def test_bad_input(self, body: dict[str, Any], field: str, team: Workspace) -> None:
        check_error(team.post("/invitations", json=body), 400, field=field)

    @pytest.mark.parametrize("claim", [{}, {"token": "x", "invitation_id": "y"}])
    def test_one_claim(self, claim: dict[str, str], guest: Account) -> None:
        check_error(accept(guest, **claim), 400, field="token")

    def test_without_its_mail_there_is_none(self, team: Workspace) -> None:
        class Down(Mailer):
            def send(self, to: str, subject: str, text: str) -> None:
                raise Unavailable("The mail could not be sent.", code="MAIL_UNAVAILABLE")

        parts = team.shape.parts
        who = Principal(team.id, team.account.user_id, ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)
        service = InvitationService(parts.database, parts.keys, Down(), who, None)
        with pytest.raises(Unavailable):
            service.invite("late@example.com", Role.VIEWER)
        assert team.get("/invitations").json()["total"] == 0
        told = [one["action"] for one in team.get("/audit").json()["entries"]]
        assert told[:2] == ["INVITATION_WITHDRAWN", "INVITATION_CREATED"]

    @pytest.mark.parametrize("name", ["Win now: https://evil.example/x", "www.evil", "evil.example"])
    def test_names_with_links_are_not_mailed(self, name: str) -> None:
        assert said(name) == ""
        assert said("  Ada\nLovelace ") == "Ada Lovelace"

    @staticmethod
    def _expire(team: Workspace, invitation_id: str, seconds: int) -> None:
        with team.shape.parts.database.write() as session:
            chosen = update(Invitation).where(Invitation.id == invitation_id)
            session.execute(chosen.values(expires_at=utc_now() + timedelta(seconds=seconds)))


class TestEscalation:
    """Nobody makes, changes or removes a stronger member than they are."""

    @pytest.fixture
    def admin(self, team: Workspace, guest: Account) -> Workspace:
        return join(team, guest, "ADMIN")

    def test_an_admin_invites_no_owner(self, team: Workspace, admin: Workspace) -> None:
        check_error(invite(admin, "friend@example.com", "OWNER"), 403, "ROLE_TOO_HIGH")
        assert team.get("/invitations", params={"status": "PENDING"}).json()["total"] == 0
        assert invite(admin, "friend@example.com", "ADMIN").status_code == 201

    def test_nor_takes_an_owners_invitation_away(self, team: Workspace, admin: Workspace) -> None:
        made = invite(team, "heir@example.com", "OWNER").json()
        check_error(invite(admin, "heir@example.com", "VIEWER"), 403, "ROLE_TOO_HIGH")
        check_error(admin.delete(f"/invitations/{made['id']}"), 403, "ROLE_TOO_HIGH")

    def test_nor_makes_one_of_themselves(self, admin: Workspace) -> None:
        check_error(admin.patch("/members/me", json={"role": "OWNER"}), 403, "ROLE_TOO_HIGH")
        check_error(admin.post("/transfer-ownership", json={"user_id": "me"}), 403, "FORBIDDEN")

    def test_nor_touches_an_owner(self, team: Workspace, admin: Workspace) -> None:
        path = f"/members/{team.account.user_id}"
        check_error(admin.patch(path, json={"role": "VIEWER"}), 403, "ROLE_TOO_HIGH")
        check_error(admin.delete(path), 403, "ROLE_TOO_HIGH")

    def test_nor_does_an_admins_key(self, admin: Workspace) -> None:
        key = admin.post("/api-keys", json={"name": "k", "kind": "secret"}).json()["key"]
        check_error(invite(admin.seen_with(key), "friend@example.com", "OWNER"), 403, "ROLE_TOO_HIGH")
        assert invite(admin.seen_with(key), "friend@example.com", "ADMIN").status_code == 201

    def test_invitations_go_with_the_right_to_make_them(self, team: Workspace, admin: Workspace) -> None:
        invite(admin, "friend@example.com", "ADMIN")
        invite(team, "other@example.com", "ADMIN")
        user_id = admin.get("/members/me").json()["user_id"]
        assert team.patch(f"/members/{user_id}", json={"role": "EDITOR"}).json()["role"] == "EDITOR"
        left = team.get("/invitations", params={"status": "PENDING"}).json()["invitations"]
        assert [one["email"] for one in left] == ["other@example.com"]

    def test_who_was_demoted_meanwhile_changes_nothing(self, team: Workspace, admin: Workspace) -> None:
        """Between the look at a token and the change lies time."""
        user_id = admin.get("/members/me").json()["user_id"]
        late = Principal(team.id, user_id, ROLE_PERMISSIONS[Role.ADMIN], Role.ADMIN)
        team.patch(f"/members/{user_id}", json={"role": "VIEWER"})
        parts = team.shape.parts
        service = InvitationService(parts.database, parts.keys, parts.mailer, late, None)
        with pytest.raises(Exception, match="role was changed"):
            service.invite("friend@example.com", Role.ADMIN)


class TestMembers:
    def test_pages(self, team: Workspace, guest: Account) -> None:
        join(team, guest, "VIEWER")
        page = team.get("/members", params={"limit": 1, "offset": 1}).json()
        assert page["total"] == 2
        (one,) = page["members"]
        assert (one["user_id"], one["email"], one["full_name"], one["role"]) == (
            guest.user_id, guest.email, "Guest", "VIEWER",
        )  # fmt: skip
        assert team.get(f"/members/{guest.user_id}").json() == one
        check_error(team.get("/members/user_ghost"), 404, "MEMBER_NOT_FOUND")

    def test_a_role_holds_at_once(self, team: Workspace, guest: Account) -> None:
        member = join(team, guest, "VIEWER")
        check_error(member.post("/collections", json={"name": "c"}), 403, "FORBIDDEN")
        assert team.patch(f"/members/{guest.user_id}", json={"role": "EDITOR"}).status_code == 200
        assert member.post("/collections", json={"name": "c"}).status_code == 201

    def test_who_is_removed_is_out_with_their_secret_keys(self, team: Workspace, guest: Account) -> None:
        member = join(team, guest, "ADMIN")
        secret = member.post("/api-keys", json={"name": "s", "kind": "secret"}).json()["key"]
        public = member.post("/api-keys", json={"name": "p", "allowed_domains": ["members.example"]}).json()["id"]
        assert team.delete(f"/members/{guest.user_id}").status_code == 200
        check_error(member.get(), 404, "WORKSPACE_NOT_FOUND")
        check_error(team.seen_with(secret).get(), 401, "INVALID_API_KEY")
        join(team, guest, "ADMIN")
        check_error(team.seen_with(secret).get(), 401, "INVALID_API_KEY")  # it does not come back with them
        active = {one["id"]: one["is_active"] for one in team.get("/api-keys").json()["api_keys"]}
        assert active[public] is True  # web pages go on

    def test_anybody_leaves(self, team: Workspace, guest: Account) -> None:
        member = join(team, guest, "VIEWER")
        assert member.delete(f"/members/{guest.user_id}").status_code == 200
        check_error(member.get(), 404, "WORKSPACE_NOT_FOUND")

    def test_the_last_owner_stays(self, team: Workspace, guest: Account) -> None:
        join(team, guest, "ADMIN")
        check_error(team.delete("/members/me"), 409, "LAST_OWNER")
        check_error(team.patch("/members/me", json={"role": "ADMIN"}), 409, "LAST_OWNER")
        assert roles(team)[team.account.user_id] == "OWNER"

    def test_of_two_owners_one_may_go(self, team: Workspace, guest: Account) -> None:
        second = join(team, guest, "OWNER")
        assert team.delete("/members/me").status_code == 200
        assert second.get().json()["owner_id"] == guest.user_id
        check_error(second.delete("/members/me"), 409, "LAST_OWNER")

    def test_of_two_who_go_at_once_one_stays(self, team: Workspace, guest: Account) -> None:
        seen = [team, join(team, guest, "OWNER")]
        with ThreadPoolExecutor(2) as pool:
            replies = list(pool.map(lambda one: one.delete("/members/me").status_code, seen))
        assert sorted(replies) == [200, 409]

    def test_a_key_does_not_leave(self, team: Workspace, guest: Account) -> None:
        member = join(team, guest, "ADMIN")
        key = member.post("/api-keys", json={"name": "s", "kind": "secret"}).json()["key"]
        check_error(team.seen_with(key).delete("/members/me"), 403, "USER_REQUIRED")

    def test_ownership_passes_on(self, team: Workspace, guest: Account) -> None:
        heir = join(team, guest, "VIEWER")
        assert team.post("/transfer-ownership", json={"user_id": guest.user_id}).json()["owner_id"] == guest.user_id
        assert roles(team) == {team.account.user_id: "ADMIN", guest.user_id: "OWNER"}
        check_error(team.delete(), 403, "FORBIDDEN")
        check_error(heir.post("/transfer-ownership", json={"user_id": guest.user_id}), 409, "ALREADY_OWNER", "user_id")
        assert team.delete("/members/me").status_code == 200
        assert heir.delete().status_code == 200

    def test_webhooks_hear_of_it(self, team: Workspace, guest: Account) -> None:
        types = ["MEMBER_JOINED", "MEMBER_ROLE_CHANGED", "MEMBER_LEFT"]
        body = {"name": "w", "url": "https://127-0-0-1.example/", "event_types": types}
        webhook_id = team.post("/webhooks", json=body).json()["id"]
        join(team, guest, "VIEWER")
        team.patch(f"/members/{guest.user_id}", json={"role": "EDITOR"})
        team.patch(f"/members/{guest.user_id}", json={"role": "EDITOR"})  # nothing changes
        team.delete(f"/members/{guest.user_id}")
        listed = team.get(f"/webhooks/{webhook_id}/deliveries").json()["deliveries"]
        assert [one["event_type"] for one in reversed(listed)] == types
        details = [team.get(f"/webhooks/{webhook_id}/deliveries/{one['id']}").json()["body"] for one in listed]
        assert all(guest.user_id in str(body) for body in details)
