"""The run a call belongs to. Who is calling is told by the host and is never an argument."""

from typing import Any

from .host import interface

_host = interface("run")


def caller() -> Any:
    """With `role`, `name`, `session` and `origin`."""
    return _host.caller()


def locale() -> str:
    """The caller's language: `en`, `ru`."""
    return _host.locale()


def time_zone() -> str:
    """IANA name of the caller's time zone: `Europe/Berlin`."""
    return _host.time_zone()


def now() -> str:
    """Date and time on the caller's wall clock: `2026-11-20T14:05:00`."""
    return _host.now()


def time_left() -> int:
    """Milliseconds left before this call is ended."""
    return _host.time_left()


def progress(message: str) -> None:
    """Shows the person that something is going on: one short line."""
    _host.progress(message)
