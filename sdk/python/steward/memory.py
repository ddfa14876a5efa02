"""The owner's memory: MEMORY.md, HEARTBEAT.md and memory/YYYY-MM-DD.md. Needs the capability `memory`."""

from typing import Any

from .host import asking, interface

_host = interface("memory")


def files() -> list[Any]:
    """Every memory file with `path` and `size`, MEMORY.md first, then the days, newest first."""
    with asking():
        return list(_host.files())


def read(path: str) -> str:
    """The whole text of one file; one that does not exist yet is `NotFound`."""
    with asking():
        return _host.read(path)


def append(path: str, text: str) -> None:
    """Adds text at the end on a line of its own. On disk when it returns."""
    with asking():
        _host.append(path, text)
