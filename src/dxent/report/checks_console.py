"""The findings of `dxent check` as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dxent.report.checks import Group

__all__ = ["checks_text"]


def checks_text(groups: Sequence[Group]) -> str:
    """Return a table for each group and, last, what failed."""
    findings = [finding for group in groups for finding in group.findings]
    failed = [finding for finding in findings if finding.fault]
    verdict = [f"{len(findings)} checked, {len(failed) or 'none'} failed."]
    verdict += [f"  {finding.subject}: {finding.fault}" for finding in failed]
    return "\n\n".join([*map(_group_text, groups), "\n".join(verdict)])


def _group_text(group: Group) -> str:
    """Return one line a finding: its errors, the limits in the last line."""
    widest = max(map(len, [group.title, *(finding.subject for finding in group.findings)]))
    lines = [f"{group.title:<{widest}}  {_cells(group.limits, group)}"]
    for finding in group.findings:
        shown = (f"{finding.errors[name]:.1e}" if name in finding.errors else "–" for name in group.limits)
        lines.append(
            f"{finding.subject:<{widest}}  {_cells(shown, group)}  {'FAILED' if finding.fault else 'ok'}"
        )
    allowed = _cells((f"{limit:.0e}" for limit in group.limits.values()), group)
    return "\n".join([*lines, f"{'at most':<{widest}}  {allowed}"])


def _cells(shown: Iterable[str], group: Group) -> str:
    return "  ".join(cell.rjust(max(len(name), 7)) for cell, name in zip(shown, group.limits, strict=True))
