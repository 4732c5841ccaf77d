"""Meta-architectures, heads and layers; importing registers them with the host."""

from .attention_prediction import AttentionPrediction
from .attention_stream import AttentionStream, IFDAttentionStream
from .clothing_bias_diminishing import ClothingBiasDiminishing
from .clothing_branch import ClothingBranch
from .heads import IFDHead
from .id_knowledge_transfer import IDKnowledgeTransfer
from .ifd_arch import IFD
from .stream_baseline import FORMER_NAMES

__all__ = [
    "FORMER_NAMES",
    "IFD",
    "AttentionPrediction",
    "AttentionStream",
    "ClothingBiasDiminishing",
    "ClothingBranch",
    "IDKnowledgeTransfer",
    "IFDAttentionStream",
    "IFDHead",
]
