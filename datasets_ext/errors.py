"""Errors that a user can mend. Each takes one message, so that it crosses the border of a worker process."""


class UserError(Exception):
    """What a user got wrong: says what was found, what was expected and what to do.

    The base of every error that a command shows as one sentence, see :func:`datasets_ext.command.run`; any other
    exception is a fault of ours and keeps its traceback.
    """

    @property
    def sentence(self) -> str:
        """The message alone.

        A loader's worker process hands its error over as a traceback in text, whose last part is the message.
        """
        kind = type(self)
        before, mark, message = str(self).rpartition(f"\n{kind.__module__}.{kind.__qualname__}: ")
        return message.strip() if mark and before.startswith("Caught ") else str(self)


class CheckpointError(UserError, RuntimeError):
    """A checkpoint, or an exported model, that cannot be read or is another than expected."""


class DatasetError(UserError, RuntimeError):
    """Something on disk is not as the data set's layout has it."""


class DatasetNotFoundError(DatasetError, FileNotFoundError):
    """A folder of the data set does not exist."""


class ImageFileError(DatasetError):
    """An image is missing, damaged or no image."""


class ParsingMapError(DatasetError):
    """A parsing map is damaged, of another form or size than expected, or holds labels outside its label system."""


class MissingParsingMapError(ParsingMapError, FileNotFoundError):
    """An image has no parsing map."""
