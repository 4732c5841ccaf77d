"""The former place of :mod:`ifd.feature_extractor`; goes with the next release."""

from .moved import moved_names

__getattr__ = moved_names(__name__, {"PhotoEmbedder": "ifd.feature_extractor:FeatureExtractor"})
