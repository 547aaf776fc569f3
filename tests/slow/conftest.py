"""The table of what the lessons took, at the end of the report."""

from __future__ import annotations

import pytest

TABLE = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def table(pytestconfig):
    """Lines that are printed when all tests are done."""
    return pytestconfig.stash.setdefault(TABLE, [])


def pytest_terminal_summary(terminalreporter, config):
    if lines := config.stash.get(TABLE, []):
        terminalreporter.section("lessons run from the first cell to the last", sep="-")
        for line in lines:
            terminalreporter.write_line(line)
