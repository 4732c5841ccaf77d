import pytest

from people_parsing import load


@pytest.fixture
def asked(monkeypatch):
    """What each kind of parser was made of."""
    made = []
    for name in ("HubParser", "OnnxParser"):
        monkeypatch.setattr(load, name, lambda *given, kind=name, **options: made.append((kind, given, options)))
    return made


def test_the_ending_says_which_parser_it_is(asked, tmp_path):
    load.load_parser("some/model", device="cpu", system="atr")
    load.load_parser(tmp_path / "Model.ONNX", onnx_input="form", onnx_output="labels")
    load.load_parser("a.onnx", system="pascal")
    assert asked == [
        ("HubParser", ("some/model",), {"device": "cpu", "system": "atr"}),
        (
            "OnnxParser",
            (str(tmp_path / "Model.ONNX"),),
            {"system": "lip", "device": None, "form": "form", "output": "labels"},
        ),
        ("OnnxParser", ("a.onnx",), {"system": "pascal", "device": None, "form": None, "output": None}),
    ]


def test_the_label_system_of_a_published_model_is_its_own(asked):
    load.load_parser("some/model")
    assert asked == [("HubParser", ("some/model",), {"device": None, "system": None})]
