"""The command line. Results go to stdout or files, progress to stderr.

Exit codes: 0 done (also when nothing was left to do), 1 failed, 2 bad input, 3 a gate said no, 130 interrupted and
resumable. Commands import what they need when they run, so that ``rft --help`` answers at once.
"""

import errno
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rft.cli.sandbox import app as sandbox_app
from rft.errors import InputError, RftError, UnjudgedError, printable
from rft.report.output import print_table, show, show_metrics

if TYPE_CHECKING:
    from rft.rounds.session import Session
    from rft.types import Verifier

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Rejection sampling fine-tuning for code and math: sample, verify, select, train, measure, again.",
)
tasks_app = typer.Typer(no_args_is_help=False, help="Lists tasks and shows their problems.")
models_app = typer.Typer(no_args_is_help=False, help="Lists and fetches the embedded models.")
app.add_typer(tasks_app, name="tasks")
app.add_typer(models_app, name="models")
app.add_typer(sandbox_app, name="sandbox")

ENVIRONMENT_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
"""What the machine, not the program, is to blame for: a full or read-only disk, missing rights."""

SHOWN = 4_000
"""Characters of one problem that ``rft tasks show`` prints."""

Target = Annotated[Path, typer.Argument(help="A config file, or the folder of a run.", show_default=False)]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Changes to the config, e.g. sampling.n=32.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Progress and result as JSON, for scripts.")]
SandboxKind = Annotated[str | None, typer.Option(help="Where programs run: local, docker, http.", show_default=False)]
Split = Annotated[
    str | None, typer.Option(help="Which split of a task; default: train, or the first.", show_default=False)
]
RoundNumber = Annotated[int, typer.Option("--round", help="Which round.", min=0)]


