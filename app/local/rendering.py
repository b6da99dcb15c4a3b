"""Templates of local mode: the mailbox pages and the e-mails of the Supabase Auth stand-in."""

from pathlib import Path

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    select_autoescape,
)

_environment = Environment(
    loader=ChoiceLoader(
        [
            FileSystemLoader(Path(__file__).parent / "templates"),
            PrefixLoader({"emails": PackageLoader("app.emails")}),  # the layout of all e-mails
        ]
    ),
    # Text parts stay unescaped: "O'Brien" must not become "O&#39;Brien" in a plain e-mail.
    autoescape=select_autoescape(enabled_extensions=("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **context: object) -> str:
    """Fill `template` (a path below `templates/`). An unknown name raises, it is never blank."""
    return _environment.get_template(template).render(**context)
