"""``rft sandbox``: builds, checks, cleans up and lends out the places where programs run."""

import os
import sys
from typing import Annotated

import typer

from rft.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Builds, checks, cleans up and lends out sandboxes.")

Kind = Annotated[str, typer.Option("--sandbox", help="local, docker, http, or module:Class.")]
Options = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Options of the sandbox.", show_default=False)
]
EngineAddress = Annotated[str | None, typer.Option("--host", help="The Docker engine; default: DOCKER_HOST.")]


@app.command()
def build(
    base: Annotated[str, typer.Option(help="Base image, with Python 3.11 or newer.")] = "",
    packages: Annotated[bool, typer.Option("--packages", help="Add numpy, scipy, pandas and the like.")] = False,
    languages: Annotated[
        bool, typer.Option("--languages", help="Add the compilers and runtimes of all languages (Debian bases).")
    ] = False,
    network: Annotated[str | None, typer.Option(help="The engine's network while building, e.g. host.")] = None,
    host: EngineAddress = None,
) -> None:
    """Builds the image of the docker sandbox; prints its name."""
    from rft.sandboxes.docker import images
    from rft.sandboxes.docker.containers import connect

    engine = connect(host)
    try:
        image = images.build(
            engine,
            base or images.BASE,
            packages=packages,
            languages=languages,
            network=network,
            say=lambda line: print(line, file=sys.stderr),
        )
    finally:
        engine.close()
    print(image.tag)


@app.command()
def check(kind: Kind = "local", options: Options = None) -> None:
    """Runs programs in a sandbox and says what it enforces, what it has, and what it cannot do here."""
    from rft.components import build_sandbox, sandbox_config
    from rft.config.schema import parse_overrides
    from rft.report.output import print_table
    from rft.sandboxes.checkup import inspect_sandbox

    sandbox = build_sandbox(sandbox_config(kind, parse_overrides(options or [])))
    try:
        findings = inspect_sandbox(sandbox)
    finally:
        sandbox.close()
    print_table(("", "what", "seen"), [("ok" if found.ok else "–", found.name, found.seen) for found in findings])
    if not all(found.ok or found.optional for found in findings):
        raise typer.Exit(1)


@app.command()
def clean(
    keep_current: Annotated[bool, typer.Option("--keep-current", help="Leave this version's images.")] = False,
    host: EngineAddress = None,
) -> None:
    """Removes our images, and containers and control groups whose owner is gone; what is in use stays."""
    from rft.sandboxes.docker import images
    from rft.sandboxes.docker.containers import connect
    from rft.sandboxes.local import cgroups

    cgroups.sweep()
    engine = connect(host)
    try:
        gone = images.clean(engine, keep_current=keep_current)
    finally:
        engine.close()
    print("\n".join(gone) if gone else "nothing was left behind")


@app.command()
def serve(
    kind: Kind = "local",
    options: Options = None,
    host: Annotated[str, typer.Option(help="Address to listen on; any except loopback needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 takes a free one.", min=0, max=65535)] = 8080,
    token_env: Annotated[str | None, typer.Option(help="Environment variable that holds the token.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="One line per request on stderr.")] = False,
) -> None:
    """Lends a sandbox out over HTTP, to rft and to clients of SandboxFusion's run_code."""
    from rft.components import build_sandbox, sandbox_config
    from rft.config.schema import parse_overrides
    from rft.sandboxes.http.serve import serve as serve_sandbox

    token = None
    if token_env is not None:
        token = os.environ.get(token_env)
        if not token:
            raise InputError(f"--token-env names {token_env}, which is not set; export it, or leave the option out")
    sandbox = build_sandbox(sandbox_config(kind, parse_overrides(options or [])))
    try:
        serve_sandbox(
            sandbox, host, port, token, verbose=verbose, ready=lambda url: print(f"serving at {url}", flush=True)
        )
    finally:
        sandbox.close()
