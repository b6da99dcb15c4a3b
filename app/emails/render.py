"""From a typed message to subject, HTML and text."""

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from app.emails.messages import EmailMessage


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    subject: str
    html: str
    text: str


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("app.emails"),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(message: EmailMessage) -> RenderedEmail:
    """Fill the message's three templates; what people wrote is escaped in HTML."""
    environment, values = _environment(), message.model_dump()
    parts = {
        part: environment.get_template(f"{message.kind}/{part}").render(values).strip()
        for part in ("subject.txt", "body.html", "body.txt")
    }
    return RenderedEmail(
        # A line break in a name must not become a header of its own.
        subject=" ".join(parts["subject.txt"].split()),
        html=parts["body.html"],
        text=parts["body.txt"],
    )
