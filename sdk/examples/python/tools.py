"""Statistics and comparisons, of what Python brings along."""

import csv
import difflib
import io
import pathlib
import statistics
from dataclasses import dataclass
from typing import Annotated, Literal

from steward import Field, Invalid, NotFound, Output, tool

WORKSPACE = pathlib.Path("/workspace")


@dataclass
class Summary:
    """What is said of a list of numbers."""

    count: int
    mean: float
    median: float
    deviation: float
    least: float
    most: float

    def text(self) -> str:
        """For the model."""
        return (
            f"{self.count} numbers from {self.least:g} to {self.most:g}: mean {self.mean:.6g}, "
            f"median {self.median:g}, standard deviation {self.deviation:.6g}"
        )


@tool
def describe_numbers(
    numbers: Annotated[list[float], Field("The numbers.", min_length=1, max_length=10_000)],
) -> Output:
    """Tells mean, median, standard deviation and range of numbers. Use it rather than reckoning yourself."""
    return summary(numbers)


@tool(requires=["files"])
def describe_column(file: str, column: str) -> Output:
    """Tells mean, median, standard deviation and range of a column of a CSV file in the workspace.

    Args:
        file: Its path in the workspace, such as `data/prices.csv`. The first line names the columns.
        column: The name of the column.
    """
    text = (WORKSPACE / file).read_text(encoding="utf-8").removeprefix("\ufeff")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    names = rows.fieldnames or []
    if column not in names:
        raise NotFound(f"{file} has no column `{column}`; there are: {', '.join(names) or 'none'}")
    cells = [(rows.line_num, row[column]) for row in rows if (row[column] or "").strip()]
    if not cells:
        raise Invalid(f"the column `{column}` of {file} is empty")
    return summary([number(cell, f"{file}, line {line}") for line, cell in cells])


@tool
def compare_texts(before: str, after: str, by: Literal["lines", "words"] = "lines") -> str:
    """Shows what differs between two texts, with `-` before what is gone and `+` before what is new.

    Args:
        by: `lines` for documents, `words` for a single paragraph.
    """
    old, new = (text.splitlines() if by == "lines" else text.split() for text in (before, after))
    changes = [line for line in difflib.ndiff(old, new) if line[0] in "-+"]
    return "\n".join(changes) or "They are the same."


def summary(numbers: list[float]) -> Output:
    """The summary, for the model and for programs."""
    made = Summary(
        count=len(numbers),
        mean=statistics.fmean(numbers),
        median=statistics.median(numbers),
        deviation=statistics.pstdev(numbers),
        least=min(numbers),
        most=max(numbers),
    )
    return Output(made.text(), made)


def number(cell: str, place: str) -> float:
    """The number in a cell, with a decimal point or comma."""
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        raise Invalid(f"{place}: `{cell}` is no number") from None
