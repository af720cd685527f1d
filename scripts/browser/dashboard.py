"""A dashboard of deploy/grafana as a page: its panels under their titles, with what a Prometheus answers to their questions. No
Grafana has a part in it, and the page loads nothing."""

import html
import math
import re
import time

from prometheus import expression

WIDTH, HEIGHT = 606, 150
LEFT, RIGHT, TOP, BOTTOM = 64, 10, 8, 20
COLOURS = ["#3f7d4f", "#c98a1b", "#3d6fb5", "#b5483d", "#7a5aa6", "#2b8a8f", "#9a6b3f", "#c05a94", "#6b7280", "#86a02c"]
# So many lines have a name below the panel.
NAMED = 10

STYLE = """
* { box-sizing: border-box; margin: 0 }
body { background: #f4f5f6; color: #24292e; font: 13px/1.4 "DejaVu Sans", "Liberation Sans", Arial, sans-serif; padding: 16px; width: 1280px }
h1 { font-size: 18px; font-weight: 600; margin-bottom: 12px }
h1 small { color: #6a737d; font-size: 12px; font-weight: 400; margin-left: 8px }
main { display: grid; gap: 12px; grid-template-columns: repeat(24, 1fr) }
section { background: #fff; border: 1px solid #dfe2e5; border-radius: 3px; overflow: hidden; padding: 8px 10px }
h2 { font-size: 13px; font-weight: 600 }
.stat { font-size: 30px; padding: 8px 0; text-align: center }
svg { display: block; width: 100% }
text { fill: #6a737d; font-size: 11px }
ul { display: flex; flex-wrap: wrap; font-size: 11px; gap: 0 14px; list-style: none; padding: 2px 0 0 }
li::before { background: var(--colour); content: ""; display: inline-block; height: 3px; margin-right: 5px; vertical-align: middle; width: 12px }
li.more::before { display: none }
"""


def words(value, unit):
    """A value as somebody reads it."""
    if unit == "percentunit":
        return f"{value * 100:.4g} %"
    if unit == "reqps":
        return f"{value:.3g}/s"
    if unit == "s" and value and abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    if unit == "s":
        return f"{value:.3g} s"
    return f"{value:.4g}"


def name(legend, labels):
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend).strip()


def lines(panel, prometheus, over):
    """The panel's lines, the highest first: the name of each, and its points."""
    found = []
    for target in panel["targets"]:
        for series in prometheus.query(expression(target), over):
            points = [(float(when), float(value)) for when, value in series["values"]]
            found.append((name(target["legendFormat"], series["metric"]), [point for point in points if math.isfinite(point[1])]))
    return sorted((line for line in found if line[1]), key=lambda line: -max(value for _, value in line[1]))


def steps(top):
    """Where an axis that ends above `top` has its marks."""
    if top <= 0:
        return [0, 1]
    rough = top / 4
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough)
    return [step * at for at in range(math.ceil(top / step) + 1)]


def chart(panel, prometheus, over):
    begin, end, step = over
    unit = panel["fieldConfig"]["defaults"].get("unit", "none")
    drawn = lines(panel, prometheus, over)
    marks = steps(max((value for _, points in drawn for _, value in points), default=0))
    across = lambda when: LEFT + (when - begin) / (end - begin) * (WIDTH - LEFT - RIGHT)
    up = lambda value: HEIGHT - BOTTOM - value / marks[-1] * (HEIGHT - TOP - BOTTOM)
    parts = []
    for mark in marks:
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(mark):.1f}" y2="{up(mark):.1f}" stroke="#e8eaed"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{up(mark) + 4:.1f}" text-anchor="end">{words(mark, unit)}</text>')
    for when in range(math.ceil(begin / 20) * 20, math.floor(end) + 1, 20):
        clock = time.strftime("%H:%M:%S", time.gmtime(when))
        if LEFT + 20 < across(when) < WIDTH - RIGHT - 24:
            parts.append(f'<text x="{across(when):.1f}" y="{HEIGHT - 4}" text-anchor="middle">{clock}</text>')
    # The highest is drawn last, but for equal ones it is the first that is seen.
    for at, (_, points) in reversed(list(enumerate(drawn))):
        path, before = "", None
        for when, value in points:
            path += f'{"L" if before is not None and when - before <= 1.5 * step else "M"}{across(when):.1f},{up(value):.1f}'
            before = when
        parts.append(f'<path d="{path}" fill="none" stroke="{COLOURS[at % len(COLOURS)]}" stroke-width="1.5"/>')
    names = [f'<li style="--colour: {COLOURS[at]}">{html.escape(named)}</li>' for at, (named, _) in enumerate(drawn[:NAMED])]
    if len(drawn) > NAMED:
        names.append(f'<li class="more">and {len(drawn) - NAMED} more</li>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(parts)}</svg><ul>{"".join(names)}</ul>'


def stat(panel, prometheus, over):
    """The panel's last value, or the name of what it counts where the name is what is asked for."""
    target = panel["targets"][0]
    series = prometheus.query(expression(target), over)[0]
    text = words(float(series["values"][-1][1]), panel["fieldConfig"]["defaults"].get("unit", "none"))
    if "{{" in target["legendFormat"]:
        text = name(target["legendFormat"], series["metric"])
    return f'<p class="stat">{html.escape(text)}</p>'


def page(dashboard, prometheus, over):
    sections = []
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        inside = (stat if panel["type"] == "stat" else chart)(panel, prometheus, over)
        sections.append(
            f'<section style="grid-column: {place["x"] + 1} / span {place["w"]}"><h2>{html.escape(panel["title"])}</h2>{inside}</section>')
    title = html.escape(dashboard["title"])
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
            f'<h1>{title}<small>the panels of deploy/grafana/agentidp.json, as a Prometheus answers them</small></h1>'
            f'<main>{"".join(sections)}</main></html>')
