"""The secrets this plugin was granted, by name. No value ever gets here: write `{{secret:NAME}}` into a header, the
address or a text body of a request, and the host puts it in. Needs the capability `secrets`."""

from typing import Any

from .host import asking, interface

_host = interface("secrets")


def all() -> list[Any]:
    """The secrets this plugin was granted, set or not, each with `name`, `is_set` and `hosts`."""
    with asking():
        return list(_host.list())


def ask(name: str, reason: str) -> None:
    """Asks the owner to set one; the reason tells them what for, in a sentence."""
    with asking():
        _host.ask(name, reason)


def placeholder(name: str) -> str:
    """What stands for a secret in a request."""
    return "{{secret:" + name + "}}"
