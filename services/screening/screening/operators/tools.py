"""Tools of compliance officers: `match` and `compare`; they need list files and no database."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
import msgspec

from screening import comparing
from screening.comparing import BadRow
from screening.lists.files import ListRefused
from screening.matching import HIT_AT, REVIEW_AT, Index

_INPUT = click.Path(exists=True, dir_okay=False, allow_dash=True)
_OUTPUT = click.Path(dir_okay=False, allow_dash=True, writable=True)
_SCORE = click.FloatRange(0, 100)

_review_at = click.option(
    "--review-at", type=_SCORE, default=REVIEW_AT, show_default=True, help="Score of a review."
)
_hit_at = click.option(
    "--hit-at", type=_SCORE, default=HIT_AT, show_default=True, help="Score of a hit."
)


@click.command()
@click.option(
    "--lists",
    "paths",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    required=True,
    help="Files or folders of lists; may be given several times.",
)
@click.option("--queries", type=_INPUT, required=True, help="CSV: id,name[,birth_date,country].")
@click.option("--output", type=_OUTPUT, default="-", help="JSON lines; `-` is stdout.")
@_review_at
@_hit_at
def match(
    paths: tuple[Path, ...], queries: str, output: str, review_at: float, hit_at: float
) -> None:
    """Compare the names of a file with the people on lists.

    A row that cannot be read refuses the file: to leave it out would clear somebody.

    Of each name a line says id, outcome (clear, review, hit) and matches: list, entry_id,
    matched_name, score, band and an explanation.
    """
    _require_bands(review_at, hit_at)
    with _told_plainly(queries):
        index = Index(comparing.read_entries(paths))
        click.echo(f"{len(index)} names of listed people", err=True)
        with click.open_file(queries, encoding="utf-8-sig") as file:
            rows = list(comparing.read_queries(file))
        with click.open_file(output, "w", encoding="utf-8") as answers:
            for query in _with_progress(rows, "Comparing"):
                answer = comparing.match(index, query, review_at, hit_at)
                answers.write(msgspec.json.encode(answer).decode() + "\n")


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME NAME]")
@click.option("--pairs", type=_INPUT, help="CSV: id,name_a,name_b.")
@click.option("--output", type=_OUTPUT, default="-", help="CSV: id,score,band; `-` is stdout.")
@_review_at
@_hit_at
def compare(
    names: tuple[str, ...], pairs: str | None, output: str, review_at: float, hit_at: float
) -> None:
    """Say how alike two names are: their score from 0 to 100 and its band."""
    _require_bands(review_at, hit_at)
    if len(names) != (0 if pairs else 2):
        raise click.UsageError("Give two names, or --pairs FILE.csv.")
    if not pairs:
        score, band = comparing.compare(names[0], names[1], review_at, hit_at)
        click.echo(f"{score:.1f}\t{band}")
        return
    with _told_plainly(pairs), click.open_file(pairs, encoding="utf-8-sig") as file:
        rows = list(comparing.read_pairs(file))
        with click.open_file(output, "w", encoding="utf-8") as answers:
            _write_pairs(rows, answers, review_at, hit_at)


def _require_bands(review_at: float, hit_at: float) -> None:
    if review_at > hit_at:
        raise click.UsageError("--review-at must not be above --hit-at.")


def _write_pairs(
    rows: list[dict[str, str]], answers: IO[str], review_at: float, hit_at: float
) -> None:
    writer = csv.writer(answers, lineterminator="\n")
    writer.writerow(("id", "score", "band"))
    for row in _with_progress(rows, "Comparing"):
        found = comparing.compare(row["name_a"], row["name_b"], review_at, hit_at)
        writer.writerow((row["id"], *found))


@contextmanager
def _told_plainly(file: str) -> Iterator[None]:
    try:
        yield
    except ListRefused as error:
        raise click.ClickException(str(error)) from error
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file} cannot be read: it is not in UTF-8.") from error
    except BadRow as error:
        raise click.ClickException(f"{file} cannot be read: {error}.") from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}.") from error


def _with_progress(rows: list, label: str) -> Iterable:
    with click.progressbar(rows, label=label, file=sys.stderr) as bar:
        yield from bar
