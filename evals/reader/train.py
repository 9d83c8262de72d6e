"""Fine-tunes the reader: resumable to the batch, the same with the same seed, on what the machine has.

AdamW, 6e-5 for the body and 5e-4 for the heads, 60 steps of warm-up, then linear to nothing at the end of the budget.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import torch

from evals.reader.examples import Lesson, Row
from evals.reader.model import ReaderModel, batch_of, loss_of

CHECKPOINT = "checkpoint.pt"
BODY_RATE, HEAD_RATE = 6e-5, 5e-4
WARM_UP = 60  # steps
MAX_NORM = 1.0
DECAY = 0.01
_SMOOTHING = 0.98


@dataclass(frozen=True, slots=True)
class Budget:
    """Minutes of training, or a number of examples: with examples a run gives the same weights anywhere it computes
    the same, with minutes it ends in time."""

    minutes: float | None = None
    examples: int | None = None

    def spent(self, done: "Progress") -> float:
        """Share of the budget, 0 to 1 and past it."""
        by_time = done.seconds / (60 * self.minutes) if self.minutes else 0.0
        by_number = done.examples / self.examples if self.examples else 0.0
        return max(by_time, by_number)


@dataclass(slots=True)
class Progress:
    """Where training stands: the next batch is `batch` of pass `epoch`."""

    epoch: int = 0
    batch: int = 0
    steps: int = 0
    examples: int = 0
    seconds: float = 0.0
    loss: float = 0.0  # smoothed
    losses: list[float] = field(default_factory=list)  # one in each 50 steps, smoothed


class Trainer:
    """Trains `model` on `lesson`; keeps its state in `folder` and goes on from there."""

    def __init__(self, model: ReaderModel, lesson: Lesson, budget: Budget, folder: Path, seed: int) -> None:
        torch.manual_seed(seed)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = model.to(self.device)
        self.seed, self.done = seed, Progress()
        self._lesson, self._budget, self._path = lesson, budget, folder / CHECKPOINT
        self._key = {"seed": seed, "minutes": budget.minutes, "examples": budget.examples}
        self._optimizer = _optimizer(self.model)
        self._half = self.device == "cuda" or _has_amx()
        self._resume()

    def train(self, on_step: Callable[[Progress], None], *, save_every_s: float = 300.0, stop_after: int = 0) -> bool:
        """Until the budget is spent: True; or for `stop_after` steps, after which another trainer may go on."""
        self.model.train()
        last, saved = time.perf_counter(), self.done.seconds
        for rows in self._remaining():
            self._step(rows)
            now = time.perf_counter()
            self.done.seconds += now - last
            last = now
            on_step(self.done)
            if self._budget.spent(self.done) >= 1:
                self.save()
                return True
            if self.done.seconds - saved >= save_every_s:
                self.save()
                saved = self.done.seconds
            if stop_after and self.done.steps >= stop_after:
                break
        self.save()
        return False

    def save(self) -> None:
        """The whole state, replaced at once."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(f".{os.getpid()}")
        state = {
            "key": self._key,
            "done": asdict(self.done),
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "random": torch.get_rng_state(),
            "random_gpu": torch.cuda.get_rng_state() if self.device == "cuda" else None,
        }
        torch.save(state, temporary)
        temporary.replace(self._path)

    def _resume(self) -> None:
        if not self._path.is_file():
            return
        # weights only: a file is data, whoever wrote it
        state = torch.load(self._path, map_location=self.device, weights_only=True)
        if state["key"] != self._key:
            raise SystemExit(f"{self._path} belongs to another run ({state['key']}): remove it, or train elsewhere.")
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.done = Progress(**state["done"])
        torch.set_rng_state(state["random"].cpu())
        if state["random_gpu"] is not None and self.device == "cuda":
            torch.cuda.set_rng_state(state["random_gpu"].cpu())

    def _remaining(self) -> Iterator[list[Row]]:
        for number in count(self.done.epoch):
            for rows in self._lesson.batches(number, self.done.batch):
                # counted beforehand, so that a checkpoint names the batch that follows
                self.done.batch += 1
                yield rows
            self.done.epoch, self.done.batch = number + 1, 0

    def _step(self, rows: list[Row]) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = group["top"] * self._rate()
        with torch.autocast(self.device, torch.bfloat16, enabled=self._half):
            loss = loss_of(self.model, batch_of(rows, self.device))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_NORM)
        self._optimizer.step()
        self._count(float(loss.detach()), len(rows))

    def _count(self, loss: float, examples: int) -> None:
        done = self.done
        done.loss = loss if not done.steps else _SMOOTHING * done.loss + (1 - _SMOOTHING) * loss
        done.steps += 1
        done.examples += examples
        if done.steps % 50 == 0:
            done.losses.append(round(done.loss, 4))

    def _rate(self) -> float:
        return min(1.0, (self.done.steps + 1) / WARM_UP) * max(0.0, 1 - self._budget.spent(self.done))


def _optimizer(model: ReaderModel) -> Any:
    heads, body, plain = [], [], []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if name.startswith(("spans.", "relevance.")):
            heads.append(parameter)
        elif parameter.ndim < 2:
            plain.append(parameter)  # norms and biases: no decay
        else:
            body.append(parameter)
    groups = [
        {"params": body, "top": BODY_RATE, "weight_decay": DECAY},
        {"params": plain, "top": BODY_RATE, "weight_decay": 0.0},
        {"params": heads, "top": HEAD_RATE, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=BODY_RATE)


def _has_amx() -> bool:
    """Whether this CPU multiplies bfloat16 faster than float32; torch asks the same before it chooses a kernel."""
    ask = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(ask and ask())
