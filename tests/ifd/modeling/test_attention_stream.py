"""The attention stream on its own."""

import torch
from fastreid.modeling import build_model
from fastreid.utils.events import EventStorage


def test_attention_stream_alone_shares_its_parameters_names(config, batch):
    torch.manual_seed(0)
    alone = build_model(config(MODEL__META_ARCHITECTURE="IFDAttentionStream"))
    joint = build_model(config())
    incompatible = joint.load_state_dict(alone.state_dict(), strict=False)
    assert incompatible.unexpected_keys == []
    assert not any(key.startswith("attention_") for key in incompatible.missing_keys)
    joint.descriptor = "attention"
    with torch.no_grad():
        torch.testing.assert_close(alone.eval()(batch()), joint.eval()(batch()))
    with EventStorage():
        assert set(alone.train()(batch())) == {"loss_cls_attention"}
