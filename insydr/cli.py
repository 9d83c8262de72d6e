"""`insydr`: the command line. Nothing heavy is imported before a command runs, so that `--help` is instant."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from core.errors import InsydrError
from insydr.output import fail


class Commands(typer.core.TyperGroup):
    """Known errors end with a sentence, not a traceback."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        given = sys.argv[1:] if args is None else args
        try:
            return super().main(given, *rest, **options)
        except InsydrError as error:
            fail(error, as_json="--json" in given)
        except OSError as error:  # a file that may not be read, a full disk: its name says more than a traceback
            place = f" {error.filename}" if error.filename else ""
            fail(InsydrError(f"{error.strerror or error}:{place}.", code="FILE_ERROR"), as_json="--json" in given)


app = typer.Typer(
    cls=Commands,
    name="insydr",
    help="Insydr: documents in, cited answers with a confidence out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
users = typer.Typer(help="Accounts.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(users, name="users")
plans = typer.Typer(help="What a workspace may use.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(plans, name="plan")
analytics = typer.Typer(help="What was counted.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(analytics, name="analytics")
vault = typer.Typer(help="The secrets that workspaces keep.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(vault, name="vault")
evaluation = typer.Typer(
    help="Measure search, answers and confidence on questions whose answers are known.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(evaluation, name="eval")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Workspace = Annotated[str | None, typer.Option("--workspace", "-w", help="Id or slug; default: the oldest one.")]
Collection = Annotated[str | None, typer.Option("--collection", "-c", help="Id or name.")]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind to.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one.")] = None,
    workers: Annotated[int, typer.Option(help="Processes; the embedded shape is exactly one.")] = 1,
) -> None:
    """Run the server (embedded: with its workers)."""
    from insydr.commands.serving import run_server

    run_server(host, port, workers)


@app.command()
def demo(question: Annotated[str | None, typer.Option(help="What to ask.")] = None) -> None:
    """Run the server with a demo workspace: our docs and small files of every format."""
    from insydr.commands.demo import run_demo

    run_demo(question)


@app.command()
def worker() -> None:
    """Run a worker of the scaled-out shape (needs INSYDR_BROKER_URL)."""
    from core.settings import load_settings
    from insydr.worker import work

    work(load_settings())


@app.command()
def ingest(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, ZIP archives, globs.")],
    workspace: Workspace = None,
    collection: Collection = None,
    as_json: AsJson = False,
) -> None:
    """Upload files and wait until they are searchable."""
    from insydr.commands.ingesting import run_ingest

    sys.exit(run_ingest(paths, workspace, collection, as_json=as_json))


@app.command()
def crawl(
    url: str,
    workspace: Workspace = None,
    collection: Collection = None,
    max_pages: Annotated[int | None, typer.Option(min=1, help="Pages with content, at most.")] = None,
    max_depth: Annotated[int | None, typer.Option(min=0, help="Links away from the start, at most.")] = None,
    include: Annotated[list[str] | None, typer.Option(help="Only these, e.g. '/docs/*'; several times.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Not these; several times.")] = None,
    subdomains: Annotated[bool | None, typer.Option(help="Hosts below the start's host, too.")] = None,
    sitemaps: Annotated[bool | None, typer.Option(help="Find pages by sitemaps and feeds, too.")] = None,
    render: Annotated[bool | None, typer.Option(help="Render pages that need JavaScript.")] = None,
    max_rate: Annotated[float | None, typer.Option(min=0.01, help="Requests a second, at most.")] = None,
    every_hours: Annotated[float | None, typer.Option(min=1, help="Crawl again so often.")] = None,
    schedule: Annotated[str | None, typer.Option(help="Crawl again by a cron line, e.g. '0 3 * * 1'.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be fetched.")] = False,
    as_json: AsJson = False,
) -> None:
    """Crawl a site into a collection and wait until it is searchable; the same site again: only what changed."""
    from insydr.commands.crawling import run_crawl

    given = {
        "max_pages": max_pages, "max_depth": max_depth, "include_patterns": include, "exclude_patterns": exclude,
        "subdomains": subdomains, "sitemaps": sitemaps, "render": render, "max_rate": max_rate,
        "every_hours": every_hours, "schedule": schedule,
    }  # fmt: skip
    options = {name: value for name, value in given.items() if value not in (None, [])}
    sys.exit(run_crawl(url, workspace, collection, options, dry_run=dry_run, as_json=as_json))


@app.command()
def ask(
    question: str,
    workspace: Workspace = None,
    collection: Collection = None,
    threshold: Annotated[float | None, typer.Option(min=0, max=1, help="Confidence below which none is given.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why it is as sure as it is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask a question; the answer comes with sources and a confidence."""
    from insydr.commands.asking import run_ask

    run_ask(question, workspace, collection, threshold, explain=explain, as_json=as_json)


@app.command()
def calibrate(
    file: Annotated[Path | None, typer.Argument(help="CSV or JSON Lines with message_id and right.")] = None,
    workspace: Workspace = None,
    max_wrong: Annotated[float, typer.Option(min=0.001, max=0.999, help="Target: this share is wrong at most.")] = 0.1,
    reset: Annotated[bool, typer.Option("--reset", help="Back to the confidence as it was.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Keep the labels and report, but change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit a workspace's confidence on answers that were labelled right or wrong."""
    from insydr.commands.calibrating import run_calibrate

    run_calibrate(file, workspace, max_wrong, reset=reset, dry_run=dry_run, as_json=as_json)


@app.command()
def search(
    query: str,
    workspace: Workspace = None,
    collection: Collection = None,
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, max=100)] = 5,
    as_json: AsJson = False,
) -> None:
    """Find passages."""
    from insydr.commands.asking import run_search

    run_search(query, workspace, collection, top_k, as_json=as_json)


@app.command()
def documents(
    workspace: Workspace = None,
    collection: Collection = None,
    status: Annotated[str | None, typer.Option(help="PROCESSING, COMPLETED, FAILED or CANCELLED.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """List documents."""
    from insydr.commands.listing import run_documents

    run_documents(workspace, collection, status, limit, offset, as_json=as_json)


@app.command()
def reindex(workspace: Workspace = None, collection: Collection = None, as_json: AsJson = False) -> None:
    """Parse and embed every document again; the old versions are served meanwhile."""
    from insydr.commands.ingesting import run_reindex

    sys.exit(run_reindex(workspace, collection, as_json=as_json))


@app.command()
def queue(workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Say what waits, for how long, and why."""
    from insydr.commands.queueing import run_queue

    run_queue(workspace, as_json=as_json)


@app.command("dead-letters")
def dead_letters(
    replay: Annotated[list[str] | None, typer.Argument(help="Ids of documents to process once more.")] = None,
    workspace: Workspace = None,
    code: Annotated[str | None, typer.Option(help="Only those that failed with this code.")] = None,
    replay_all: Annotated[bool, typer.Option("--replay", help="Process all of them (of --code) once more.")] = False,
    jobs: Annotated[bool, typer.Option("--jobs", help="Upkeep jobs of the installation instead of documents.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """List what failed for good, with its reason, or process it once more."""
    from insydr.commands.queueing import run_dead_jobs, run_dead_letters

    if jobs:
        run_dead_jobs(limit, offset, replay=replay_all, as_json=as_json)
        return
    sys.exit(run_dead_letters(workspace, code, replay or [], limit, offset, all_=replay_all, as_json=as_json))


@app.command()
def reconcile(workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Compare rows, vectors and files, and repair what differs."""
    from insydr.commands.queueing import run_reconcile

    run_reconcile(workspace, as_json=as_json)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    without_secret: Annotated[bool, typer.Option("--without-secret", help="Leave the generated secret out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the whole installation to one file, also while the server runs."""
    from insydr.commands.moving import run_backup

    run_backup(file, without_secret=without_secret, as_json=as_json)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A backup.")], as_json: AsJson = False) -> None:
    """Restore a backup into an empty installation."""
    from insydr.commands.moving import run_restore

    run_restore(file, as_json=as_json)


@app.command()
def migrate(
    config: Annotated[Path, typer.Option("--to", help="TOML file with the settings of the scaled-out installation.")],
    as_json: AsJson = False,
) -> None:
    """Move an embedded installation to the scaled-out shape; the old one stays as it is."""
    from insydr.commands.moving import run_migrate

    run_migrate(config, as_json=as_json)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is configured, reachable and wrong."""
    from insydr.commands.doctor import run_doctor

    sys.exit(run_doctor(as_json=as_json))


@users.command("create")
def users_create(
    email: Annotated[str, typer.Option(help="E-mail address.")],
    password: Annotated[str, typer.Option(help="8 characters or more.", prompt=True, hide_input=True)],
    full_name: Annotated[str | None, typer.Option("--name", help="Full name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create a verified account; an existing one gets the password."""
    from insydr.commands.accounts import run_create_user

    run_create_user(email, password, full_name, as_json=as_json)


@analytics.command("rebuild")
def analytics_rebuild(
    workspace: Workspace = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Count every day of a workspace again, and say of which something else was kept."""
    from insydr.commands.analysing import run_rebuild

    run_rebuild(workspace, check=check, as_json=as_json)


@analytics.command("merge")
def analytics_merge(workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Join questions of a workspace that have turned out to mean the same, as is done every night."""
    from insydr.commands.analysing import run_merge

    run_merge(workspace, as_json=as_json)


@plans.command("show")
def plan_show(workspace: Workspace = None, as_json: AsJson = False) -> None:
    """Say which plan a workspace has, and what it allows."""
    from insydr.commands.plans import run_show_plan

    run_show_plan(workspace, as_json=as_json)


@plans.command("set")
def plan_set(
    plan: Annotated[str, typer.Argument(help="FREE, STARTER, PROFESSIONAL, BUSINESS or ENTERPRISE.")],
    workspace: Workspace = None,
    as_json: AsJson = False,
) -> None:
    """Give a workspace a plan; also while the server runs. What it has beyond a smaller one stays."""
    from insydr.commands.plans import run_set_plan

    run_set_plan(plan, workspace, as_json=as_json)


@vault.command("rotate")
def vault_rotate(as_json: AsJson = False) -> None:
    """Seal every secret with the first key of INSYDR_VAULT_KEYS; also while the server runs."""
    from insydr.commands.vault import run_rotate

    sys.exit(run_rotate(as_json=as_json))


@vault.command("status")
def vault_status(as_json: AsJson = False) -> None:
    """Say which keys have sealed how many secrets."""
    from insydr.commands.vault import run_status

    run_status(as_json=as_json)


@evaluation.command("run")
def eval_run(
    paths: Annotated[list[Path], typer.Argument(help="Folders of data sets, or question files of your own.")],
    workspace: Workspace = None,
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="Id or name; what a question file asks about.")
    ] = None,
    questions: Annotated[int | None, typer.Option(min=1, help="At most so many of each set.")] = None,
    seed: Annotated[int, typer.Option(help="Which ones; the same seed takes the same.")] = 1,
    name: Annotated[str | None, typer.Option(help="Name of the run; default: the set's.")] = None,
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("insydr-evals"),
    site: Annotated[Path | None, typer.Option(help="Folder of HTML pages that a set about a site asks about.")] = None,
    baselines: Annotated[bool, typer.Option(help="Measure `dense` and `sparse` (BM25) search beside ours.")] = True,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Confidence for refusals; default: that of new agents.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Start over instead of going on where it stopped.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask every question and write report.json and report.html; the same run again goes on where it stopped."""
    from insydr.commands.evaluating import run_eval

    options = {
        "workspace": workspace, "collection": collection, "questions": questions, "seed": seed, "name": name,
        "out": out, "site": site, "baselines": baselines, "threshold": threshold, "again": again, "as_json": as_json,
    }  # fmt: skip
    run_eval(paths, options)


@evaluation.command("compare")
def eval_compare(
    a: Annotated[str, typer.Argument(help="A run: its folder, or its name in --out.")],
    b: Annotated[str, typer.Argument(help="Another run over the same questions.")],
    out: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("insydr-evals"),
    as_json: AsJson = False,
) -> None:
    """Compare two runs question by question, with a significance test."""
    from insydr.commands.evaluating import run_compare

    run_compare(a, b, out, as_json=as_json)


def main() -> None:
    """Entry point."""
    os.umask(0o077)  # whatever is written holds somebody's documents
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
