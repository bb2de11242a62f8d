"""`marketsync check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.bootstrap.tenant_checks import Finding


def command() -> None:
    """Say whether everything that is needed is there, and what to do about what is not."""
    from consumer.bootstrap.checks import check
    from consumer.bootstrap.start import begin

    findings = check(begin("check", level="error"))
    _show(findings)
    if any(finding.cure for finding in findings):
        raise typer.Exit(1)


def _show(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "what", "found", "what to do", show_lines=False, expand=False)
    for finding in findings:
        mark = "[red]✗[/]" if finding.cure else "[yellow]![/]" if finding.advice else "[green]✓[/]"
        table.add_row(mark, escape(finding.subject), escape(finding.found), escape(finding.cure or finding.advice))
    console = Console(highlight=False)
    # A pipe or a log has no width: there, lines beat a table cut at 80 columns.
    if console.is_terminal:
        console.print(table)
        return
    for finding in findings:
        mark = "FAIL" if finding.cure else "hint" if finding.advice else "ok  "
        words = finding.cure or finding.advice
        console.print(f"{mark} {finding.subject}: {finding.found}{f' -> {words}' if words else ''}", soft_wrap=True)