def _show_version(wanted: bool) -> None:
    if wanted:
        from rft import __version__

        print(f"rft {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options before any command."""


def main() -> None:
    """Entry point: turns our errors into one sentence and an exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except RftError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        if error.errno not in ENVIRONMENT_FAULTS:
            raise
        place = f" {error.filename}" if error.filename else ""
        _fail(f"cannot read or write{place}: {error.strerror}; mend that and run the same command again", 2)


@app.command()
def run(target: Target, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Runs the whole loop: rounds of sample, verify, select, train and measure. The same call resumes."""
    from rft.rounds.loop import run_rounds, write_metrics

    with _session(target, overrides, as_json) as session:
        try:
            metrics = run_rounds(session)
        except RftError:
            with suppress(RftError, OSError):  # what stopped the run may stop this too, and comes first
                show_metrics(write_metrics(session), session.run.path / "metrics.json", as_json)
            raise
        show_metrics(metrics, session.run.path / "metrics.json", as_json)


@app.command()
def sample(target: Target, overrides: Overrides = None, number: RoundNumber = 0, as_json: AsJson = False) -> None:
    """Draws the candidates of a round, without judging them."""
    with _session(target, overrides, as_json) as session:
        progress = session.sample(number, judge=False)
        show({"samples": progress.done, "folder": str(session.run.round(number) / "samples")}, as_json)


@app.command()
def verify(
    target: Annotated[Path, typer.Argument(help="A JSONL file of completions, a config file, or a run's folder.")],
    overrides: Overrides = None,
    out: Annotated[Path | None, typer.Option(help="Where the verdicts of a JSONL file go.")] = None,
    verifier: Annotated[str | None, typer.Option(help="For lines of a JSONL file that name none.")] = None,
    sandbox: SandboxKind = None,
    workers: Annotated[int, typer.Option(help="Problems of a JSONL file judged at the same time.", min=1)] = 2,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave unreadable lines out.")] = False,
    number: RoundNumber = 0,
    as_json: AsJson = False,
) -> None:
    """Judges a bare JSONL file, or a run's stored samples. What could not be judged before is tried again."""
    if target.suffixes[-1:] == [".jsonl"] or target.suffixes[-2:] == [".jsonl", ".gz"]:
        if out is None:
            raise InputError(f"say where the verdicts of {target} should go: --out verdicts.jsonl")
        _verify_file(target, out, overrides or [], verifier, sandbox, workers, skip_bad_rows, as_json)
        return
    with _session(target, [*(overrides or []), *([f"sandbox.kind={sandbox}"] if sandbox else [])], as_json) as session:
        progress = session.verify(number)
        show({"judged": progress.judged, **{str(k): v for k, v in progress.outcomes.items()}}, as_json)


@app.command()
def select(target: Target, overrides: Overrides = None, number: RoundNumber = 0, as_json: AsJson = False) -> None:
    """Chooses the training rows of a round from its judged samples, and says why the others were dropped."""
    with _session(target, overrides, as_json) as session:
        funnel = session.select(number)
        show({**funnel, "file": str(session.run.round(number) / "selected.parquet")}, as_json)


@app.command()
def export(target: Target, overrides: Overrides = None, number: RoundNumber = 0, as_json: AsJson = False) -> None:
    """Writes a round's training files: chat messages and prompt/completion, as JSONL and Parquet."""
    with _session(target, overrides, as_json) as session:
        session.select(number)
        folder = session.export(number).parent
        show({"files": [str(path) for path in sorted(folder.iterdir())]}, as_json)


@app.command()
def train(target: Target, overrides: Overrides = None, number: RoundNumber = 0, as_json: AsJson = False) -> None:
    """Fine-tunes on a round's selected rows and says where the new model is."""
    with _session(target, overrides, as_json) as session:
        if session.trainer is None:
            raise InputError("train.kind is none; choose a trainer, e.g. train.kind=trl")
        session.select(number)
        show({"model": session.train(number)}, as_json)


@app.command(name="eval")
def evaluate(
    target: Target,
    overrides: Overrides = None,
    model: Annotated[str | None, typer.Option(help="A folder, hub id or embedded model; default: the base.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measures a model on the held-out problems: pass@k with intervals."""
    from rft.models import resolve

    with _session(target, overrides, as_json) as session:
        if not session.config.eval.enabled:
            raise InputError("eval.enabled is false in this run; no problem is held out")
        found = resolve(model) if model else session.base_model
        folder = session.eval_folder(found)
        measured = session.evaluate(folder, found, "base model" if found == session.base_model else found)
        figures = {"evaluations": [{"title": found, **measured.summary.to_json()}], "rounds": []}
        show_metrics(figures, folder / "metrics.json", as_json)


@tasks_app.callback(invoke_without_command=True)
def list_tasks(context: typer.Context) -> None:
    """Lists the tasks."""
    from rft.tasks import TASKS
    from rft.tasks.catalog import describe

    if context.invoked_subcommand is None:
        infos = [describe(kind) for kind in TASKS]
        rows = [(info.kind, ", ".join(info.splits or ("as given",)), info.summary) for info in infos]
        print_table(("task", "splits", "what it is"), rows)


@tasks_app.command(name="show")
def show_task(
    kind: Annotated[str, typer.Argument(help="A task's name.")],
    options: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Its options.")] = None,
    split: Split = None,
    n: Annotated[int, typer.Option("-n", help="How many problems.", min=0)] = 3,
) -> None:
    """Shows a task's options and its first problems."""
    from itertools import islice

    from rft.rounds.opening import default_split
    from rft.tasks.catalog import describe

    info = describe(kind)
    rows = [(option.name, option.type, option.default or "(needed)", option.doc) for option in info.options]
    print_table(("option", "type", "default", "meaning"), rows, title=f"{kind}: {info.summary}")
    needs = [option.name for option in info.options if option.default is None]
    if n and (options or not needs):
        task = _task(kind, options)
        for problem in islice(task.problems(split or default_split(task)), n):
            facts = {"id": problem.id, "prompt": problem.prompt, "reference": problem.reference}
            line = json.dumps({**facts, "verifier": problem.verifier}, ensure_ascii=False)
            print(line if len(line) <= SHOWN else f"{line[:SHOWN]} … ({len(line)} characters)")


@app.command()
def check(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A task's name; with --cross also a JSONL file or a run's folder.")
    ],
    options: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="The task's options.")] = None,
    split: Split = None,
    limit: Annotated[int | None, typer.Option(help="Only the first so many problems, or lines.", min=1)] = None,
    sandbox: SandboxKind = None,
    cross: Annotated[bool, typer.Option("--cross", help="Compare with math-verify instead, on math problems.")] = False,
    out: Annotated[Path | None, typer.Option(help="With --cross: all differences go here, as JSONL.")] = None,
    skip_bad_rows: Annotated[bool, typer.Option("--skip-bad-rows", help="Leave unreadable lines out.")] = False,
    number: RoundNumber = 0,
    as_json: AsJson = False,
) -> None:
    """Proves a task without a model: references pass; empty and wrong answers fail. Exit code 3 if not.

    With --cross nothing is proved: math-verify judges the same completions; differences are listed. Exit code 0.

    rft check gsm8k --cross: the task's own references and near misses.

    rft check answers.jsonl --cross --out differences.jsonl: lines as rft verify takes them.

    rft check runs/demo --cross --round 1: a run's stored samples.
    """
    from rft.errors import GateError
    from rft.judging.proof import check_task
    from rft.rounds.opening import Verifiers, default_split, sandbox_config

    if cross:
        from rft.judging.cross import check_across, print_comparison

        result = check_across(target, options or [], split, limit, number, skip_bad_rows, out)
        if as_json:
            show(result.to_json(), as_json)
        else:
            print_comparison(result, out)
        return
    if out or target.endswith((".jsonl", ".jsonl.gz")):
        raise InputError("a task is proved by its name; --out and JSONL files go with --cross")
    verifiers = Verifiers(sandbox=sandbox_config(sandbox, {}))
    try:
        task = _task(target, options)
        split = split or default_split(task)
        report = check_task(task.problems(split), verifiers, limit)
    finally:
        verifiers.close()
    show(report.to_json(), as_json)
    if not report.passed:
        raise GateError(f"task '{target}', split '{split}': {report.n_findings} findings; see above")


@app.command()
def init(path: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("run.yaml")) -> None:
    """Writes a commented config that runs as it is."""
    from rft.config.starter import write_starter

    write_starter(path)
    print(f"wrote {path}; start it with: rft run {path}")


@models_app.callback(invoke_without_command=True)
def list_models(context: typer.Context) -> None:
    """Lists the embedded models."""
    from rft.models import EMBEDDED, cache_folder

    if context.invoked_subcommand is None:
        folders = {name: cache_folder() / "models" / name for name in EMBEDDED}
        rows = [
            (name, model.license, model.about, str(folders[name]) if folders[name].exists() else "not fetched")
            for name, model in EMBEDDED.items()
        ]
        print_table(("model", "licence", "what it is", "here"), rows)


@models_app.command()
def fetch(name: Annotated[str, typer.Argument(help="An embedded model's name.")] = "smollm2-135m") -> None:
    """Fetches an embedded model and converts it once; prints its folder."""
    from rft.models import embedded

    print(embedded(name, lambda message: print(message, file=sys.stderr)))


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Looks for engine, GPUs, trainer, checker, model, Docker and disk, and says what to do about what is missing."""
    from dataclasses import asdict

    from rft.cli.doctor import examine

    findings = examine()
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings]))
        return
    rows = [("ok" if finding.ok else "–", finding.name, finding.seen, finding.remedy) for finding in findings]
    print_table(("", "part", "seen", "what to do"), rows)


# -- what the commands share


def _fail(message: str, exit_code: int) -> None:
    if "--json" in sys.argv:
        print(json.dumps({"event": "error", "message": message, "exit_code": exit_code}), file=sys.stderr)
    else:
        print(f"rft: {printable(message)}", file=sys.stderr)
    sys.exit(exit_code)


@contextmanager
def _session(target: Path, overrides: list[str] | None, as_json: bool) -> Iterator["Session"]:
    from rft.report.console import observer
    from rft.rounds.opening import open_session, read_target

    config = read_target(target, overrides or [])
    text = target.read_text("utf-8") if target.is_file() else ""
    try:
        session = open_session(config, observer(as_json), text)
        try:
            yield session
        finally:
            session.close()
    except KeyboardInterrupt:
        print(f"\nrft: interrupted; nothing is lost. Go on with: rft {_again()}", file=sys.stderr)
        sys.stderr.flush()
        raise typer.Exit(130) from None


def _again() -> str:
    import shlex

    return shlex.join(sys.argv[1:])


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def _verify_file(
    source: Path,
    out: Path,
    overrides: list[str],
    verifier: str | None,
    sandbox: str | None,
    workers: int,
    skip_bad: bool,
    as_json: bool,
) -> None:
    from rft.config.schema import VerifyConfig
    from rft.judging.bare_file import judge_file
    from rft.rounds.opening import bare_verifiers
    from rft.types import Outcome

    get = bare_verifiers(overrides, sandbox)

    def known(name: str, where: str) -> "Verifier":
        if ":" in name and name != verifier:  # a data file must not choose what is imported
            raise InputError(f"verifier '{name}'{where} is a path to code; only --verifier may name one")
        return get(name, where)

    try:
        outcomes, n_skipped = judge_file(source, out, known, verifier, workers, skip_bad)
    finally:
        get.close()
    counts = {str(outcome): count for outcome, count in outcomes.items()}
    facts = {"judged": outcomes.total(), **counts, "skipped": n_skipped, "file": str(out)}
    if str(out) != "-":  # else stdout holds the verdicts
        show(facts, as_json)
    n_unjudged, allowed = outcomes[Outcome.UNJUDGED], VerifyConfig().max_unjudged
    if n_unjudged > allowed * outcomes.total():
        raise UnjudgedError(
            f"{n_unjudged} of {outcomes.total()} lines could not be judged, more than {allowed:.0%}; {out} says why"
        )


def _task(kind: str, options: list[str] | None) -> Any:
    from rft.config.schema import parse_overrides
    from rft.rounds.opening import build_task

    return build_task(kind, parse_overrides(options or []))
