"""The reader in torch: BERT as all-MiniLM-L6-v2 has it, its parameters under their own names, and three heads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from core.embedding.graph import HEADS, LAYERS, WIDTH
from core.embedding.package import model_folder
from core.embedding.weights import Weights
from evals.reader.examples import NO_SPAN, Row

_EPSILON = 1e-12
_MASKED = -1e4


@dataclass(frozen=True, slots=True)
class Shape:
    layers: int = LAYERS
    width: int = WIDTH
    heads: int = HEADS
    inner: int = 4 * WIDTH
    vocabulary: int = 30_522
    positions: int = 512
    dropout: float = 0.1


class Embeddings(nn.Module):  # type: ignore[misc]  # torch is not checked
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(shape.vocabulary, shape.width)
        self.position_embeddings = nn.Embedding(shape.positions, shape.width)
        self.token_type_embeddings = nn.Embedding(2, shape.width)
        self.LayerNorm = nn.LayerNorm(shape.width, eps=_EPSILON)
        # the table stays as it is: half of the parameters, most of them rare words that no example here has
        self.word_embeddings.weight.requires_grad_(False)

    def forward(self, ids: Any, segments: Any) -> Any:
        places = self.position_embeddings.weight[: ids.shape[1]]
        return self.LayerNorm(self.word_embeddings(ids) + places + self.token_type_embeddings(segments))


class Layer(nn.Module):  # type: ignore[misc]
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, inner = shape.width, shape.inner
        self.heads, self.dropout = shape.heads, nn.Dropout(shape.dropout)
        parts = nn.ModuleDict({part: nn.Linear(width, width) for part in ("query", "key", "value")})
        self.attention = nn.ModuleDict({"self": parts, "output": _output(width, width)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, inner)})
        self.output = _output(inner, width)

    def forward(self, states: Any, mask: Any) -> Any:
        batch, length, width = states.shape
        parts = (self.attention["self"][name](states) for name in ("query", "key", "value"))
        query, key, value = (x.view(batch, length, self.heads, -1).transpose(1, 2) for x in parts)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        mixed = mixed.transpose(1, 2).reshape(batch, length, width)
        states = self._added(self.attention["output"], mixed, states)
        return self._added(self.output, nn.functional.gelu(self.intermediate["dense"](states)), states)

    def _added(self, output: Any, inner: Any, states: Any) -> Any:
        return output["LayerNorm"](self.dropout(output["dense"](inner)) + states)


class ReaderModel(nn.Module):  # type: ignore[misc]
    """Ids, segments, mask, each [batch, length], to span logits [batch, length, 2] and relevance [batch]."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        shape = shape or Shape()
        self.embeddings = Embeddings(shape)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(shape) for _ in range(shape.layers))})
        self.dropout = nn.Dropout(shape.dropout)
        self.spans = nn.Linear(shape.width, 2)
        self.relevance = nn.Linear(shape.width, 1)

    def forward(self, ids: Any, segments: Any, mask: Any) -> tuple[Any, Any]:
        states = self.dropout(self.embeddings(ids, segments))
        hidden = ((1 - mask) * _MASKED).to(states.dtype)[:, None, None, :]
        for layer in self.encoder["layer"]:
            states = layer(states, hidden)
        states = self.dropout(states)
        return self.spans(states), self.relevance(states[:, 0]).squeeze(-1)


def pretrained() -> ReaderModel:
    """With the weights that embed passages, from the package; the heads are random."""
    model, weights = ReaderModel(), Weights(model_folder() / "model.safetensors")
    state = model.state_dict()
    for name in state:
        if not name.startswith(("spans.", "relevance.")):
            state[name] = torch.from_numpy(weights[name].copy())
    model.load_state_dict(state)
    return model


@dataclass(frozen=True, slots=True)
class Batch:
    ids: Any
    segments: Any
    mask: Any
    start: Any
    end: Any
    relevant: Any


def batch_of(rows: Sequence[Row], device: str = "cpu") -> Batch:
    """Rows padded to the longest."""
    width = max(len(row.ids) for row in rows)

    def padded(lists: Sequence[list[int]]) -> Any:
        return torch.tensor([one + [0] * (width - len(one)) for one in lists], device=device)

    return Batch(
        padded([row.ids for row in rows]),
        padded([row.segments for row in rows]),
        padded([[1] * len(row.ids) for row in rows]),
        torch.tensor([row.start for row in rows], device=device),
        torch.tensor([row.end for row in rows], device=device),
        torch.tensor([row.relevant for row in rows], device=device),
    )


def loss_of(model: Any, batch: Batch) -> Any:
    """Relevance and the mean of start and end, each where it is taught."""
    spans, relevance = model(batch.ids, batch.segments, batch.mask)
    spans = spans.float().masked_fill(batch.mask[..., None] == 0, _MASKED)
    loss = nn.functional.binary_cross_entropy_with_logits(relevance.float(), batch.relevant)
    if bool((batch.start != NO_SPAN).any()):
        start = nn.functional.cross_entropy(spans[..., 0], batch.start, ignore_index=NO_SPAN)
        end = nn.functional.cross_entropy(spans[..., 1], batch.end, ignore_index=NO_SPAN)
        loss = loss + (start + end) / 2
    return loss


def _output(inner: int, width: int) -> Any:
    return nn.ModuleDict({"dense": nn.Linear(inner, width), "LayerNorm": nn.LayerNorm(width, eps=_EPSILON)})
