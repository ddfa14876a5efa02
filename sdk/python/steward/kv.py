"""The plugin's own small data, kept between calls, apart for each person. Needs the capability `kv`."""

import json
from typing import Any

from .host import asking, interface
from .output import to_json

_host = interface("kv")


def get_bytes(key: str) -> bytes | None:
    """The value kept under a key, or None."""
    with asking():
        value = _host.get(key)
    return None if value is None else bytes(value)


def get(key: str) -> str | None:
    """The text kept under a key, or None."""
    value = get_bytes(key)
    return None if value is None else value.decode()


def get_json(key: str) -> Any:
    """The value kept as JSON under a key, or None."""
    value = get(key)
    return None if value is None else json.loads(value)


def set(key: str, value: str | bytes) -> None:
    """Keeps text or bytes, at most 64 KiB, under a key of at most 200 bytes. On disk when it returns."""
    with asking():
        _host.set(key, value.encode() if isinstance(value, str) else value)


def set_json(key: str, value: Any) -> None:
    """Keeps a value as JSON."""
    set(key, to_json(value))


def delete(key: str) -> None:
    """Forgets a key, also one that was never set."""
    with asking():
        _host.delete(key)


def keys(prefix: str = "") -> list[str]:
    """The keys that begin with a text, in order."""
    with asking():
        return list(_host.list(prefix))
