"""Whether two questions ask the same: a small fitted pair model over embeddings, words and neighbourhoods.

`Asked` is a question prepared once, `Known` the questions that it is compared with, `PairModel` the probability that
two of them ask the same. `python -m evals.clustering` fits and measures it.
"""

from retrieval.paraphrase.asked import Asked, asked
from retrieval.paraphrase.known import Known
from retrieval.paraphrase.model import PairModel, load_pair_model
from retrieval.paraphrase.rarity import Rarity

__all__ = ["Asked", "Known", "PairModel", "Rarity", "asked", "load_pair_model"]
