"""Meta-architectures, heads and layers; importing registers them with the host."""

from .accepted_weights import AcceptsWeights, current_names
from .attention_prediction import AttentionPrediction
from .attention_stream import AttentionStream, IFDAttentionStream
from .clothing_bias_diminishing import ClothingBiasDiminishing
from .clothing_branch import ClothingBranch
from .heads import IFDHead
from .id_knowledge_transfer import IDKnowledgeTransfer
from .ifd_arch import IFD

__all__ = [
    "IFD",
    "AcceptsWeights",
    "AttentionPrediction",
    "AttentionStream",
    "ClothingBiasDiminishing",
    "ClothingBranch",
    "IDKnowledgeTransfer",
    "IFDAttentionStream",
    "IFDHead",
    "current_names",
]
