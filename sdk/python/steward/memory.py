"""The memory of the person the plugin works for: MEMORY.md, HEARTBEAT.md, memory/YYYY-MM-DD.md and, to be read,
sessions/NAME.md; a search over them, and what is known about the person. Needs the capability `memory`."""

from typing import Any

from .host import asking, interface

_host = interface("memory")


def files() -> list[Any]:
    """Every memory file with `path` and `size`, MEMORY.md first, then the days and transcripts, newest first."""
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


def search(query: str, limit: int = 8) -> Any:
    """Finds passages by words and by meaning, at most 50: `hits`, the best first, and a `note` or None.

    A hit has `path`, `first_line`, `last_line`, `score`, `text` and `also`.
    """
    with asking():
        return _host.search(query, limit)


def index(path: str) -> Any:
    """Adds a file, a folder or a repository to what is searched; gives its `files`, `passages` and `problems`."""
    with asking():
        return _host.index(path)


def unindex(path: str) -> None:
    """Takes it out again; the files themselves stay."""
    with asking():
        _host.unindex(path)


def status() -> Any:
    """How what is searched stands: `files`, `passages`, `embedded`, `waiting`, `model`, `levels`, `sources`."""
    with asking():
        return _host.status()


def reindex() -> Any:
    """Reads every file anew; gives the status."""
    with asking():
        return _host.reindex()


def forget(what: str) -> str:
    """Forgets "level-short", "level-medium", "level-long", "vector", "short-term", "summary", "user-data" or "all".

    Says what was forgotten. Nothing brings it back.
    """
    with asking():
        return _host.forget(_host.Forgetting[what.upper().replace("-", "_")])


def user_data() -> dict[str, str]:
    """What is known about the person."""
    with asking():
        return {entry.key: entry.value for entry in _host.user_data()}


def set_user_data(key: str, value: str | None) -> None:
    """Keeps a value under a key; None forgets the key. On disk when it returns."""
    with asking():
        _host.set_user_data(key, value)
