"""Write the figures of the first page as HTML, which shows the pictures that the report holds."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from types import MappingProxyType

CURVES = (
    "Choose a place and a series; drag in the strip below the chart to zoom, and click there to "
    "see all dates. Values are shown under the mouse. The line is the median"
)


FRONT: Mapping[bool, Mapping[str, str]] = MappingProxyType(
    {
        True: {
            "change_map": "Orange: the forecast median is above the last observation; blue: below.",
            "fits": "Observations (dots; rings came later), fit (blue) and projection (orange).",
        },
        False: {
            "reproduction": "Effective reproduction number: infections rise while it is above 1.",
        },
    }
)
"""Figures of the first page with their captions, for runs with and without a fit."""


SEASON: Mapping[str, str] = MappingProxyType(
    {
        "season_scores": (
            "Weeks are those of the reference dates. Relative WIS below 1 (dotted): better than "
            "the baseline."
        ),
        "scores_by_horizon": (
            "Relative WIS below 1: better than the baseline. Below: the share of the later "
            "observations inside the intervals; dotted: the share that they should hold."
        ),
        "forecast_calibration": (
            "Above: the share of the later observations inside the intervals, with its 95% "
            "interval. Below: histograms of PIT, flat if the forecasts are calibrated; high at "
            "both ends if their intervals are too narrow, at one end if they are biased."
        ),
        "season_forecasts": (
            "Every forecast (bars: 50% and 95% intervals) and what was observed (dots), by horizon."
        ),
    }
)
"""Figures of the first page of a replay with their captions."""


def figures_in_html(curves: bytes | None, pictures: Sequence[tuple[str, str, str]]) -> str:
    """Return the HTML of the figures; empty if there are none.

    Parameters
    ----------
    curves
        The content of ``curves.json``; None before it is written.
    pictures
        The end of the path of each file, its text for screen readers, and its caption. Those that
        the report does not hold are left out when it is opened.
    """
    found = json.loads(curves) if curves else {"rows": []}
    parts = [_chart(curves, found)] if curves and found["rows"] else []
    parts += [
        f'<figure><img data-file="{escape(file)}" alt="{escape(said)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for file, said, caption in pictures
    ]
    if not parts:
        return ""
    script = (files("epyflow") / "report" / "curves.js").read_text(encoding="utf-8")
    # Scripts in the text of a report do not run; those of a frame do.
    frame = f'<iframe hidden srcdoc="{escape(f"<script>{script}</script>")}"></iframe>'
    html = f'<div class="first-page-figures">{"".join(parts)}{frame}</div>'
    # docutils refuses lines of more than 10,000 letters.
    return html.replace("],[", "],\n[").replace("</figure>", "</figure>\n")


def _chart(curves: bytes, found: Mapping[str, Sequence[str]]) -> str:
    held = f"; bands hold {' and '.join(found['bands'])}" if found["bands"] else ""
    held += "; dots were observed, rings later" if "Observed" in found.get("parts", ()) else ""
    return (
        '<figure class="wide"><div class="first-page-choices"></div>'
        f'<div data-curves="{escape(curves.decode())}"></div>'
        f"<figcaption>{escape(f'{CURVES}{held}.')}</figcaption></figure>"
    )
