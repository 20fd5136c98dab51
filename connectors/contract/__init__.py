"""What ERP Bridge and a connector say to each other.

Plain Python. A connector imports neither Django nor Celery nor our models, does no input or output
and reads no clock: all it may use is handed to it here. What talks to the ERP is written as a
*script*, a generator that yields requests and is sent the answers, so it reads from top to bottom
and can be stopped and begun again between any two of them (see `connectors.engine`).
"""

from connectors.contract.asking import (
    Busy,
    CannotTell,
    ErpError,
    Refused,
    Request,
    Script,
)
from connectors.contract.connector import (
    Capabilities,
    Connector,
)
from connectors.contract.documents import (
    Attached,
    Document,
    Frozen,
    Kind,
    Line,
    Named,
    Receipt,
    Ref,
    Terms,
    aggregate,
    digest_of,
)
from connectors.contract.results import (
    Absent,
    Area,
    Attempt,
    Candidate,
    Compared,
    CostRow,
    Denied,
    Difference,
    Estimate,
    Finding,
    Found,
    Gone,
    Hello,
    JobCosts,
    Preview,
    PreviewRow,
    Problem,
    Pulled,
    StillThere,
    Unclear,
)

__all__ = [
    "Absent",
    "Area",
    "Attached",
    "Attempt",
    "Busy",
    "Candidate",
    "CannotTell",
    "Capabilities",
    "Compared",
    "Connector",
    "CostRow",
    "Denied",
    "Difference",
    "Document",
    "ErpError",
    "Estimate",
    "Finding",
    "Found",
    "Frozen",
    "Gone",
    "Hello",
    "JobCosts",
    "Kind",
    "Line",
    "Named",
    "Preview",
    "PreviewRow",
    "Problem",
    "Pulled",
    "Receipt",
    "Ref",
    "Refused",
    "Request",
    "Script",
    "StillThere",
    "Terms",
    "Unclear",
    "aggregate",
    "digest_of",
]
