"""What a command says when it cannot go on."""


class CommandError(Exception):
    """One or two sentences for the person at the terminal: what is wrong, and the next step."""
