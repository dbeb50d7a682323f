"""`forecastkit datasets fetch` and `forecastkit datasets snapshots`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from forecastkit.cli.options import MARKET, OUTPUT, show_warnings, with_options

if TYPE_CHECKING:
    from forecastkit.sources.snapshots import Snapshot

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("fetch")
@click.argument("source", metavar="SOURCE")
@with_options(MARKET, OUTPUT[:1])
def fetch(source: str, as_json: bool, interval: str | None, **options: Any) -> None:
    """Fetch market data into a snapshot, unless a fresh one is there.

    SOURCE is yahoo:SPY, or several symbols as in yahoo:SPY,QQQ. What was fetched is compared with the fetch
    before: splits, dividends and corrections are named.
    """
    from forecastkit.errors import DataError
    from forecastkit.reporting.document import to_json
    from forecastkit.sources.fetching import fetch as fetch_one
    from forecastkit.sources.fetching import symbols_in

    show_warnings()
    kept, failed = [], {}
    for name in symbols_in(source):
        try:
            kept.append(fetch_one(name, interval=interval or "1d", **options))
        except DataError as error:
            failed[name] = error
    if failed and not kept:
        raise next(iter(failed.values()))
    for name, why in failed.items():
        click.echo(f"Warning: {name} was not fetched: {why}", err=True)
    if as_json:
        told = {
            "snapshots": [
                {"source": k.snapshot.source, "fetched": k.fetched, **k.snapshot.facts} for k in kept
            ],
            "failures": {name: {"error": type(e).__name__, "message": str(e)} for name, e in failed.items()},
        }
        click.echo(to_json(told), nl=False)
        return
    for snapshot, _, fetched in kept:
        click.echo("\n".join(_described(snapshot, fetched)))


@click.group("snapshots")
def snapshots() -> None:
    """List, show, compare or delete kept snapshots of market data."""


@snapshots.command("list")
@click.argument("symbol", required=False)
@JSON
def list_snapshots(symbol: str | None, as_json: bool) -> None:
    """List the kept snapshots, of all symbols or of one."""
    from forecastkit.reporting.document import to_json
    from forecastkit.sources.snapshots import SnapshotStore

    found, damaged = SnapshotStore().all()
    if symbol is not None:
        found = [snapshot for snapshot in found if snapshot.request.symbol == _symbol(symbol)]
    if as_json:
        told = {
            "snapshots": [{"source": s.source, **s.facts} for s in found],
            "damaged": [str(path) for path in damaged],
        }
        click.echo(to_json(told), nl=False)
        return
    width = max((len(snapshot.source) for snapshot in found), default=0)
    for snapshot in found:
        facts = snapshot.facts
        size = f"{facts['rows']:>6} bars of {snapshot.request.interval}"
        click.echo(f"{snapshot.source.ljust(width)}  {size}, {facts['first']} to {facts['last']}")
    for path in damaged:
        click.echo(f"Warning: {path} cannot be read.", err=True)


@snapshots.command("show")
@click.argument("source", metavar="SOURCE@ID")
@JSON
def show(source: str, as_json: bool) -> None:
    """Verify a snapshot and show what its sidecar says; without @ID the newest of the symbol."""
    from forecastkit.reporting.document import to_json

    snapshot = _find(source)
    told = {"source": snapshot.source, "folder": str(snapshot.path.parent), **snapshot.facts}
    if as_json:
        click.echo(to_json(told), nl=False)
        return
    for key, value in told.items():
        click.echo(f"{key:<15}{_brief(value)}")


@snapshots.command("diff")
@click.argument("old", metavar="OLD@ID")
@click.argument("new", metavar="[NEW@ID]", required=False)
@JSON
def diff(old: str, new: str | None, as_json: bool) -> None:
    """Say what a later snapshot changed; without a second one the newest of the same symbol."""
    from forecastkit.reporting.document import to_json
    from forecastkit.sources.revision import compare_fetches, revision_sentence
    from forecastkit.sources.snapshots import SnapshotStore

    store, before = SnapshotStore(), _find(old)
    after = _find(new or f"yahoo:{before.request.symbol}")
    revision = compare_fetches(
        store.table(before), before.facts, store.table(after), after.facts, against=before.id
    )
    told = {**asdict(revision), "of": after.id}
    click.echo(to_json(told) if as_json else revision_sentence(told), nl=not as_json)


@snapshots.command("prune")
@click.option(
    "--keep", type=click.IntRange(1), default=1, show_default=True, help="Newest per request to keep."
)
@click.option("--damaged", is_flag=True, help="Delete damaged snapshots, and only those.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted.")
@JSON
def prune(keep: int, damaged: bool, dry_run: bool, as_json: bool) -> None:
    """Delete older snapshots. Runs keep their series, but cannot be fetched again as they were."""
    from forecastkit.reporting.document import to_json
    from forecastkit.sources.snapshots import SnapshotStore

    store = SnapshotStore()
    paths = store.damaged() if damaged else store.older(keep)
    for path in paths:
        if not dry_run:
            store.remove(path)
    if as_json:
        click.echo(to_json({"deleted": [str(path) for path in paths], "dry_run": dry_run}), nl=False)
        return
    word = "would be deleted" if dry_run else "deleted"
    for path in paths:
        click.echo(f"{path.parent.name}/{path.stem} {word}")
    click.echo(f"{'One snapshot' if len(paths) == 1 else f'{len(paths)} snapshots'} {word}.")


def _described(snapshot: Snapshot, fetched: bool) -> list[str]:
    from forecastkit.sources.revision import revision_sentence

    facts, request = snapshot.facts, snapshot.request
    when = "fetched now" if fetched else f"kept since {facts['fetched_at'][:16].replace('T', ' ')} UTC"
    lines = [
        f"{request.symbol}: {facts['rows']} bars of {request.interval}, {facts['first']} to {facts['last']}, "
        f"{facts['currency']}, {facts['zone']}, {facts['basis']}",
        f"  {snapshot.source} ({when})",
    ]
    if facts["revision"]:
        lines.append(f"  {revision_sentence(facts['revision'])}")
    return lines


def _find(source: str) -> Snapshot:
    """Find the snapshot that a source names and verify it; a symbol alone names its newest."""
    from forecastkit.sources.fetching import PREFIX, read_kept

    return read_kept(source if source.startswith(PREFIX) else PREFIX + source).snapshot


def _symbol(text: str) -> str:
    return text.removeprefix("yahoo:").strip().upper()


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_brief(item)}" for key, item in value.items()) or "none"
    return "none" if value is None else str(value)
