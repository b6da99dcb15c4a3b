"""From a typed message to subject, HTML and text."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from css_inline import CSSInliner
from jinja2 import Environment, PackageLoader, StrictUndefined

from app.emails.messages import EmailMessage


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    subject: str
    html: str
    text: str


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("app.emails"),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"long_date": _long_date, "counted": _counted}
    return environment


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(load_remote_stylesheets=False)


def _long_date(day: date) -> str:
    return f"{day:%A}, {day.day} {day:%B}"


def _counted(number: int, one: str, many: str | None = None) -> str:
    """ "1 check-in", "3 check-ins"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def render(message: EmailMessage) -> RenderedEmail:
    """Fill the message's three templates; what people wrote is escaped in HTML."""
    environment = _environment()
    values = {name: getattr(message, name) for name in type(message).model_fields}
    parts = {
        part: environment.get_template(f"{message.kind}/{part}").render(values).strip()
        for part in ("subject.txt", "body.html", "body.txt")
    }
    return RenderedEmail(
        # A line break in a name must not become a header of its own.
        subject=" ".join(parts["subject.txt"].split()),
        html=inline_styles(parts["body.html"]),
        text=parts["body.txt"],
    )


def inline_styles(html: str) -> str:
    """Rules become attributes, which every mail program knows; media queries stay as they are."""
    return _inliner().inline(html)


def render_page(name: str, **values: str) -> str:
    """One of the pages behind the links of e-mails."""
    return _environment().get_template(f"_pages/{name}.html").render(values)
