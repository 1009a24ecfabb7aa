"""Split the words of a unit, and know them: what counts, what is divided by, and by how much.

A text is read to its end. A word, a sign or a number that is not known here makes the unit unknown,
because any of them may change its meaning: ``log count``, ``count per fortnight``,
``rate per 1,000 bed-days``.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Literal

Word = str | float
"""A word in small letters, a sign, or a number; ``?`` for a character that no unit has."""

Named = Literal["population", "visits", "other"] | None
"""The whole that a text divides by; ``other`` for one that epyflow does not know the size of."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


PERCENT = _set("percent percentage pct %")
SHARE = PERCENT | _set("proportion fraction share prop")
RATE = _set("rate rates incidence crude")

_VISITS = _set(
    "visit visits consultation consultations encounter encounters attendance attendances"
)
_PERSONS = _set("persons people individuals inhabitants residents")
_POPULATION = _PERSONS | _set("population pop capita")
_OTHER = _set(
    "test tests specimens samples sequences variant variants isolates case cases infection "
    "infections death deaths admission admissions hospitalization hospitalizations hospitalisation "
    "hospitalisations patient patients bed beds household households"
)
_OF_A_WHOLE = _set(
    "all total general resident emergency department dept ed er gp primary care outpatient "
    "ambulatory hospital practice physician medical"
)
_ILLNESSES = _set(
    "influenza flu covid sars rsv ili ari sari syncytial virus viral coronavirus respiratory acute "
    "severe illness illnesses disease syndrome like"
)
_LINKS = _set("in due for with from to by during")
_OF_A_COUNT = _set(
    "new incident weekly week confirmed laboratory lab reported observed hospitalized hospitalised "
    "icu intensive unit ward associated related attributed suspected symptomatic "
    "epidemiological epiweek mmwr each of the a"
)
COUNTED = (
    _set(
        "count counts number numbers case cases infections admissions deaths patients "
        "hospitalization hospitalizations hospitalisation hospitalisations"
    )
    | _PERSONS
    | _VISITS
)
"""Words for what is counted: a unit without a share or a rate needs one of them."""

KNOWN = COUNTED | _OTHER | _POPULATION | _OF_A_WHOLE | _ILLNESSES | _OF_A_COUNT | _LINKS
"""All words that leave a unit what it is."""

_WEEK = re.compile(r"(?:per|/) ?(?:epidemiological |mmwr |epi )?(?:week|epiweek)\b")
_TIMES = {"hundred": 1e2, "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
_SPANS = _set("hour hours day days week weeks month months year years season time")

_SUPERSCRIPT = re.compile("([0-9])([\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)")
_SPELLINGS = (
    (re.compile(r"\bper cent\b"), "percent"),
    (re.compile(r"\bcovid[ -]?19\b"), "covid"),
    (re.compile(r"\bsars[ -]?cov[ -]?2\b"), "sars"),
    (re.compile(r"\bno\. of\b|#(?: of\b)?"), "number of "),
)
_TOKEN = re.compile(
    r"(?P<number>(?:"
    r"(?:(?P<base>[0-9]{1,3}) ?[x\u00d7*\u00b7] ?)?10 ?(?:\^|\*\*) ?(?P<power>[0-9]{1,2})"
    r"|(?P<head>[0-9]{1,3}(?:\.[0-9]{1,3})?)e\+?(?P<tens>[0-9]{1,2})"
    r"|[0-9]{1,3}(?P<mark>[,. '\u2019])[0-9]{3}(?:(?P=mark)[0-9]{3}){0,2}"
    r"|[0-9]{1,12}"
    r")(?![0-9]|[,.'\u2019\u00b7^*+][0-9]))"
    r"|(?P<word>[a-z][a-z0-9]*)|(?P<sign>[%/])|(?P<space>[\s,.;:()\[\]\u2010-]+)|(?P<unknown>.)"
)


def split_words(text: str) -> list[Word]:
    """Return the words of a text, with ``100k``, ``10^5`` and ``hundred thousand`` as numbers.

    ``per week`` is left out: the values of a target are those of a week.
    """
    powers = _SUPERSCRIPT.sub(
        lambda found: f"{found[1]}^{unicodedata.normalize('NFKC', found[2])}", text
    )
    plain = unicodedata.normalize("NFKC", powers).casefold().replace("_", " ")
    for pattern, word in _SPELLINGS:
        plain = pattern.sub(word, plain)
    words: list[Word] = []
    for found in _TOKEN.finditer(_WEEK.sub(" ", plain)):
        if found["number"]:
            words.append(_number(found))
        elif found["unknown"]:
            words.append("?")
        elif found["word"] in _TIMES and words and _is_multiplied(words[-1]):
            factor = words.pop() if isinstance(words[-1], float) else 1.0
            words.append(float(factor) * _TIMES[found["word"]])
        elif not found["space"]:
            words.append(found[0].replace("/", "per"))
    return words


def _is_multiplied(last: Word) -> bool:
    return isinstance(last, float) or last == "per"


def _number(found: re.Match[str]) -> float:
    if found["power"]:
        return float(int(found["base"] or 1) * 10 ** int(found["power"]))
    if found["tens"]:
        return float(f"{found['head']}e{found['tens']}")
    return float(re.sub(r"[^0-9]", "", found["number"]))


def find_divisor(words: list[Word]) -> tuple[float, int] | None:
    """Return the whole number after ``per``, and the index of the word after it; None without."""
    for index, (word, number) in enumerate(pairwise(words)):
        if word == "per" and (number == "capita" or isinstance(number, float)):
            divisor = 1.0 if isinstance(number, str) else number
            return (divisor, index + 2) if divisor.is_integer() and divisor >= 1 else None
    return None


def whole_after_number(words: list[Word]) -> Named:
    """Return the whole that follows the number of a rate; None where the rate names none."""
    rest = [word for word in words if word not in ("of", "the")]
    for index, word in enumerate(rest):
        if word in _OF_A_WHOLE:
            continue
        if index == 0 and (word in _LINKS or word == "per"):
            return None
        spans = rest[index + 1 : index + 2]
        return "other" if spans and spans[0] in _SPANS else (_whole_of(word) or "other")
    return "other" if rest else None


def whole_of_share(words: list[Word]) -> Named:
    """Return the whole that is named after the word for a share, else the first one named."""
    shares = [index for index, word in enumerate(words) if word in SHARE]
    after = words[shares[0] + 1 :] if shares else words
    return _first_whole(after) or _first_whole(words)


def _first_whole(words: list[Word]) -> Named:
    return next((whole for whole in map(_whole_of, words) if whole is not None), None)


def _whole_of(word: Word) -> Named:
    if word in _VISITS:
        return "visits"
    if word in _POPULATION:
        return "population"
    return "other" if word in _OTHER else None
