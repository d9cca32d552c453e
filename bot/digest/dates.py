"""Dates in a few languages. What a digest says otherwise is in the language of its sources."""

from __future__ import annotations

from datetime import datetime, timedelta

_EN = "January February March April May June July August September October November December"
_MONTHS = {
    "en": _EN,
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
}
LANGUAGES = ("en", "iso", *(name for name in _MONTHS if name != "en"))


def day(when: datetime, language: str = "en", *, month: bool = True, year: bool = True) -> str:
    """Return a date: "7 July 2025", "7. Juli 2025", "2025-07-07"."""
    if language == "iso":
        return when.date().isoformat()
    name = _MONTHS.get(language, _EN).split()[when.month - 1]
    stop = "." if language == "de" else ""
    of = " de" if language in ("es", "pt") else ""
    return f"{when.day}{stop}{f'{of} {name}' if month else ''}{f'{of} {when.year}' if year else ''}"


def span(begin: datetime, end: datetime, language: str = "en") -> str:
    """Return the days from ``begin`` to just before ``end``: "7–13 July 2025"."""
    last = end - timedelta(microseconds=1)
    if begin.date() == last.date():
        return day(last, language)
    if language == "iso":
        return f"{day(begin, language)} to {day(last, language)}"
    same_year, same_month = begin.year == last.year, (begin.year, begin.month) == (last.year, last.month)
    dash = "–" if same_month else " – "
    return f"{day(begin, language, month=not same_month, year=not same_year)}{dash}{day(last, language)}"
