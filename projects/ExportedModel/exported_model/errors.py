"""What a user can mend of a model's file."""


class ExportedModelError(RuntimeError):
    """The file cannot be loaded, is of another form than expected, or lacks a mask that it needs."""
