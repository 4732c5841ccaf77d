"""What a config asks of timm that cannot be had."""


class BackboneError(ValueError):
    """A model, its weights or its options that cannot serve; the message says what was found and what to do."""
