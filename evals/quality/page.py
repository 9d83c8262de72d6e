"""The report's page: self-contained, no scripts; follows light and dark, and prints. Everything from outside is
escaped here, and only addresses of the web become links."""

from collections.abc import Sequence
from html import escape
from typing import Any

from evals.quality import charts
from evals.quality.judge import RANKING, Verdict
from evals.quality.rows import DENSE, HYBRID, SPARSE
from evals.quality.worst import Listing

_MODES = {HYBRID: "ours", DENSE: "dense", SPARSE: "BM25 (sparse)"}
_ANSWERS = {
    "right": "right", "contained": "gold answer in the first two quotes", "f1": "answer F1",
    "exact": "exact match", "short_f1": "F1 of the short answer, where one was offered",
    "citation_precision": "citation precision", "citation_recall": "citation recall",
    "page_cited": "gold page cited",
}  # fmt: skip
_CONFIDENCE = {
    "right": "right, of all questions",
    "auroc_right": "AUROC, right from wrong", "auroc_answerable": "AUROC, answerable from not", "ece": "ECE",
    "brier": "Brier", "aurc": "area under risk-coverage", "coverage_at_risk_0.1": "coverage at risk ≤ .1",
    "median_right": "median confidence of right answers", "median_wrong": "median confidence of wrong answers",
}  # fmt: skip
_REFUSALS = {
    "unanswerable_refused": "unanswerable ones refused (rightly)",
    "answerable_refused": "answerable ones refused (wrongly)",
    "right_answers_refused": "right answers refused", "given_right": "right, of the answers given",
}  # fmt: skip
_STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5a6676;--paper:#fff;--card:#f5f7fa;--edge:#d9dfe7;--ours:#1f6feb;
--right:#2a9d63;--wrong:#d1622b}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--paper:#12161c;--card:#1b212a;--edge:#313a46;
--ours:#6ea8ff;--right:#4cc38a;--wrong:#f0945f}}
*{box-sizing:border-box}body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:76rem;background:var(--paper);
color:var(--ink);font:16px/1.5 system-ui,sans-serif}h1{font-size:1.7rem;margin:0}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
p.soft,.soft{color:var(--soft)}p.soft{margin:.2rem 0 .8rem}a{color:var(--ours)}
.tables{columns:2 26rem;column-gap:2.5rem}section{break-inside:avoid}
.tables h2{margin:0;padding-top:1.2rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:.35rem .6rem;text-align:right;
border-bottom:1px solid var(--edge)}th:first-child,td:first-child{text-align:left;padding-left:0}th{font-weight:600}
td small{color:var(--soft);white-space:nowrap}
.charts{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}
figure{margin:0;padding:.9rem;background:var(--card);border:1px solid var(--edge);border-radius:.5rem}
figcaption{font-weight:600}svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:11px}
svg .name{fill:var(--ink)}.grid{stroke:var(--edge);fill:none}.axis{stroke:var(--soft);fill:none}
.ideal{stroke:var(--soft);stroke-dasharray:4 4;fill:none}.ours{stroke:var(--ours);stroke-width:2;fill:none}
.dot{fill:var(--ours)}rect.right{fill:var(--right)}rect.wrong{fill:var(--wrong)}
article{padding:.8rem 1rem;margin:.7rem 0;background:var(--card);border:1px solid var(--edge);border-radius:.5rem;
overflow-wrap:anywhere;break-inside:avoid}article h3{font-size:1rem;margin:0}article p{margin:.35rem 0}
blockquote{margin:.15rem 0 .5rem;padding-left:.8rem;border-left:3px solid var(--edge);color:var(--soft)}
ul{margin:.2rem 0;padding-left:1.2rem}
.note{padding:.6rem .9rem;border-left:4px solid var(--wrong);background:var(--card)}
@media print{body{max-width:none;padding:0;font-size:11px}.charts{grid-template-columns:repeat(3,1fr)}}
"""


def page(head: dict[str, Any], figures: dict[str, Any], listings: Sequence[Listing]) -> str:
    """The HTML of one run's report."""
    name = escape(head["name"])
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in head["notes"])
    tables = [_ranking(figures["ranking"]), _answers(figures), _confidence(figures["confidence"]),
              _refusals(figures["refusals"]), _latency(figures["latency_ms"])]  # fmt: skip
    told = (
        f"{figures['questions']} questions, {figures['answerable']} of them answerable, of {escape(head['collection'])}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Insydr: {name}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{name}</h1>"
        f'<p class="soft">{told}; {escape(head["finished"])}. In brackets: 95 % intervals.</p>{notes}'
        f'<div class="tables">{"".join(tables)}</div><h2>Confidence</h2>{_charts(figures)}'
        f"{''.join(map(_worst, listings))}</body></html>\n"
    )


