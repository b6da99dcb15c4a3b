"""The command line `duotrak`. Heavy imports are inside the commands, so that `--help` is quick."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from app.commands.jobs import jobs
from app.local.problems import CommandError

DEFAULT_DATA_DIR = Path(".duotrak")
GRACE_SECONDS = 10


class _Commands(TyperGroup):
    """Turns what the person at the terminal can mend into sentences and exit code 1."""

    def invoke(self, ctx: Any) -> Any:  # the type of `ctx` is private to typer
        try:
            return super().invoke(ctx)
        except CommandError as error:
            typer.echo(str(error), err=True)
        except _settings_errors() as error:
            typer.echo("The settings are not complete:", err=True)
            for problem in error.problems:
                typer.echo(f"  {problem}", err=True)
        raise typer.Exit(1)


def _settings_errors() -> tuple[type[Any], ...]:
    # Importing the module here would slow `--help` down; not imported, it has raised nothing.
    config = sys.modules.get("app.core.config")
    return (config.SettingsError,) if config else ()


app = typer.Typer(
    cls=_Commands,
    help="DuoTrak's backend. Start with `duotrak dev`: it needs no settings.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(jobs, name="jobs")

DataDir = Annotated[
    Path, typer.Option("--data-dir", help="Where local mode keeps its data between runs.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port of the API.")]
Host = Annotated[str, typer.Option(help="The address to listen on.")]


@app.command()
def dev(
    port: Port = 8000,
    host: Annotated[str, typer.Option(hidden=True)] = "127.0.0.1",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Load no sample data.")] = False,
    no_reload: Annotated[
        bool, typer.Option("--no-reload", help="Do not watch the source files.")
    ] = False,
) -> None:
    """Run everything on this machine: database, sample data, mailbox and API.

    Uses an embedded PostgreSQL, unless DATABASE_URL is set.
    """
    from app.local import dev as local

    local.run(host=host, port=port, data_dir=data_dir, seed=not no_seed, reload=not no_reload)


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="The number of processes.")] = 1,
) -> None:
    """Run the API with the settings of the environment, as in a deployment.

    FORWARDED_ALLOW_IPS names the proxies whose X-Forwarded headers are believed.
    """
    from app.core.config import load_settings
    from app.local.dev import claim_port
    from app.local.reach import check_database

    settings = load_settings()
    claim_port(host, port).close()
    check_database(settings.database)
    import uvicorn

    from app.core.logging import configure_logging

    configure_logging(level=settings.log_level, log_format=settings.log_format)
    uvicorn.run(
        "app.main:app",
        host=host,
        port=port,
        workers=workers,
        proxy_headers=True,
        access_log=False,  # the application logs its requests itself
        log_config=None,  # and the server through the same format
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


@app.command()
def worker(
    concurrency: Annotated[
        int, typer.Option(min=2, max=100, help="How many jobs to do at the same time.")
    ] = 10,
) -> None:
    """Do the background work: e-mails, deletions, what is due again and again.

    Any number may run, on any machines. SIGTERM lets running jobs finish, for up to 10 seconds.
    """
    from app.core.config import load_settings
    from app.local.reach import check_database

    settings = load_settings()
    check_database(settings.database)
    from app.core.logging import configure_logging
    from app.jobs.process import work

    configure_logging(level=settings.log_level, log_format=settings.log_format)
    asyncio.run(work(settings, concurrency=concurrency))


@app.command()
def token(
    email: Annotated[str, typer.Argument(help="The e-mail address of an account.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Print an access token of an account of local mode, for trying things with curl."""
    from app.local.instance import settings_beside_dev
    from app.local.reach import check_database

    settings = settings_beside_dev(data_dir, "token")
    check_database(settings.database)
    from app.local.tokens import mint_access_token

    try:
        typer.echo(asyncio.run(mint_access_token(settings, email)))
    except LookupError:
        raise CommandError(
            f"There is no account with the address {email}: sign up through "
            "`POST /api/v1/auth/signup`, or load the sample accounts with `duotrak seed`."
        ) from None


@app.command()
def seed(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Load the sample data into the database of `duotrak dev`. Twice is as good as once."""
    from app.local.instance import settings_beside_dev
    from app.local.reach import check_database

    settings = settings_beside_dev(data_dir, "seed")
    check_database(settings.database)
    from app.local.seed import seed as load

    loaded = asyncio.run(load(settings))
    typer.echo(
        "The sample data is loaded."
        if loaded.is_new
        else "The sample accounts are there already: nothing was changed."
    )
    for account in loaded.accounts:
        typer.echo(f"{account.name}  {account.email}  {account.password}")


@app.command("audit-db")
def audit_db(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """List what Supabase's Data API could reach in the database. Exit code 1 if anything.

    Looks at DATABASE_URL, or at the database of a running dev.
    """
    from app.core.config import SettingsError, parse_database_url
    from app.local.instance import database_url_beside_dev
    from app.local.reach import check_database

    database_url = database_url_beside_dev(data_dir)
    try:
        target = parse_database_url(database_url)
    except ValueError as error:
        raise SettingsError([f"DATABASE_URL: {error}"]) from None
    check_database(target)
    from app.db.audit import audit

    findings = asyncio.run(audit(database_url))
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(1)


@app.command()
def openapi() -> None:
    """Print the OpenAPI document as JSON. Needs no database and no settings."""
    from app.core.config import load_settings
    from app.main import create_app

    # As a deployment has it: without what only local mode adds. Nothing is connected to.
    settings = load_settings(
        _env_file=None,
        environment="production",
        database_url="postgresql://nobody@127.0.0.1/none",
        supabase_url="https://project.supabase.example",
        supabase_publishable_key="none",
        supabase_secret_key="none",
        frontend_url="https://duotrak.example",
        public_api_url="https://api.duotrak.example",
        cors_origins=(),
        email_mode="off",
    )
    document = create_app(settings).openapi()
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
