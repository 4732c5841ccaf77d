from pathlib import Path

import fastreid

from fastreid_compat import adaptations
from fastreid_compat.__main__ import main


def test_the_host_and_a_line_for_each_adaptation(capsys):
    main()
    first, *table = capsys.readouterr().out.splitlines()
    assert first.startswith("fastreid 1.4")
    assert first.endswith(f" at {Path(fastreid.__file__).parent}")
    assert table[0].split() == ["adaptation", "reason", "status"]
    text = "\n".join(table)
    for name, _, status in adaptations():
        (line,) = [line for line in table if line.startswith(f"{name}  ")]
        assert line.endswith(status)
    assert text.count("applied") >= 1
