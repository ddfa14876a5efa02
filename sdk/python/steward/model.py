"""Questions to the model that runs the assistant: one text in, one text out. Needs the capability `model`."""

from .host import asking, interface

_host = interface("model")


def ask(prompt: str, system: str | None = None, max_tokens: int = 500) -> str:
    """Asks and gives the text of the answer, of at most so many tokens."""
    with asking():
        return _host.ask(_host.Question(system, prompt, max_tokens)).text
