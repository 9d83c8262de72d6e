"""Charts as inline SVG, without scripts. Colours are the page's variables, so that they follow light and dark.

Coordinates are shares, 0..1 from left to right and from bottom to top.
"""

from collections.abc import Callable, Sequence
from html import escape

WIDTH, HEIGHT = 380, 290
LEFT, BOTTOM, TOP, RIGHT = 52, 44, 14, 14
Point = tuple[float, float]


def reliability(bins: Sequence[dict[str, float]]) -> str:
    """Right answers over confidence, a point a bin of equally many questions; the diagonal is perfect."""
    points = [(one["confidence"], one["right"]) for one in bins]
    dots = "".join(
        f'<circle class="dot" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="4.5"><title>{_bin_title(one)}</title></circle>'
        for (x, y), one in zip(points, bins, strict=True)
    )
    ideal = _line([(0, 0), (1, 1)], "ideal")
    return _chart("Reliability diagram", "confidence", "share right", f"{ideal}{_line(points, 'ours')}{dots}")


def risk_coverage(curve: Sequence[Sequence[float]], at: Point | None = None) -> str:
    """Share wrong among the answered, over the share answered; a dot where the default threshold stands."""
    points = [(coverage, risk) for coverage, risk in curve]
    overall = _line([(0, points[-1][1]), (1, points[-1][1])], "ideal") if points else ""
    dot = f'<circle class="dot" cx="{_x(at[0]):.1f}" cy="{_y(at[1]):.1f}" r="4.5"/>' if at else ""
    return _chart("Risk-coverage curve", "share answered", "share wrong", f"{overall}{_line(points, 'ours')}{dot}")


def histograms(right: Sequence[int], wrong: Sequence[int], threshold: float) -> str:
    """Questions by confidence: right answers above the middle, wrong ones below."""
    most = max([*right, *wrong, 1])
    middle, half = _y(0.5), (_y(0) - _y(1)) / 2 - 4
    bars = []
    for name, counts, direction in (("right", right, -1), ("wrong", wrong, 1)):
        width = (_x(1) - _x(0)) / max(len(counts), 1)
        for number, count in enumerate(counts):
            tall = half * count / most
            top = middle - tall if direction < 0 else middle
            low = number / len(counts)
            bars.append(
                f'<rect class="{name}" x="{_x(low) + 1:.1f}" y="{top:.1f}" width="{width - 2:.1f}" '
                f'height="{tall:.1f}"><title>{low:.2f} and more: {count} {name}</title></rect>'
            )
    line = _line([(threshold, 0), (threshold, 1)], "ideal")
    axis = f'<path class="axis" d="M{_x(0)},{middle:.1f}H{_x(1)}"/>'
    names = f'<text class="name" x="{_x(1) - 4}" y="{_y(1) + 14}" text-anchor="end">right ({sum(right)})</text>'
    names += f'<text class="name" x="{_x(1) - 4}" y="{_y(0) - 8}" text-anchor="end">wrong ({sum(wrong)})</text>'
    labels = [(0.0, str(most)), (0.5, "0"), (1.0, str(most))]
    body = f"{''.join(bars)}{axis}{line}{names}"
    return _chart("Confidence, right and wrong", "confidence", "questions", body, labels)


def _chart(title: str, x_name: str, y_name: str, body: str, y_labels: Sequence[tuple[float, str]] = ()) -> str:
    x_ticks = "".join(
        f'<text x="{_x(at):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{at:g}</text>' for at in _ticks()
    )
    labels = y_labels or [(at, f"{at:g}") for at in _ticks()]
    y_ticks = "".join(
        f'<text x="{LEFT - 7}" y="{_y(at) + 4:.1f}" text-anchor="end">{escape(text)}</text>'
        f'<path class="grid" d="M{_x(0)},{_y(at):.1f}H{_x(1)}"/>'
        for at, text in labels
    )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    names = (
        f'<text class="name" x="{(_x(0) + _x(1)) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{escape(x_name)}</text>"
        f'<text class="name" transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_name)}</text>"
    )
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{x_ticks}{y_ticks}{names}{body}</svg></figure>'
    )


def _bin_title(one: dict[str, float]) -> str:
    return f"{one['count']:.0f} questions: confidence {one['confidence']:.2f}, right {one['right']:.2f}"


def _line(points: Sequence[Point], name: str) -> str:
    return f'<polyline class="{name}" points="{" ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)}"/>'


def _ticks() -> list[float]:
    return [0, 0.2, 0.4, 0.6, 0.8, 1]


def _scale(low: float, high: float) -> Callable[[float], float]:
    return lambda share: low + share * (high - low)


_x = _scale(LEFT, WIDTH - RIGHT)
_y = _scale(HEIGHT - BOTTOM, TOP)


def as_file(figure: str) -> str:
    """A chart as a file of its own, for pages that cannot hold it; readable on white and on black."""
    svg = figure[figure.index("<svg") : figure.index("</svg>")]
    head, rest = svg.split(">", 1)
    size = f'xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"'
    return f"{head} {size}><style>{_STYLE}</style>{rest}</svg>\n"


_STYLE = (
    "text{font:12px sans-serif;fill:#7a8087}.grid{stroke:#8884;fill:none}.axis{stroke:#888;fill:none}"
    ".ideal{stroke:#999;stroke-dasharray:4 4;fill:none}.ours{stroke:#2f7fd1;stroke-width:2;fill:none}.dot{fill:#2f7fd1}"
    ".right{fill:#2f7fd1}.wrong{fill:#d1662f}"
)
