"""The tools of this plugin: each is a function with type hints and a docstring."""

from steward import Invalid, tool


@tool
def greet(name: str) -> str:
    """Greets somebody by name. Use it when the person asks for a greeting.

    Args:
        name: Whom to greet.
    """
    name = name.strip()
    if not name:
        raise Invalid("`name` is empty: say whom to greet")
    return f"Hello, {name}!"
