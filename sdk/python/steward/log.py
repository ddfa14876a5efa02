"""Lines for Steward's log. What is over the limit is dropped and counted."""

from .host import interface

_host = interface("log")


def debug(message: str) -> None:
    _host.write(_host.Level.DEBUG, message)


def info(message: str) -> None:
    _host.write(_host.Level.INFO, message)


def warn(message: str) -> None:
    _host.write(_host.Level.WARN, message)


def error(message: str) -> None:
    _host.write(_host.Level.ERROR, message)
