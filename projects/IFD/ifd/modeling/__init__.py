"""Meta-architectures, heads and layers; importing registers them with the host."""

from .attention_prediction import AttentionPrediction
from .attention_stream import IFDAttentionStream
from .clothing_bias_diminishing import ClothingBiasDiminishing
from .heads import IFDHead
from .id_knowledge_transfer import IDKnowledgeTransfer
from .ifd_arch import IFD

__all__ = [
    "IFD",
    "AttentionPrediction",
    "ClothingBiasDiminishing",
    "IDKnowledgeTransfer",
    "IFDAttentionStream",
    "IFDHead",
]
