"""Requests to the hosts the plugin was granted. Needs the capability `http`. The modules of Python's own library that
open sockets do not work here: there are none."""

import dataclasses
import json
import re
from typing import Any

from .failure import Denied, Failed, Failure, Invalid, NotFound, Unavailable
from .host import interface

_http = interface("http_types", "http")
_handler = interface("outgoing_handler", "http")

_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
# The most that a stream takes at once, in bytes.
_PIECE = 4096


@dataclasses.dataclass
class Response:
    """An answer, whatever its status. Names of headers are in small letters."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """The status is 200 to 299."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


def request(
    url: str, method: str = "GET", headers: dict[str, str] | None = None, body: str | bytes | None = None
) -> Response:
    """Sends a request and waits for the whole answer. Redirects are not followed."""
    parts = re.match(r"(https?)://([^/?#\s]+)([^#\s]*)", url, re.IGNORECASE)
    if not parts:
        raise Invalid(f"`{url}` is not an address that can be requested: it begins with https:// and a host")
    scheme, authority, path = parts[1].lower(), parts[2], parts[3]
    content = body.encode() if isinstance(body, str) else body
    length = {} if content is None else {"content-length": str(len(content))}
    try:
        outgoing = _prepare(scheme, authority, path, method, {**length, **(headers or {})})
        writing = None if content is None else outgoing.body()
        future = _handler.handle(outgoing, None)
        if content is not None:
            _write(writing, content)
        return _receive(future, url)
    except Failure:
        raise
    except Exception as error:
        raise _refusal(getattr(error, "value", error), authority) from None


def get_text(url: str, **options: Any) -> str:
    """The text of a page; a status that is no success is a failure."""
    response = request(url, **options)
    if response.ok:
        return response.text
    kind = NotFound if response.status == 404 else Unavailable
    raise kind(f"{url} was answered with {response.status}")


def get_json(url: str, **options: Any) -> Any:
    """The same, read as JSON."""
    try:
        return json.loads(get_text(url, **options))
    except ValueError:
        raise Failed(f"{url} was answered with something that is not JSON") from None


def _prepare(scheme: str, authority: str, path: str, method: str, headers: dict[str, str]) -> Any:
    entries = [(name.lower(), value.encode()) for name, value in headers.items()]
    try:
        fields = _http.Fields.from_list(entries)
    except Exception:
        raise Invalid(f"a header cannot be sent, its name or value is not allowed: {', '.join(headers)}") from None
    outgoing = _http.OutgoingRequest(fields)
    try:
        known = method.upper() in _METHODS
        named = getattr(_http, f"Method_{method.capitalize()}")() if known else _http.Method_Other(method)
        outgoing.set_method(named)
        outgoing.set_scheme(_http.Scheme_Https() if scheme == "https" else _http.Scheme_Http())
        outgoing.set_authority(authority)
        outgoing.set_path_with_query(path if path.startswith("/") else f"/{path}")
    except Exception:
        raise Invalid("the method or the address of the request cannot be sent: check their spelling") from None
    return outgoing


def _write(body: Any, content: bytes) -> None:
    with body.write() as stream:
        for at in range(0, len(content), _PIECE):
            stream.blocking_write_and_flush(content[at : at + _PIECE])
    _http.OutgoingBody.finish(body, None)


def _receive(future: Any, url: str) -> Response:
    with future:
        with future.subscribe() as ready:
            ready.block()
        with _opened(_opened(future.get())) as response:
            headers: dict[str, str] = {}
            with response.headers() as fields:
                for name, value in fields.entries():
                    text = bytes(value).decode(errors="replace")
                    headers[name] = f"{headers[name]}, {text}" if name in headers else text
            return Response(url, response.status(), headers, _contents(response))


def _opened(result: Any) -> Any:
    """The value of a result that is a value itself; raises its error."""
    if type(result).__name__ == "Err":
        raise result
    return result.value


def _contents(response: Any) -> bytes:
    pieces = []
    with response.consume() as body, body.stream() as stream:
        while True:
            try:
                pieces.append(bytes(stream.blocking_read(65536)))
            except Exception as error:
                if type(getattr(error, "value", None)).__name__ == "StreamError_Closed":
                    return b"".join(pieces)
                raise Unavailable("the answer broke off: try again") from None


def _refusal(code: Any, authority: str) -> Failure:
    name = type(code).__name__.removeprefix("ErrorCode_")
    if name in ("HttpRequestDenied", "DestinationIpProhibited"):
        return Denied(f"{authority} may not be reached from here")
    if name in ("HttpRequestUriInvalid", "HttpRequestMethodInvalid"):
        return Invalid(f"the request to {authority} cannot be sent: {name}")
    if name in ("DnsError", "DestinationNotFound"):
        return NotFound(f"there is no host {authority}: check the spelling")
    if name == "InternalError":
        return Failed(f"{authority}: {code.value or 'no reason is given'}")
    return Unavailable(f"{authority} cannot be reached now: {name}")
