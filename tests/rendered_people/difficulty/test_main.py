from rendered_people.difficulty.__main__ import main


def test_report_is_printed(swapped, capsys):
    assert main([str(swapped)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ("PRCC's layout: same-clothing 2 queries, chance 50.0, clothing-change 2 queries, chance 50.0")
    row = next(line for line in lines if line.startswith("  clothes ") and "stripe means" in line)
    assert row.split() == ["clothes", "stripe", "means", "100.0", "0.0"]
    assert sum("rim of clothes" in line for line in lines) == 2 * 3 * 2
    assert any(line.startswith("PRCC's layout, unseen sites: ") for line in lines)


def test_what_cannot_be_measured_is_one_line(tmp_path, swapped, capsys):
    assert main([str(tmp_path / "none")]) == 2
    (swapped / "prcc/parsing/test/A/001/cropped_rgb001.png").unlink()
    assert main([str(swapped)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "none holds no test images" in lines[0]
    assert "cropped_rgb001.png is missing; render into the folder again" in lines[1]
