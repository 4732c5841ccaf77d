import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from PIL import Image

from person_search import Gallery, load_model
from person_search.commands import main
from person_search.indexing import IndexSummary


@pytest.fixture
def command(capsys):
    """Runs a command; returns its exit code, what it prints and what it complains of."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def indexed(command, uri, model_path, people, pattern):
    code, printed, _ = command("index", people, "--model", model_path, "--gallery", uri, "--pattern", pattern)
    assert code == 0
    assert "24 pictures new, 0 with other labels than before, 0 there already, 0 photos not read" in printed
    assert f"24 pictures in {uri}" in printed
    return uri


def test_indexing_again(command, indexed, model_path, people, pattern):
    code, printed, _ = command("index", people, "--model", model_path, "--gallery", indexed, "--pattern", pattern)
    assert (code, "0 pictures new" in printed, "24 there already" in printed) == (0, True, True)


def test_searching(command, indexed, model_path, tmp_path, draw):
    draw(4, 1).save(tmp_path / "who.png")
    asked = ("search", tmp_path / "who.png", "--model", model_path, "--gallery", indexed)
    code, printed, _ = command(*asked, "--top", 4)
    assert code == 0
    lines = printed.splitlines()
    assert lines[0].split() == ["score", "camera", "time", "person", "clothes", "photo"]
    assert [line.split()[5] for line in lines[1:5]] == ["p4"] * 4
    assert "What a score means is not known for this model" in printed

    code, printed, _ = command(*asked, "--json", "--not-camera", "north", "--since", "2026-11-24T15:30:11Z", "--top", 2)
    found = json.loads(printed)
    assert [one["camera"] for one in found] == ["south", "south"]
    assert found[0].keys() == {"id", "score", "decision", "source", "time", "camera", "person", "clothes", "tracklet"}
    assert min(one["time"] for one in found) >= "2026-11-24T15:30:11"

    code, printed, _ = command(*asked, "--clothes", "p4/shirt", "--clothes", "p5/shirt", "--camera", "north")
    assert sum(line.endswith(".png") for line in printed.splitlines()) == 4
    code, printed, _ = command(*asked, "--camera", "nowhere")
    assert (code, "no picture of the gallery passes these filters" in printed) == (0, True)


def test_calibrated_searches_say_what_a_score_means(command, indexed, save_model, people, pattern, tmp_path, draw):
    model = save_model(tmp_path / "m.onnx", scale=2)
    rates = ("--rates", "0.1", "0.2")
    code, printed, complaint = command("calibrate", "--model", model, "--gallery", indexed, *rates)
    assert (code, complaint.count("\n")) == (2, 1)
    assert "vectors of the model with fingerprint" in complaint

    own = str(tmp_path / "own.db")
    command("index", people, "--model", model, "--gallery", own, "--pattern", pattern)
    code, printed, _ = command("calibrate", "--model", model, "--gallery", own, *rates)
    assert code == 0
    assert "6 people; pairs: 240 different people, 0 same clothes, 24 other clothes" in printed
    assert "1 in 10" in printed
    # Six people are too few to be searched for in vain.
    assert "Detection and identification" in printed
    assert "too few people in known clothes" in printed
    kept = load_model(model).decisions
    assert kept.accepted["other_clothes"][0.1] == 1.0
    assert 0 < kept.similarity[0.2] <= kept.similarity[0.1] < 1

    draw(4, 1).save(tmp_path / "who.png")
    code, printed, _ = command("search", tmp_path / "who.png", "--model", model, "--gallery", own, "--top", 24)
    assert printed.count("same person  ") >= 4
    assert "unknown" in printed
    assert "which 1 in 10 pairs of different people reaches by mistake (in a search through 24 pictures about 2.4)" in (
        printed
    )
    assert "100.0 % in other clothes" in printed
    assert "Measured on 6 people: 24 pictures of" in printed


def test_calibration_says_how_often_a_search_ends_rightly(command, indexed, save_model, tmp_path, monkeypatch):
    path = save_model(tmp_path / "m.onnx")
    asked = ("calibrate", "--model", path, "--gallery", indexed, "--rates", "0.1", "0.2")
    monkeypatch.setattr("person_search.open_set.FEWEST_ANSWERED", 1)
    _, printed, _ = command(*asked)
    lines = printed.splitlines()
    start = lines.index(
        "Detection and identification: half of the people are missing from the gallery, at random, ten times"
    )
    # In every picture of the south they wear their coats, in the north their shirts.
    assert lines[start + 1].split("  ") == ["false alarms", "identified, other clothes"]
    assert lines[start + 2].split()[:4] == ["10", "%", "100.0", "%"]
    model = load_model(path)
    assert model.decisions.identified["other_clothes"][0.1].rate == 1.0
    assert any("answered rightly in 100.0 % in other clothes" in told for told in model.decisions.sentences(24))
    monkeypatch.setitem(sys.modules, "clothes_rank", None)
    code, printed, _ = command(*asked)
    assert (code, "rates are left out" in printed, "install PyTorch" in printed) == (0, True, True)


def test_statistics(command, indexed, people):
    code, printed, _ = command("stats", "--gallery", indexed, "--by", "person")
    assert code == 0
    for text in ("pictures  24", "cameras   north, south", "days      2026-11-24 to 2026-11-24, 1 days", str(people)):
        assert text in printed
    assert "p5      4" in printed


def test_removing_a_person(command, indexed):
    code, printed, _ = command("remove", "--gallery", indexed, "--person", "p3")
    assert (code, "4 pictures of person 'p3' removed, 20 left" in printed) == (0, True)
    code, printed, _ = command("remove", "--gallery", indexed, "--person", "p3")
    assert (code, "There is no picture of person 'p3'" in printed) == (1, True)
    with Gallery(indexed) as gallery:
        assert len(gallery) == 20
        gallery.build_index()
    for asked in (("remove", "--gallery", indexed, "--person", "p1", "--later"), ("stats", "--gallery", indexed)):
        code, printed, _ = command(*asked)
        assert (code, "remove --finish" in printed, "written anew" in printed) == (0, True, False)
    code, printed, _ = command("remove", "--gallery", indexed, "--person", "p2")
    assert code == 0
    assert re.search(r"written anew, and its index made anew \(that took \d+ s when it was made\).*--later", printed)
    code, printed, _ = command("stats", "--gallery", indexed)
    assert ("remove --finish" in printed, "HNSW, finds" in printed) == (False, True)
    with Gallery(indexed) as gallery:
        gallery.remove(person="p4", erase=False)
    assert command("remove", "--gallery", indexed, "--finish")[0] == 0
    assert "remove --finish" not in command("stats", "--gallery", indexed)[1]


def test_nobody_is_removed_by_an_empty_name(command, indexed):
    for option in ("--person", "--source"):
        code, _, complaint = command("remove", "--gallery", indexed, option, "")
        assert (code, "without a name" in complaint) == (2, True)


def test_removing_by_source_and_id(command, indexed, people):
    with Gallery(indexed) as gallery:
        hit = gallery.search(np.ones(24), top=1)[0]
    assert "of these ids removed, 23 left" in command("remove", "--gallery", indexed, "--id", hit.picture.id)[1]
    source = next(str(path) for path in sorted((people / "north").iterdir()) if str(path) != hit.picture.source)
    assert "removed, 22 left" in command("remove", "--gallery", indexed, "--source", source)[1]


def test_an_index_above_a_size(command, indexed, model_path, people):
    arguments = ("index", people, "--model", model_path, "--gallery", indexed)
    assert "making an index" not in command(*arguments)[1]
    arguments += ("--index-above", "20")
    assert "HNSW finds 100.00 % of the 10 nearest, over 24 pictures" in command(*arguments)[1]
    assert "making an index" not in command(*arguments)[1]
    assert "HNSW, finds 100.00 %" in command("stats", "--gallery", indexed)[1]


def test_the_work_may_go_to_ray(command, uri, model_path, people, tmp_path, monkeypatch):
    asked = {}

    def engine(gallery, folder, options, labeller, **how):
        asked.update(how, folder=folder, model=options.model, camera=labeller("x.png").camera)
        return IndexSummary(failed=["broken.png"])

    monkeypatch.setattr("person_search.commands.index_folder_with_ray", engine)
    arguments = ("--engine", "ray", "--workers", 3, "--batch-size", 7, "--camera", "door", "--maps", tmp_path)
    code, _, complaint = command("index", people, "--model", model_path, "--gallery", uri, *arguments)
    assert (code, complaint) == (1, "broken.png\n")
    assert asked == {
        "paths": None,
        "batch_size": 7,
        "workers": 3,
        "leave_out": str(tmp_path),
        "folder": str(people),
        "model": model_path,
        "camera": "door",
    }


def test_labels_of_a_table_and_a_constant(command, uri, model_path, people, tmp_path):
    table = tmp_path / "labels.csv"
    table.write_text("path,camera,person\nnorth/p0_shirt_20261124-153000_0.png,,anna\nnorth/absent.png,hall,bo\n")
    code, printed, complaint = command(
        "index", people, "--model", model_path, "--gallery", uri, "--labels", table, "--camera", "door"
    )
    assert code == 1
    assert "1 pictures new" in printed
    assert "absent.png cannot be read" in complaint
    with Gallery(uri) as gallery:
        (hit,) = gallery.search(np.ones(24))
        assert (hit.picture.camera, hit.picture.person) == ("door", "anna")


def test_maps_and_masks(command, uri, masked_model_path, tmp_path, draw):
    (tmp_path / "photos" / "maps").mkdir(parents=True)
    maps = tmp_path / "photos" / "maps"
    labels = np.zeros((64, 32), np.uint8)
    labels[32:] = 9
    for person in range(3):
        draw(person).save(tmp_path / "photos" / f"{person}.png")
        Image.fromarray(labels).save(maps / f"{person}.png")
    model = ("--model", masked_model_path, "--gallery", uri)
    assert "3 pictures new" in command("index", tmp_path / "photos", *model, "--maps", maps)[1]
    worn = np.array(draw(1))
    worn[32:] = 255
    Image.fromarray(worn).save(tmp_path / "other_clothes.png")
    code, printed, _ = command("search", tmp_path / "other_clothes.png", *model, "--maps", maps / "1.png", "--top", 1)
    assert (code, "1.000" in printed, "1.png" in printed) == (0, True, True)
    code, _, complaint = command("search", tmp_path / "other_clothes.png", *model)
    assert (code, "--maps" in complaint) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "{absent}", "--model", "{model}", "--gallery", "{uri}"], "There is no folder"),
        (["index", "{people}", "--model", "{absent}.onnx", "--gallery", "{uri}"], "There is no file"),
        (["index", "{people}", "--model", "{model}", "--gallery", "{absent}"], "expected a file ending .db"),
        (["index", "{people}", "--model", "{model}", "--gallery", "{uri}", "--pattern", "{{name}}"], "has {name}"),
        (["index", "{people}", "--model", "{model}", "--gallery", "{uri}", "--labels", "{absent}"], "cannot be read"),
        (
            ["index", "{people}", "--model", "{model}", "--gallery", "{uri}", "--maps", "{absent}"],
            "There is nothing at",
        ),
        (["search", "{absent}", "--model", "{model}", "--gallery", "{uri}"], "No such file"),
        (["search", "{model}", "--model", "{model}", "--gallery", "{uri}"], "its format is not known"),
        (["stats", "--gallery", "{uri}"], "There is no gallery"),
        (["remove", "--gallery", "{uri}", "--person", "x"], "There is no gallery"),
        (["calibrate", "--model", "{model}", "--gallery", "{uri}"], "0 people in 0 pictures"),
    ],
)
def test_mistakes_are_one_sentence(command, uri, model_path, people, tmp_path, arguments, message):
    named = {"absent": tmp_path / "absent", "model": model_path, "uri": uri, "people": people}
    code, _, complaint = command(*(argument.format(**named) for argument in arguments))
    last = complaint.strip().splitlines()[-1]
    assert (code, last.startswith("error: ")) == (2, True)
    assert message in last


@pytest.mark.parametrize(
    "arguments",
    [[], ["index"], ["remove", "--gallery", "g.db"], ["remove", "--gallery", "g.db", "--person", "a", "--source", "b"],
     ["search", "p.png", "--model", "m.onnx", "--gallery", "g.db", "--top", "0"]],
)  # fmt: skip
def test_arguments_that_do_not_go_together(command, arguments):
    code, _, complaint = command(*arguments)
    assert (code, "usage: " in complaint) == (2, True)


def test_names_cannot_speak_to_the_terminal(command, uri, model_path, tmp_path, draw):
    (tmp_path / "photos").mkdir()
    draw(0).save(tmp_path / "photos" / "\x1b[2J.png")
    (tmp_path / "photos" / "\x1b[1m.jpg").write_bytes(b"no image")
    code, printed, complaint = command("index", tmp_path / "photos", "--model", model_path, "--gallery", uri)
    assert code == 1
    draw(0).save(tmp_path / "who.png")
    printed += command("search", tmp_path / "who.png", "--model", model_path, "--gallery", uri)[1]
    printed += command("stats", "--gallery", uri)[1]
    assert "\x1b[2J" not in printed
    assert "\\x1b[2J.png" in printed
    assert "\\x1b[1m.jpg" in complaint


def test_as_a_program_without_the_host_and_pytorch(indexed, model_path, tmp_path, draw):
    """The path of a laptop: a gallery and an ONNX file, with neither torch nor fastreid nor ifd."""
    draw(2, 5).save(tmp_path / "who.png")
    blocked = "('torch', 'torchvision', 'fastreid', 'fastreid_compat', 'ifd', 'datasets_ext', 'people_parsing', 'ray')"
    program = f"import sys; sys.modules.update(dict.fromkeys({blocked})); import runpy; sys.argv[0] = 'person_search'; "
    program += "runpy.run_module('person_search', run_name='__main__')"
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            "search",
            str(tmp_path / "who.png"),
            "--model",
            model_path,
            "--gallery",
            indexed,
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error::UserWarning"},
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[1].split()[5] == "p2"


# --- serve


@pytest.fixture
def taken():
    """A port of the loopback that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        yield there.getsockname()[1]


