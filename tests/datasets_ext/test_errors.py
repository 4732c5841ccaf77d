from datasets_ext import UserError


def test_every_error_is_made_again_from_its_message():
    pending, found = [UserError], set()
    while pending:
        kind = pending.pop()
        found.add(kind.__name__)
        pending += kind.__subclasses__()
        assert str(kind("a message")) == "a message", kind
        assert kind("a message").sentence == "a message", kind
    assert {"DatasetError", "MissingParsingMapError"} <= found
