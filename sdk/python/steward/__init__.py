"""Write Steward tools in Python: a tool is a function with type hints and a docstring.

What the host offers is in one module a capability: `from steward import kv`. Imports are linked as plugin.toml grants
them, so a module whose capability is not granted there cannot be imported.
"""

from .failure import Denied, Failed, Failure, Invalid, NotFound, Unavailable
from .output import Attachment, Output
from .schema import Field
from .tools import tool

__all__ = [
    "Attachment",
    "Denied",
    "Failed",
    "Failure",
    "Field",
    "Invalid",
    "NotFound",
    "Output",
    "Unavailable",
    "tool",
]