def number(value: Any) -> str:
    """A figure, or one with its interval, as a cell; – where it has no meaning."""
    if isinstance(value, dict):
        if value["value"] is None:
            return "–"
        return f"{_plain(value['value'])} <small>[{_plain(value['low'])}, {_plain(value['high'])}]</small>"
    return "–" if value is None else _plain(value)


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], soft: str = "") -> str:
    top = "".join(f"<th>{one}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    told = f'<p class="soft">{soft}</p>' if soft else ""
    return f"<section><h2>{title}</h2>{told}<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></section>"


def _ranking(found: dict[str, Any]) -> str:
    if not found:
        return ""
    rows = [[name.replace("ndcg", "nDCG").replace("hit", "Hit").replace("mrr", "MRR"),
             *(number(own[name]) for own in found.values())] for name in RANKING]  # fmt: skip
    above = [own.get("ours_above") for own in found.values()]
    cells = ["" if one is None else f"{one['value']:+.3f} <small>p {one['p']:.4f}</small>" for one in above]
    if any(cells):
        rows.append(["ours above it, nDCG@10", *cells])
    soft = f"{found[HYBRID]['questions']} questions whose documents are known"
    return _table("Search", ["", *(_MODES[mode] for mode in found)], rows, soft)


def _answers(figures: dict[str, Any]) -> str:
    rows = [[_ANSWERS[name], number(own), str(own["questions"])] for name, own in figures["answers"].items()]
    return (
        _table("Answers", ["", "ours", "questions"], rows, "Of answerable questions; none is refused") if rows else ""
    )


def _confidence(found: dict[str, Any]) -> str:
    rows = [[title, number(found[name])] for name, title in _CONFIDENCE.items()]
    rows += [[f"risk at coverage {share}", number(risk)] for share, risk in found["risk_at_coverage"].items()]
    return _table("Calibration", ["", "ours"], rows, f"{found['questions']} questions that could be judged")


def _refusals(found: dict[str, Any]) -> str:
    rows = [[title, number(found[name])] for name, title in _REFUSALS.items()]
    best = found["best"]
    if best is not None:
        reached = "" if best["reached"] else " <small>(short of .80 refused)</small>"
        told = (
            f"{best['unanswerable_refused']:.3f} / {best['answerable_refused']:.3f} at {best['threshold']:.3f}{reached}"
        )
        rows.append(["best, ≤ .10 of answerable ones refused", told])
    return _table("Refusals", ["", "share"], rows, f"At the threshold {found['threshold']:g}")


def _latency(found: dict[str, Any]) -> str:
    rows = [[name, *(f"{own[one]:.0f}" for one in ("p50", "p95", "p99"))] for name, own in found.items()]
    return _table("Latency, ms", ["", "p50", "p95", "p99"], rows, "As one client sees it, over HTTP")


def _charts(figures: dict[str, Any]) -> str:
    curves, threshold = figures["curves"], figures["refusals"]["threshold"]
    return (
        '<div class="charts">'
        + charts.reliability(curves["reliability"])
        + charts.risk_coverage(curves["risk_coverage"], figures["refusals"]["at_threshold"])
        + charts.histograms(curves["confidence_right"], curves["confidence_wrong"], threshold)
        + "</div>"
    )


def _worst(listing: Listing) -> str:
    shown = f"{listing.total}" + (
        f", the first {len(listing.verdicts)}" if len(listing.verdicts) < listing.total else ""
    )
    cards = "".join(map(_card, listing.verdicts))
    return f'<h2>{escape(listing.title)} ({shown})</h2><p class="soft">{escape(listing.meaning)}</p>{cards}'


def _card(one: Verdict) -> str:
    row = one.row
    golds = " · ".join(escape(answer) for answer in row.answers) or ("" if row.answerable else "cannot be answered")
    wanted = "".join(f"<li>{_link(gold.title, gold.url, gold.document_id)}</li>" for gold in row.gold)
    relevant = {gold.document_id for gold in row.gold}
    sources = "".join(
        f"<li>{_link(source.title, source.url, source.document_id)}{' ✓' if source.document_id in relevant else ''}"
        f"<blockquote>{escape(source.quote)}</blockquote></li>"
        for source in row.cited
    )
    parts = [
        f"<h3>{escape(row.question)}</h3>",
        f'<p class="soft">confidence {row.confidence:.2f} · question {escape(row.id)}</p>',
        f"<p><b>Answer</b> {escape(row.answer)}</p>",
        f"<p><b>Gold</b> {golds}</p>" if golds else "",
        f"<p><b>Relevant</b></p><ul>{wanted}</ul>" if wanted else "",
        f"<p><b>Sources</b>{' (✓: relevant)' if relevant else ''}</p><ul>{sources}</ul>" if sources else "",
    ]
    return f"<article>{''.join(parts)}</article>"


def _link(title: str, url: str | None, document_id: str) -> str:
    if url and url.startswith(("http://", "https://")):
        return f'<a href="{escape(url)}" rel="noreferrer">{escape(title)}</a>'
    return f'{escape(title)} <span class="soft">{escape(document_id)}</span>'