def test_a_port_that_is_taken(command, uri, model_path, taken):
    pytest.importorskip("fastapi")
    code, printed, complaint = command("serve", "--model", model_path, "--gallery", uri, "--port", taken)
    assert (code, printed) == (2, "")
    assert complaint.splitlines() == [
        f"error: The page cannot listen at 127.0.0.1, port {taken} (Address already in use). Choose another with "
        "--port, or --host."
    ]
    # What comes later, and takes longer, was not begun.
    assert not os.path.exists(uri)


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("192.0.2.1", 8000, " (Cannot assign requested address)"),
        ("no.such.host.invalid", 8000, " ("),
        ("127.0.0.1", 65536, ": ports are numbered 1 to 65535"),
    ],
)
def test_addresses_that_cannot_be_listened_at(command, uri, model_path, host, port, reason):
    pytest.importorskip("fastapi")
    asked = ("--model", model_path, "--gallery", uri, "--host", host, "--port", port)
    code, printed, complaint = command("serve", *asked)
    assert (code, printed, complaint.count("\n")) == (2, "", 1)
    assert complaint.startswith(f"error: The page cannot listen at {host}, port {port}{reason}")


def test_the_address_is_printed_once_it_answers(indexed, model_path):
    pytest.importorskip("fastapi")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    asked = ["serve", "--model", model_path, "--gallery", indexed, "--port", str(port)]
    page = subprocess.Popen([sys.executable, "-m", "person_search", *asked], stdout=subprocess.PIPE, text=True)
    try:
        line = page.stdout.readline()
        assert line == f"The page is at http://127.0.0.1:{port}/ (end it with Ctrl-C)\n"
        # At once, without trying again.
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=60) as answer:
            assert json.load(answer) == {"status": "ok"}
    finally:
        page.send_signal(signal.SIGINT)
        assert page.wait(60) == 0
        page.stdout.close()
