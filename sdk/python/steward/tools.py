"""The tools of a plugin: what the host is told of each, and how one is called by name. Nothing here needs the host, so
the tools can be tested with any Python."""

import dataclasses
import inspect
import json
import re
import typing
from collections.abc import Callable, Sequence
from typing import Any

from .failure import NotFound
from .output import Output
from .schema import MISSING, Argument, object_schema, read_object

EFFECTS = ("read", "write", "send", "destructive")


@dataclasses.dataclass
class Tool:
    """One function that was marked with `@tool`."""

    name: str
    description: str
    arguments: list[Argument]
    effect: str
    requires: list[str]
    function: Callable[..., Any]

    @property
    def input_schema(self) -> str:
        """JSON Schema of the arguments."""
        return json.dumps(object_schema(self.arguments), ensure_ascii=False, separators=(",", ":"))


TOOLS: dict[str, Tool] = {}


def tool(function: Callable[..., Any] | None = None, *, effect: str = "read", requires: Sequence[str] = ()) -> Any:
    """Marks a function as a tool. Its docstring is what the model is told, with arguments under `Args:`.

    `effect` is the strongest thing it can do: "read", "write", "send" or "destructive". `requires` names capabilities
    without which it is useless, such as "kv".
    """
    if function is None:
        return lambda later: tool(later, effect=effect, requires=requires)
    if effect not in EFFECTS:
        raise ValueError(f"{function.__name__}: effect is one of {', '.join(EFFECTS)}")
    description, told = _docstring(function)
    arguments = _arguments(function, told)
    TOOLS[function.__name__] = Tool(function.__name__, description, arguments, effect, list(requires), function)
    return function


def call(name: str, text: str) -> Output:
    """Calls a tool with its arguments, a JSON object as text."""
    found = TOOLS.get(name)
    if found is None:
        raise NotFound(f"there is no tool `{name}` here; there are: {', '.join(TOOLS) or 'none'}")
    given = read_object(json.loads(text), found.arguments)
    return Output.of(found.function(**given))


def _arguments(function: Callable[..., Any], told: dict[str, str]) -> list[Argument]:
    hints = typing.get_type_hints(function, include_extras=True)
    made = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"{function.__name__}: `{name}` cannot be filled from JSON: use plain named parameters")
        if name not in hints:
            raise TypeError(f"{function.__name__}: `{name}` has no type: write for instance `{name}: str`")
        default = MISSING if parameter.default is parameter.empty else parameter.default
        made.append(Argument(name, hints[name], told.pop(name, ""), default))
    if told:
        raise TypeError(f"{function.__name__}: the docstring tells of `{next(iter(told))}`, which is no argument")
    return made


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The description, and what `Args:` says of each argument."""
    text = inspect.getdoc(function) or ""
    head, _, tail = text.partition("\nArgs:\n")
    # A section after the arguments, such as `Returns:`, begins at the margin.
    section = re.split(r"\n(?=\S)", tail, maxsplit=1)[0]
    told: dict[str, str] = {}
    last = ""
    for line in section.splitlines():
        begun = re.match(r" {1,4}(\w+)(?: *\([^)]*\))?: *(.*)", line)
        if begun:
            last = begun[1]
            told[last] = begun[2]
        elif last and line.strip():
            told[last] += " " + line.strip()
    description = re.sub(r"(?<!\n)\n(?![\n\-* ])", " ", head.strip())
    if not description:
        raise TypeError(f"{function.__name__}: the docstring is missing: the model knows the tool by it")
    return description, told
