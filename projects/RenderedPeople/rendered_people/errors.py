"""What a user can set right."""


class RenderingError(ValueError):
    """A mistake that a user can set right; the message says what was found, what was expected and what to do."""
