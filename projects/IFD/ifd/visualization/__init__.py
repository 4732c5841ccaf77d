# hard_triplets is not imported here: it needs the package grad-cam, which is optional.
from .rank_lists import RankList, plot_rank_lists, rank_lists

__all__ = ["RankList", "plot_rank_lists", "rank_lists"]
