"""What ``State`` says to its database: migrations, which only go forward, and statements."""

from __future__ import annotations

MIGRATIONS = (
    """
    CREATE TABLE asked (
        service  TEXT NOT NULL,
        key      TEXT NOT NULL,
        channel  TEXT NOT NULL,
        thread   TEXT NOT NULL,
        "user"   TEXT NOT NULL,
        text     TEXT NOT NULL,
        status   TEXT NOT NULL,  -- 'claimed' until it is finished as 'answered', 'helped', 'failed' …
        owner    TEXT NOT NULL,  -- the process that works on it
        tries    INTEGER NOT NULL,
        created  REAL NOT NULL,
        finished REAL,
        answer   TEXT,           -- JSON
        PRIMARY KEY (service, key)
    ) WITHOUT ROWID;
    CREATE INDEX asked_in_thread ON asked (service, channel, thread, created);
    CREATE INDEX asked_when ON asked (created);
    CREATE TABLE heard (
        service TEXT NOT NULL,
        channel TEXT NOT NULL,
        thread  TEXT NOT NULL,
        "user"  TEXT NOT NULL,
        last    REAL NOT NULL,
        PRIMARY KEY (service, channel, thread, "user")
    ) WITHOUT ROWID;
    CREATE INDEX heard_when ON heard (last);
    """,
    """
    ALTER TABLE asked ADD COLUMN command TEXT NOT NULL DEFAULT '';
    CREATE INDEX asked_by_user ON asked (service, "user", created)
    """,  # command is '' for a question, 'act:NAME' for a button or form
    """
    ALTER TABLE asked ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
    ALTER TABLE asked ADD COLUMN edits TEXT NOT NULL DEFAULT '';
    CREATE INDEX asked_edits ON asked (service, edits)
    """,  # outcome is an answer's own status: 'answered', 'weak' …; edits the key of the message that was replaced
    """
    ALTER TABLE asked ADD COLUMN private INTEGER NOT NULL DEFAULT 0
    """,  # whether only who asked has seen the answer
)

KEPT = ("service", "key", "channel", "thread", "user", "text", "edits")
CLAIM = """
    INSERT INTO asked (service, key, channel, thread, "user", text, command, edits, status, owner, tries, created)
    VALUES (:service, :key, :channel, :thread, :user, :text, :command, :edits, 'claimed', :owner, 1, :now)
    ON CONFLICT (service, key) DO UPDATE SET owner = :owner,
        tries = CASE WHEN asked.owner = :owner THEN asked.tries ELSE asked.tries + 1 END
    WHERE asked.status = 'claimed' AND (
        asked.owner = :owner AND asked.created = :now AND :again = 1
        OR asked.owner != :owner AND asked.tries < :tries
        AND asked.owner NOT IN (SELECT value FROM texts(:living)))
    RETURNING key
"""
FINISH = """
    UPDATE asked SET status = ?, finished = ?, answer = ?, outcome = ?, text = ?, private = ?
    WHERE service = ? AND key = ?
"""
RELEASE = "UPDATE asked SET owner = '' WHERE service = ? AND key = ? AND status = 'claimed'"
UNFINISHED = """
    SELECT service, channel, thread, key, "user", text, command, edits FROM asked
    WHERE service = ? AND status = 'claimed' AND command IN ('', 'ask') AND owner != ? AND tries < ? AND created >= ?
    AND owner NOT IN (SELECT value FROM texts(?))
    ORDER BY created
"""
REFUSED = """
    SELECT service, key, channel, thread, "user", text, created, private, answer FROM asked
    WHERE status = 'answered' AND outcome IN ('weak', 'not_found', 'out_of_scope') AND answer IS NOT NULL
    AND private = 0 AND service != 'command line' AND created >= ? ORDER BY created DESC LIMIT ?
"""
ANSWERED = """
    SELECT service, key, channel, thread, "user", text, created, private, answer FROM asked
    WHERE service = ? AND status = 'answered' AND answer IS NOT NULL
    AND (private = 0 OR "user" = ? OR 1 = ?)
"""
# What a thread is about: its answered questions, and what was looked up in it.
_ABOUT = "(status = 'answered' OR (status = 'ordered' AND command IN ('series', 'search', 'people')))"
SPOKEN = f"""
    SELECT 1 FROM asked WHERE service = ? AND channel = ? AND thread = ? AND {_ABOUT}
    AND (private = 0 OR "user" = ?) LIMIT 1
"""
RECENT = f"{ANSWERED} AND \"user\" = ? AND command NOT LIKE 'act:%' ORDER BY created DESC LIMIT ?"
EARLIER_IN_THREAD = f"""
    SELECT text FROM asked
    WHERE service = ? AND channel = ? AND thread = ? AND {_ABOUT} AND key NOT IN (?, ?) AND edits != ? AND text != ''
    AND (private = 0 OR "user" = ?)
    ORDER BY created DESC LIMIT ?
"""
ASKED = """
    SELECT text, status FROM asked
    WHERE service = ? AND "user" = ? AND (key = ? OR edits = ?) AND command IN ('', 'ask') ORDER BY created DESC LIMIT 1
"""
REPLACED = """
    UPDATE asked SET status = 'replaced'
    WHERE service = ? AND (key = ? OR edits = ?) AND key != ? AND status = 'answered'
"""
CITED = """
    SELECT service, key, answer FROM asked WHERE answer IS NOT NULL AND (service, key) > (?, ?)
    ORDER BY service, key LIMIT ?
"""
HEAR = """
    INSERT INTO heard (service, channel, thread, "user", last) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (service, channel, thread, "user") DO UPDATE SET last = excluded.last
"""
