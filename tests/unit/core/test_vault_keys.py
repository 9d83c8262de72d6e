"""The keys of the vault: which seals, which open, and how everything comes to be sealed with a new one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.database import Database
from core.errors import InvalidInput, Unprocessable
from core.settings import Settings, load_settings
from domain.models import User
from domain.principal import ROLE_PERMISSIONS, Principal, Role
from domain.vault import rotation
from domain.vault.keys import VaultKeys, open_vault
from domain.vault.service import NewSecret, VaultService
from domain.workspaces.service import NewWorkspace, create_workspace
from tests.support.bench import Bench
from tests.support.terminal import Terminal

OLD, NEW, LOST, INSTALLATION = "old_" * 8, "new_" * 8, "lost" * 8, "installation" * 3


class TestKeys:
    def test_the_first_seals_and_all_open(self) -> None:
        old, both = VaultKeys([OLD]), VaultKeys([NEW, OLD])
        key_id, sealed = old.seal("sec_1", b"value")
        assert key_id == old.key_id != both.key_id
        assert both.ids == (both.key_id, old.key_id)
        assert both.open("sec_1", key_id, sealed) == b"value"
        assert both.seal("sec_1", b"value")[0] == both.key_id == VaultKeys([NEW]).key_id

    def test_each_sealing_is_another(self) -> None:
        keys = VaultKeys([OLD])
        assert len({keys.seal("sec_1", b"value") for _ in range(100)}) == 100

    def test_an_id_says_nothing_of_its_key(self) -> None:
        keys = VaultKeys([OLD])
        assert len(keys.key_id) == 16
        assert int(keys.key_id, 16) >= 0
        assert OLD.encode().hex()[:8] not in keys.key_id

    def test_a_key_that_is_not_set(self) -> None:
        key_id, sealed = VaultKeys([OLD]).seal("sec_1", b"value")
        with pytest.raises(Unprocessable, match=f"{key_id}.*INSYDR_VAULT_KEYS") as raised:
            VaultKeys([NEW]).open("sec_1", key_id, sealed)
        assert raised.value.code == "SEALED_OTHERWISE"

    @pytest.mark.parametrize("what", ["row", "byte", "short"])
    def test_what_was_moved_or_damaged(self, what: str) -> None:
        keys = VaultKeys([OLD])
        key_id, sealed = keys.seal("sec_1", b"value")
        changed = {"row": sealed, "byte": sealed[:-1] + bytes([sealed[-1] ^ 1]), "short": sealed[:5]}[what]
        with pytest.raises(Unprocessable, match="damaged") as raised:
            keys.open("sec_2" if what == "row" else "sec_1", key_id, changed)
        assert raised.value.code == "SEALED_OTHERWISE"


class TestSetting:
    def test_without_one_it_is_the_installations_key(self) -> None:
        assert open_vault(Settings(secret_key=INSTALLATION)).ids == VaultKeys([INSTALLATION]).ids

    def test_that_key_opens_still_where_there_is_one(self) -> None:
        settings = Settings(secret_key=INSTALLATION, vault_keys=f"{NEW}, {OLD},")
        assert open_vault(settings).ids == VaultKeys([NEW, OLD, INSTALLATION]).ids

    def test_short_ones_are_refused_and_not_repeated(self) -> None:
        with pytest.raises(InvalidInput, match="INSYDR_VAULT_KEYS") as raised:
            load_settings(vault_keys=f"{'x' * 32}, hunter2")
        assert "hunter2" not in raised.value.message

    def test_they_are_not_printed(self) -> None:
        settings = Settings(vault_keys="hunter2" * 5)
        assert "hunter2" not in repr(settings) + str(settings.model_dump())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.database.close()


def sealed(bench: Bench, keys: VaultKeys, count: int, name: str = "KEY") -> list[str]:
    with bench.database.write() as session:
        service = VaultService(session, bench.who, keys)
        return [service.create(NewSecret(f"{name}_{number}", f"value {number}")).id for number in range(count)]


def revealed(bench: Bench, keys: VaultKeys, ids: list[str]) -> list[str]:
    with bench.database.read() as session:
        service = VaultService(session, bench.who, keys)
        return [service.reveal(one) for one in ids]


class TestRotation:
    def test_a_page_a_transaction(self, bench: Bench) -> None:
        ids = sealed(bench, VaultKeys([OLD]), 7)
        told: list[tuple[int, int]] = []
        keys = VaultKeys([NEW, OLD])
        found = rotation.rotate(bench.database, keys, lambda *both: told.append(both), 3)
        assert (found.sealed, found.unopened, told) == (7, [], [(3, 7), (6, 7), (7, 7)])
        assert rotation.counts(bench.database) == {keys.key_id: 7}
        assert revealed(bench, VaultKeys([NEW]), ids) == [f"value {number}" for number in range(7)]
        again = rotation.rotate(bench.database, keys, lambda *_: None)
        assert (again.sealed, again.unopened) == (0, [])

    def test_interrupted_it_goes_on_where_it_was(self, bench: Bench) -> None:
        ids, keys = sealed(bench, VaultKeys([OLD]), 5), VaultKeys([NEW, OLD])

        def interrupt(*_: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(bench.database, keys, interrupt, 2)
        assert rotation.counts(bench.database)[keys.key_id] == 2
        assert revealed(bench, keys, ids) == [f"value {number}" for number in range(5)]
        assert rotation.rotate(bench.database, keys, lambda *_: None).sealed == 3

    def test_what_no_key_opens_is_named_and_stays(self, bench: Bench) -> None:
        lost = sealed(bench, VaultKeys([LOST]), 3, "LOST")
        sealed(bench, VaultKeys([OLD]), 3)
        found = rotation.rotate(bench.database, VaultKeys([NEW, OLD]), lambda *_: None, 2)
        assert (found.sealed, found.unopened) == (3, lost)
        assert revealed(bench, VaultKeys([LOST]), lost) == ["value 0", "value 1", "value 2"]


class TestCommands:
    def test_rotate_and_status(self, tmp_path: Path) -> None:
        terminal, old, new = Terminal(tmp_path), VaultKeys([OLD]), VaultKeys([NEW])
        terminal.environment["INSYDR_VAULT_KEYS"] = OLD
        assert terminal.json("vault", "rotate") == {"key_id": old.key_id, "sealed": 0, "unopened": []}
        database = Database(f"sqlite:///{tmp_path / 'data' / 'insydr.db'}")
        with database.write() as session:
            session.add(User(id="user_1", email="a@example.com", full_name="A", password_hash="x"))
            workspace = create_workspace(session, "user_1", NewWorkspace("W"), "ENTERPRISE")
            who = Principal(workspace.id, "user_1", ROLE_PERMISSIONS[Role.OWNER], Role.OWNER)
            one = VaultService(session, who, old).create(NewSecret("ONE", "value one"))
            two = VaultService(session, who, VaultKeys([LOST])).create(NewSecret("TWO", "value two"))
        terminal.environment["INSYDR_VAULT_KEYS"] = f"{NEW},{OLD}"
        status = [(row["key_id"], row["secrets"]) for row in terminal.json("vault", "status")["keys"]]
        assert status[:2] == [(new.key_id, 0), (old.key_id, 1)]
        assert status[3:] == [(VaultKeys([LOST]).key_id, 1)]
        done = terminal.json("vault", "rotate", status=1)
        assert done == {"key_id": new.key_id, "sealed": 1, "unopened": [two.id]}
        assert two.id in terminal.run("vault", "rotate", status=1)
        assert "cannot be opened" in terminal.run("vault", "status")
        with database.read() as session:
            assert VaultService(session, who, new).reveal(one.id) == "value one"
        database.close()
