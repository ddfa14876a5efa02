"""The host's interfaces. Those that plugin.toml does not grant are not linked, so asking for one ends the build.
Outside of a component, where functions are tested by themselves, they are there but must not be called."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from typing import Any

from .failure import KINDS, Failed

INSIDE = sys.platform == "wasi"


class Absent:
    """Stands for an interface outside of a component."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, function: str) -> Any:
        raise RuntimeError(f"{self._name}.{function} can only be called inside of Steward")


def interface(name: str, capability: str | None = None) -> Any:
    """The generated module of an interface: `kv`, `outgoing_handler`."""
    if not INSIDE:
        return Absent(name)
    try:
        return importlib.import_module(f"wit_world.imports.{name}")
    except ImportError:
        needed = capability or name.replace("_", "-")
        line = 'http = { hosts = ["example.org"] }' if needed == "http" else f"{needed} = {{}}"
        raise ImportError(
            f"the capability `{needed}` is not granted: add the line `{line}` under [capabilities] in plugin.toml"
        ) from None


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """Around a call of the host: what it refuses becomes a `Failure`."""
    try:
        yield
    except Exception as error:
        raise failure_from_host(error) or error from None


def failure_from_host(error: Exception) -> Exception | None:
    """The failure that an error of the generated modules carries: `Err(Failure_NotFound("…"))`."""
    case = getattr(error, "value", None)
    name = type(case).__name__
    if not name.startswith("Failure_"):
        return None
    kind = {"NotFound": "not-found"}.get(name.removeprefix("Failure_"), name.removeprefix("Failure_").lower())
    return KINDS.get(kind, Failed)(getattr(case, "value", ""))
