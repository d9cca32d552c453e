"""The digest of a week: what happened, out of observed events and people's own words alone.

    collect (reads the index) ─▶ Material ─▶ compose ─▶ Digest ─▶ card ─▶ chat, web page, Markdown, plain text
                                                               └▶ krab digest --json

Everything behind ``collect`` is a pure function. Whatever is said rests on a citation (``Cited``): words of
a part, verbatim, and its address; what krab says itself is counts, dates and names of these.
"""
