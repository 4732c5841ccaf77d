"""Pictures of what a trained model of IFD ranks and looks at."""

import fastreid_compat  # noqa: F401  (first: it makes fastreid importable)

# hard_triplets is not imported here: it needs the package grad-cam, which is optional.
from .pictures import PictureError, check_picture
from .rank_lists import RankList, plot_rank_lists, rank_lists

__all__ = ["PictureError", "RankList", "check_picture", "plot_rank_lists", "rank_lists"]
