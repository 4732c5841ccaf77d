from .rank_lists import RankList, plot_rank_lists, rank_lists

__all__ = ["RankList", "plot_rank_lists", "rank_lists"]
