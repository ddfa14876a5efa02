"""Type hints as JSON Schema, and JSON as values of these types. What does not fit is said with its place."""

import dataclasses
import enum
import json
import re
import types
import typing
from typing import Any

from .failure import Invalid

MISSING = dataclasses.MISSING
SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclasses.dataclass(frozen=True)
class Field:
    """What `Annotated[int, Field("How often.", minimum=1)]` says of an argument beside its type."""

    description: str = ""
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None

    def schema(self, kind: str | None) -> dict[str, Any]:
        """Its keywords, as they are called for this type."""
        many = kind == "array"
        named = {
            "description": self.description or None,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "minItems" if many else "minLength": self.min_length,
            "maxItems" if many else "maxLength": self.max_length,
            "pattern": self.pattern,
        }
        return {key: value for key, value in named.items() if value is not None}


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of a tool or one field of a dataclass."""

    name: str
    hint: Any
    description: str
    default: Any = MISSING


def object_schema(arguments: list[Argument]) -> dict[str, Any]:
    """A closed object: no other arguments than these."""
    properties = {}
    for argument in arguments:
        schema = type_schema(argument.hint)
        if argument.description:
            schema["description"] = argument.description
        if argument.default is not MISSING and argument.default is not None:
            schema["default"] = json.loads(json.dumps(_json(argument.default)))
        properties[argument.name] = schema
    required = [argument.name for argument in arguments if argument.default is MISSING]
    whole: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**whole, "required": required} if required else whole


def type_schema(hint: Any) -> dict[str, Any]:
    """The schema of one type; a type that JSON cannot say is a mistake of the plugin, told when it is built."""
    hint, field = _bare(hint)
    schema = _type_schema(hint)
    return {**schema, **field.schema(schema.get("type"))} if field else schema


def _type_schema(hint: Any) -> dict[str, Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return {}
    if hint in SIMPLE:
        return {"type": SIMPLE[hint]}
    if origin in (typing.Union, types.UnionType):
        options = [one for one in inner if one is not types.NoneType]
        return type_schema(options[0]) if len(options) == 1 else {"anyOf": [type_schema(one) for one in options]}
    if origin is typing.Literal:
        return {"enum": list(inner)} if not all(isinstance(one, str) for one in inner) else _names(inner)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _names([one.value for one in hint])
    if hint is list or origin is list:
        return {"type": "array", "items": type_schema(inner[0])} if inner else {"type": "array"}
    if hint is dict or origin is dict:
        return {"type": "object", "additionalProperties": type_schema(inner[1])} if inner else {"type": "object"}
    if dataclasses.is_dataclass(hint):
        return object_schema(fields(hint))
    known = "str, int, float, bool, list, dict, Literal, Enum or a dataclass"
    raise TypeError(f"{hint} cannot be an argument: use {known}")


def _names(values: Any) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def fields(kind: Any) -> list[Argument]:
    """The fields of a dataclass."""
    hints = typing.get_type_hints(kind, include_extras=True)
    made = []
    for field in dataclasses.fields(kind):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        made.append(Argument(field.name, hints[field.name], "", default))
    return made


def read_object(value: Any, arguments: list[Argument], path: str = "") -> dict[str, Any]:
    """The arguments by name, each as a value of its type."""
    if not isinstance(value, dict):
        raise _wrong(path, "an object", value)
    inside = (lambda name: f"{path}.{name}") if path else (lambda name: name)
    known = {argument.name: argument for argument in arguments}
    for name in value:
        if name not in known:
            raise Invalid(f"there is no argument `{inside(name)}`; there are: {', '.join(known) or 'none'}")
    given = {}
    for name, argument in known.items():
        if name in value:
            given[name] = read(value[name], argument.hint, inside(name))
        elif argument.default is MISSING:
            raise Invalid(f"`{inside(name)}` is missing")
    return given


def read(value: Any, hint: Any, path: str) -> Any:
    """The value as one of that type."""
    hint, field = _bare(hint)
    made = _read(value, hint, path)
    if field:
        _check(value, field, path)
    return made


def _read(value: Any, hint: Any, path: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if hint in SIMPLE:
        return _simple(value, hint, path)
    if origin in (typing.Union, types.UnionType):
        return _one_of(value, inner, path)
    if origin is typing.Literal or (isinstance(hint, type) and issubclass(hint, enum.Enum)):
        return _named(value, hint, inner, path)
    if hint is list or origin is list:
        if not isinstance(value, list):
            raise _wrong(path, "a list", value)
        return [read(one, inner[0] if inner else Any, f"{path}[{at}]") for at, one in enumerate(value)]
    if hint is dict or origin is dict:
        if not isinstance(value, dict):
            raise _wrong(path, "an object", value)
        return {key: read(one, inner[1] if inner else Any, f"{path}.{key}") for key, one in value.items()}
    return hint(**read_object(value, fields(hint), path))


def _simple(value: Any, hint: Any, path: str) -> Any:
    whole = isinstance(value, float) and value.is_integer() and hint is int
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if whole:
        return int(value)
    if type(value) is not hint:
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        raise _wrong(path, names[hint], value)
    return value


def _one_of(value: Any, options: Any, path: str) -> Any:
    if value is None and types.NoneType in options:
        return None
    options = [one for one in options if one is not types.NoneType]
    for option in options[:-1]:
        try:
            return read(value, option, path)
        except Invalid:
            continue
    return read(value, options[-1], path)


def _named(value: Any, hint: Any, inner: Any, path: str) -> Any:
    allowed = inner or [one.value for one in hint]
    if not any(type(one) is type(value) and one == value for one in allowed):
        raise _wrong(path, "one of " + ", ".join(_shown(one) for one in allowed), value)
    return value if inner else hint(value)


def _check(value: Any, field: Field, path: str) -> None:
    if isinstance(value, (int, float)) and field.minimum is not None and value < field.minimum:
        raise _wrong(path, f"at least {field.minimum}", value)
    if isinstance(value, (int, float)) and field.maximum is not None and value > field.maximum:
        raise _wrong(path, f"at most {field.maximum}", value)
    if isinstance(value, (str, list)):
        unit = "entries" if isinstance(value, list) else "characters"
        if field.min_length is not None and len(value) < field.min_length:
            raise _wrong(path, f"at least {field.min_length} {unit} long", len(value))
        if field.max_length is not None and len(value) > field.max_length:
            raise _wrong(path, f"at most {field.max_length} {unit} long", len(value))
    if isinstance(value, str) and field.pattern is not None and not re.search(field.pattern, value):
        raise _wrong(path, f"of the form {field.pattern}", value)


def _bare(hint: Any) -> tuple[Any, Field | None]:
    """The type without its annotation, and the annotation."""
    if typing.get_origin(hint) is not typing.Annotated:
        return hint, None
    inner, *notes = typing.get_args(hint)
    for note in notes:
        if isinstance(note, Field):
            return inner, note
        if isinstance(note, str):
            return inner, Field(note)
    return inner, None


def _json(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]


def _wrong(path: str, must: str, value: Any) -> Invalid:
    return Invalid(f"{f'`{path}`' if path else 'the arguments'} must be {must}, not {_shown(value)}")
