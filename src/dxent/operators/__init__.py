"""Linear maps with structure: the Jacobians and Hessians of everything in this package.

They know nothing of functions or data. Read `base` first, then `rules`.
"""

from dxent.operators.base import LinearOperator, Structure, SymmetricOperator
from dxent.operators.combine import Product, Scaled, Sum, Transpose
from dxent.operators.design import Design
from dxent.operators.elementary import Dense, Diagonal, Identity, Row, Zero
from dxent.operators.inverse import pinv, solve, sqrt
from dxent.operators.ordering import cost_report
from dxent.operators.softmax import Centering, LogSoftmaxJacobian, SoftmaxCurvature, SoftmaxJacobian
from dxent.operators.structure import (
    as_scipy,
    diagonal,
    is_psd,
    is_symmetric,
    rank,
    trace,
)

__all__ = [
    "Centering",
    "Dense",
    "Design",
    "Diagonal",
    "Identity",
    "LinearOperator",
    "LogSoftmaxJacobian",
    "Product",
    "Row",
    "Scaled",
    "SoftmaxCurvature",
    "SoftmaxJacobian",
    "Structure",
    "Sum",
    "SymmetricOperator",
    "Transpose",
    "Zero",
    "as_scipy",
    "cost_report",
    "diagonal",
    "is_psd",
    "is_symmetric",
    "pinv",
    "rank",
    "solve",
    "sqrt",
    "trace",
]
