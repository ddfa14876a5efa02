"""What a tool gives back: text for the model and, where it helps, JSON and files."""

import dataclasses
import enum
import json
from typing import Any


@dataclasses.dataclass
class Attachment:
    """A file that goes with an answer. `name` is without folders: `chart.svg`."""

    name: str
    mime: str
    data: bytes


@dataclasses.dataclass
class Output:
    """`text` is what the model reads; `structured` the same for programs, any value that JSON can hold."""

    text: str
    structured: Any = None
    attachments: list[Attachment] = dataclasses.field(default_factory=list)

    @classmethod
    def of(cls, answer: Any) -> "Output":
        """The output for whatever a tool returns: text as it is, anything else as JSON."""
        if isinstance(answer, cls):
            return answer
        if answer is None:
            return cls("Done.")
        if isinstance(answer, str):
            return cls(answer)
        value = plain(answer)
        return cls(to_json(value), value)


def to_json(value: Any) -> str:
    """JSON as compact as it can be, with letters of every script as they are."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def plain(value: Any) -> Any:
    """Dataclasses and enums as what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    return value
