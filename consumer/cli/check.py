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
        mark = "[red]✗[/]" if finding.cure else "[green]✓[/]"
        table.add_row(mark, escape(finding.subject), escape(finding.found), escape(finding.cure))
    console = Console(highlight=False)
    # A pipe or a log has no width: there, lines beat a table cut at 80 columns.
    if console.is_terminal:
        console.print(table)
        return
    for finding in findings:
        cure = f" -> {finding.cure}" if finding.cure else ""
        console.print(f"{'FAIL' if finding.cure else 'ok  '} {finding.subject}: {finding.found}{cure}", soft_wrap=True)
