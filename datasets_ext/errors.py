"""Errors of the data on disk. Each takes one message, so that it crosses the border of a loader's worker process."""


class DatasetError(RuntimeError):
    """Something on disk is not as the data set's layout has it."""


class DatasetNotFoundError(DatasetError, FileNotFoundError):
    """A folder of the data set does not exist."""


class ImageFileError(DatasetError):
    """An image is missing, damaged or no image."""


class ParsingMapError(DatasetError):
    """A parsing map is damaged, of another form or size than expected, or holds labels outside its label system."""


class MissingParsingMapError(ParsingMapError, FileNotFoundError):
    """An image has no parsing map."""
