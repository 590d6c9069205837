"""Text in CSV files that a spreadsheet would run as a formula: written so that it is text, and read back as it was.

A spreadsheet runs a cell that begins with =, +, - or @, also behind a tab or the end of a line
(https://owasp.org/www-community/attacks/CSV_Injection). An apostrophe before the text prevents this. Numbers stay as
they are.
"""

import re

RUNS = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""The beginning of a text that gets an apostrophe. Those that have one get another, so that each is read back."""

NUMBER = re.compile(r"[+\-]?(?=[.,]?[0-9])[0-9.,]+([eE][+\-]?[0-9]+)?%?")
"""A number, also with a decimal comma, separators of thousands or a percent sign."""


def neutral(text: str) -> str:
    """The text of a cell that no spreadsheet runs."""
    return f"'{text}" if RUNS.match(text) and not NUMBER.fullmatch(text) else text


def as_it_was(cell: str) -> str:
    """The text that `neutral` has made this cell of. Another cell is returned unchanged."""
    if not cell.startswith("'") or not RUNS.match(cell) or NUMBER.fullmatch(cell[1:]):
        return cell
    return cell[1:]
