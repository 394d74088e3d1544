"""``dxent check``: every derivative against differences, a complex step, and each other."""

from __future__ import annotations

import click

__all__ = ["command"]


@click.command("check")
@click.argument("module", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--function", "name", metavar="NAME", help="Check one function only, such as softmax.")
def command(module: str | None, name: str | None) -> int:
    """Check the derivatives of all functions, operators and rules, or of the functions in MODULE.

    MODULE is a Python file, which is run: its variables that are a `dxent.Function` are checked, each at its
    point in the dictionary POINTS, or without one at numbers between 0 and 1. Errors are relative to the
    largest entry. The exit code is 1 if something fails.
    """
    from dxent.cli.checking import chosen, known_in
    from dxent.cli.terminal import say
    from dxent.report import rule_checks
    from dxent.report.checks import check_functions, check_operators
    from dxent.report.checks_console import checks_text
    from dxent.report.known_operators import known_operators
    from dxent.report.textbook import known_functions

    functions = known_functions() if module is None else known_in(module)
    groups = [check_functions("Functions" if module is None else module, chosen(functions, name))]
    if module is None and name is None:
        operators = known_operators()
        groups += [
            check_operators(operators),
            rule_checks.check_operator_rules([A for A, _ in operators.values()]),
            rule_checks.check_cancellations(functions),
        ]
    say(checks_text(groups))
    return 1 if any(finding.fault for group in groups for finding in group.findings) else 0
