"""Failures: why a call gave nothing. Their text reaches the model, so it says what is wrong and what to do instead."""


class Failure(Exception):
    """Raise one of the kinds below from a tool. Any other exception becomes `Failed`, with its text."""

    kind = "failed"


class Invalid(Failure):
    """The arguments do not fit: say which one, and what would."""

    kind = "invalid"


class Denied(Failure):
    """The one who asks may not do this."""

    kind = "denied"


class NotFound(Failure):
    """The thing named does not exist."""

    kind = "not-found"


class Unavailable(Failure):
    """It cannot be done now; trying later may help."""

    kind = "unavailable"


class Failed(Failure):
    """Anything else that went wrong."""


KINDS = {kind.kind: kind for kind in (Invalid, Denied, NotFound, Unavailable, Failed)}


def failure_of(error: BaseException) -> Failure:
    """The failure that an exception stands for."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, FileNotFoundError):
        return NotFound(str(error))
    if isinstance(error, PermissionError):
        return Denied(str(error))
    if isinstance(error, TimeoutError):
        return Unavailable(str(error))
    return Failed(f"{type(error).__name__}: {error}")
