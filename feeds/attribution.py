"""Who is about to be quoted: the lines mailers put before a quote, in the languages they speak.

An attribution is one to four lines right above quoted text, ending in a verb of saying or in a
colon after a name, a date or an address. It belongs to the quote. Beginnings of a whole quoted mail
("-----Original Message-----", a copied header) are found here too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LINES_MAX = 4
LENGTH_MAX = 400
GAP_MAX = 6
CUT = re.compile(
    r"\s*(?:[<\[(]?\s*(?:\.{2,}|…|snip|cut|trimmed|skip|zap|…)[^\n]{0,24}|<[^<>@]{1,30}>|\[[^\[\]@]{1,20}\])\s*$", re.I
)

SAID = (
    r"wrote|writes|said|says|write|typed|scribbled|mumbled|schrieb(?:en)?|geschrieben|a écrit|écrit|escribi[oó]|"
    r"escreveu|"
    r"ha scritto|scrisse|scrive|skrev|schreef|kirjoitti|napisał\(?a?\)?|napisał|pisze|napsala?\(?a?\)?|napísala?|"
    r"írta|a scris|написала?|пишет|пише|yazdı|写道|写道：|のメール|さんは書きました|작성"
)
AFTER = r"(?:\s+(?:the following|in message \S+|on [^:]*|at [^:]*|:))?\s*[:：﹕,.]*\s*(?:\.\.\.|…)?$"
WROTE = re.compile(rf"(?:\b|\W)(?:{SAID}){AFTER}", re.I)
# German and Polish put the name after the verb.
SAID_BEFORE = re.compile(r"\b(?:schrieb|napisał\(?a?\)?|pisze|skrev)\s+[^:]{2,80}:$", re.I)
DATED = re.compile(r"\b(?:\d{1,2}[:.h]\d{2}|(?:19|20)\d{2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4})\b|\d{4}年", re.I)
ADDRESS = re.compile(r"<?[\w.+-]+@[\w.-]+>?|<[^<>\s]*(?:mailto:|@)[^<>]*>")
NAMED = re.compile(
    r"^(?:Quoting|Excerpts from|Quoth|From|In message|In reply to|Also sprach|Thus spake|Re:|\*+) .*[:：]$"
    r"|^Quoting .+ \(\d{4}-.*\)",
    re.I,
)
OPENS = re.compile(
    r"^(?:On|At|In|Le|Am|Em|El|Il|Den|Op|Dne|W dniu|Dnia|Quoting|Excerpts|From|Hi|Hello|Quoth|Also|Thus|\*+|"
    r"[A-Z][a-z]{2},? |\d{4}|(?:пн|вт|ср|чт|пт|сб|вс)\b|['\"“]?[A-Z<])"
)
DAY_FIRST = re.compile(r"^(?:On|At|Le|Am|El|Em|Il|Den|Op|Dne|In|\*|\d{4}[-年/])")
ENDS = (":", "：", "﹕", ")", "道", "...", "…", "wrote", "wrote,", "wrote.", "writes")

ORIGINAL = re.compile(
    r"^\s*(?:-{2,}\s*(?:Original|Forwarded|Ursprüngliche|Message d'origine|Mensaje original|Mensagem original)?\s*"
    r"(?:[Mm]essage|Nachricht|[Aa]ppointment|transféré|original)[^-]*-{2,}|Begin forwarded message:)\s*$"
)
COPIED = re.compile(r"^\*?(?:From|Von|De|Da|Od|Van|От|发件人|差出人)\*?\s?[:：]\*?\s*\S")
COPIED_REST = re.compile(
    r"^\*?(?:Sent|Date|To|Cc|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Fecha|Para|Asunto|Inviato|Oggetto|发送时间|收件人|主题)\*?\s?[:：]"
)


def start(lines: Sequence[str], quote: int, taken: Sequence[object]) -> int:
    """Where the attribution above the quote at ``quote`` begins (``quote``: there is none).

    ``taken`` says of each line whether it already has another role.
    """
    last = quote - 1
    while last >= 0 and quote - last <= GAP_MAX and (not lines[last].strip() or _cut(lines, last, taken)):
        last -= 1
    if last < 0 or taken[last] is not None or not lines[last].rstrip().endswith(ENDS):
        return quote
    for first in range(last, max(-1, last - LINES_MAX), -1):
        if taken[first] is not None or not lines[first].strip():
            break
        if _attributes(" ".join(line.strip() for line in lines[first : last + 1])):
            return _whole(lines, first, taken)
    return quote


def _cut(lines: Sequence[str], at: int, taken: Sequence[object]) -> bool:
    return taken[at] is None and bool(CUT.match(lines[at]))


def alone(line: str) -> bool:
    """Whether ``line`` is an attribution even where no quote marks follow: verb, date or address, colon."""
    return (
        len(line) < LENGTH_MAX
        and line.rstrip().endswith((":", "："))
        and bool(line.startswith(("On ", "Le ", "Am ", "El ", "Em ")) and WROTE.search(line) and DATED.search(line))
    )


def copied_header(lines: Sequence[str], at: int) -> int:
    """Where a copied mail header that begins at ``at`` ends (``at``: none begins there)."""
    if not COPIED.match(lines[at].lstrip()):
        return at
    last = at + 1
    while last < min(len(lines), at + 12) and lines[last].strip():
        last += 1
    rest = sum(bool(COPIED_REST.match(line.lstrip())) for line in lines[at + 1 : last])
    return last if rest >= 2 else at


def _attributes(text: str) -> bool:
    """Whether one joined line names who said the quote."""
    if len(text) > LENGTH_MAX:
        return False
    if WROTE.search(text[-80:]) or SAID_BEFORE.search(text):
        return bool(OPENS.match(text)) and (text.endswith((":", "：", "...", "…")) or bool(DATED.search(text)))
    if NAMED.match(text):
        return bool(DATED.search(text) or ADDRESS.search(text))
    return text.endswith((":", "：")) and bool(DATED.search(text) and ADDRESS.search(text))


def _whole(lines: Sequence[str], first: int, taken: Sequence[object]) -> int:
    """Further up to the line with the date, where the part found so far has none ("On Monday,\\n Ann wrote:")."""
    for above in range(first - 1, max(-1, first - LINES_MAX), -1):
        if taken[above] is not None or not lines[above].strip():
            break
        joined = " ".join(line.strip() for line in lines[above : first + 1])
        if DAY_FIRST.match(joined) and DATED.search(joined):
            return above
    return first
