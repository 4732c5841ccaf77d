"""Without the host it is tested where an exported model runs alone, see tests/model_export/test_exporting.py."""

from fastreid.modeling.backbones import BACKBONE_REGISTRY
from fastreid.modeling.heads import REID_HEADS_REGISTRY
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

import ifd


def test_importing_it_registers_what_configs_name():
    assert {"IFD", "IFDAttentionStream"} <= set(META_ARCH_REGISTRY._obj_map)
    assert "IFDHead" in REID_HEADS_REGISTRY._obj_map
    assert "build_timm_backbone" in BACKBONE_REGISTRY._obj_map


def test_its_version_is_the_distribution_s(pytestconfig):
    assert f"version = {ifd.__version__}\n" in (pytestconfig.rootpath / "setup.cfg").read_text()
    assert [name for name in ifd.__all__ if not hasattr(ifd, name)] == []
