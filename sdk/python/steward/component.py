"""What the component exports. It imports the plugin's own module, `tools.py`, once, when the component is built."""

import sys
import traceback
from typing import Any

import tools  # noqa: F401  the plugin's module, which marks its tools
from componentize_py_types import Err
from wit_world.exports import tool as exported

from .failure import Failure, failure_of
from .host import failure_from_host, interface
from .output import to_json
from .tools import TOOLS, call

types = interface("steward_types")

if not TOOLS:
    raise ImportError("tools.py has no tool: mark a function with `@tool`")


class Tool:
    """The interface `steward:plugin/tool`."""

    def specs(self) -> list[Any]:
        """What the host is told of each tool."""
        return [
            exported.Spec(one.name, one.description, one.input_schema, one.requires, types.Effect[one.effect.upper()])
            for one in TOOLS.values()
        ]

    def call(self, name: str, input: str) -> Any:
        """Runs one tool. No exception gets out but as a failure: anything else would end the component."""
        try:
            output = call(name, input)
            structured = None if output.structured is None else to_json(output.structured)
            files = [exported.Attachment(one.name, one.mime, bytes(one.data)) for one in output.attachments]
            return exported.Output(output.text, structured, files)
        except BaseException as error:
            raise Err(_told(error)) from None


def _told(error: BaseException) -> Any:
    known = failure_from_host(error) if isinstance(error, Exception) else None
    if known is None and not isinstance(error, Failure):
        # For the log, so that the author finds the line.
        traceback.print_exception(error, file=sys.stderr)
    failure = known or failure_of(error)
    cases = {
        "invalid": types.Failure_Invalid,
        "denied": types.Failure_Denied,
        "not-found": types.Failure_NotFound,
        "unavailable": types.Failure_Unavailable,
    }
    return cases.get(failure.kind, types.Failure_Failed)(str(failure))
