"""The report of a fit as JSON, for programs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from dxent.report.content import FitReport

__all__ = ["fit_json"]


def fit_json(report: FitReport) -> str:
    """Return the report as one JSON object; null stands for a number that is not finite."""
    content = asdict(report)
    counts = report.data.class_counts
    content["data"]["class_counts"] = [{"label": label, "rows": rows} for label, rows in counts.items()]
    return json.dumps(_finite(content), indent=2, ensure_ascii=True, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
