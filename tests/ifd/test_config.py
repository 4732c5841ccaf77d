"""The keys of IFD: documented where they stand, read somewhere, and out of the way of the host's."""

import inspect
import re
from pathlib import Path

from fastreid.config import CfgNode, get_cfg

import ifd
from ifd import add_ifd_config, config


def leaves(cfg, prefix="IFD"):
    for name, value in cfg.items():
        if isinstance(value, CfgNode):
            yield from leaves(value, f"{prefix}.{name}")
        else:
            yield f"{prefix}.{name}"


def keys():
    cfg = get_cfg()
    add_ifd_config(cfg)
    return list(leaves(cfg.IFD))


def test_the_host_s_keys_stay_as_they_are():
    cfg = get_cfg()
    before = cfg.clone()
    add_ifd_config(cfg)
    del cfg["IFD"]
    assert cfg == before


def test_every_key_stands_below_a_comment():
    lines = inspect.getsource(config).splitlines()
    documented = set()
    for above, line in zip(lines, lines[1:], strict=False):
        found = re.match(r"    cfg\.(IFD\.[\w.]+) = ", line)
        # One comment may speak of the keys that follow without a line between.
        before = re.match(r"    cfg\.(IFD\.[\w.]+) = ", above)
        if found and (above.strip().startswith("#") or (before and before[1] in documented)):
            documented.add(found[1])
    assert set(keys()) <= documented


def test_every_key_is_read():
    source = "\n".join(
        path.read_text() for path in Path(ifd.__file__).parent.rglob("*.py") if path.name not in ("config.py",)
    )
    source = source.replace((Path(ifd.__file__).parent / "engine" / "config_values.py").read_text(), "")
    unread = [key for key in keys() if not re.search(rf"\b{key.rpartition('.')[2]}\b", source)]
    assert unread == []
