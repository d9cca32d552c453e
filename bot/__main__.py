"""The command line. Light to import: what a command needs is imported when it runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module, metadata

USAGE_ERROR, FAILED = 2, 1
_MODULES = {"import": "read", "eval": "evaluate"}  # where a command's name can't be a module's
_PATHS = "mbox (.gz, .xz too), maildir, .eml, public-inbox epoch or bundle, posts .jsonl, or a directory of these"
_ACTIONS = {
    "pause": "ask it no more; what it brought stays",
    "resume": "ask it again",
    "remove": "ask it no more, and forget what only it has brought",
    "poll": "have the krab that serves ask it now",
}
DESCRIPTION = "Answers questions about Rust in the Linux kernel, with a citation behind every sentence."
EPILOG = """start here:
  krab ask "When did Rust support land in the kernel?"
  krab import mail.mbox.xz        read an archive of your own
  krab serve                      web page on 127.0.0.1:8080, chat adapters, pollers

--data DIR (or KRAB_DATA) is where krab keeps what it has read; --config FILE (or KRAB_CONFIG) is a TOML
file, by default DIR/krab.toml. Exit status: 0 done, 1 failed (one line says why), 2 wrong usage."""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data", metavar="DIR", default=argparse.SUPPRESS, help="data directory (KRAB_DATA)")
    shared.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="TOML file (KRAB_CONFIG)")
    top = argparse.ArgumentParser(
        "krab",
        description=DESCRIPTION,
        epilog=EPILOG,
        parents=[shared],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"krab {metadata.version('krab')}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str, *, json: bool = False) -> argparse.ArgumentParser:
        about = f"{summary[0].upper()}{summary[1:]}."
        added = commands.add_parser(name, help=summary, description=about, parents=[shared])
        if json:
            added.add_argument("--json", action="store_true", help="print JSON on stdout, and nothing else there")
        return added

    read = command("import", "read mail and posts from files into the index", json=True)
    read.add_argument("paths", nargs="+", metavar="PATH", help=_PATHS)
    read.add_argument("--list", metavar="NAME", default="", help="which list the mail is from")
    poll = command("poll", "poll sources once, now", json=True)
    poll.add_argument("sources", nargs="*", metavar="SOURCE", help="names of sources; all when none is given")
    ask = command("ask", "answer a question, or every question of a file", json=True)
    ask.add_argument("question", nargs="*", metavar="QUESTION", help="the question; without one, a prompt")
    ask.add_argument("--as-of", metavar="DATE", default="", help="use only what was written until then (YYYY-MM-DD)")
    ask.add_argument(
        "--batch", metavar="FILE", default="", help="JSON lines with id, question, followup_of; - is stdin"
    )
    command("chat", "talk with krab here as in a chat; commands begin with /, for example /help")
    search = command("search", "show the passages that match best, and why", json=True)
    search.add_argument("query", nargs="+", metavar="QUERY")
    search.add_argument("-k", type=_positive, default=10, metavar="N", help="how many (10)")
    series = command("series", "show a patch series: versions, reviews, who applied it where", json=True)
    series.add_argument("words", nargs="+", metavar="WORDS", help="words of its title, or a Message-ID")
    digest = command("digest", "tell what happened in a week, or since some day", json=True)
    digest.add_argument("--week", metavar="WEEK", default="", help="a week as 2025-W28; the last one when absent")
    digest.add_argument("--since", metavar="DAY", nargs="+", default=[], help='"thursday", 2025-07-08, "3 days"')
    digest.add_argument("--topic", metavar="TOPIC", action="append", default=[], help="an area, list, file, author:…")
    digest.add_argument("--short", action="store_true", help="as short as in a chat")
    digest.add_argument("--markdown", action="store_true", help="Markdown instead of plain text")
    digest.add_argument("--correct", action="store_true", help="compose a published week anew, and edit what was sent")
    digest.add_argument("--chart", metavar="FILE", default="", help="draw the week's chart too: .svg or .png")
    command("sources", "show every source: state, last success, lag, error, next poll", json=True)
    _source(command)
    _note(command)
    audit = command("audit", "show who added, paused, removed, reindexed or changed what", json=True)
    audit.add_argument("-n", type=_positive, default=50, metavar="N", help="how many (50)")
    command("status", "show how much was read, up to when, and by which embedder", json=True)
    reindex = command("reindex", "cut and embed everything anew beside the live index, then swap", json=True)
    reindex.add_argument("sources", nargs="*", metavar="SOURCE", help="poll these from their beginning first")
    instead = reindex.add_mutually_exclusive_group()
    instead.add_argument("--rollback", action="store_true", help="go back to the index before the last reindex")
    instead.add_argument("--cancel", action="store_true", help="give up a reindex that is under way or interrupted")
    command("verify", "check that every quote ever cited stands in its source", json=True)
    evaluate = command("eval", "score a file of questions with known answers", json=True)
    evaluate.add_argument("file", metavar="FILE")
    evaluate.add_argument("--misses", action="store_true", help="print the questions that went wrong, sort by sort")
    evaluate.add_argument("--against", metavar="FILE", help="compare with what an earlier `krab eval --json` printed")
    backup = command("backup", "write everything that can't be made again into one file", json=True)
    backup.add_argument("target", metavar="PATH", help="a file, or a directory to put one into")
    restore = command("restore", "bring a backup back; one of an older krab is migrated", json=True)
    restore.add_argument("file", metavar="FILE")
    restore.add_argument("--force", action="store_true", help="put what is in the data directory aside")
    migrate = command("migrate", "move everything to PostgreSQL, or back to files, while krab serves", json=True)
    migrate.add_argument("--to", metavar="URL", required=True, help="postgresql://user@host/database or sqlite:///DIR")
    forget = command("forget", "delete what is kept of a person", json=True)
    forget.add_argument("person", metavar="SERVICE:USER", help="slack:U0123 or matrix:@ada:example.org")
    command("serve", "serve the web page, the chat adapters that are configured, and the pollers")
    matrix = command("matrix", "show krab's recovery key once, or give its account a new identity")
    matrix.add_argument("action", choices=["recovery-key", "reset-identity"])
    matrix.add_argument("--account", metavar="NAME", default="", help="one of [[matrix.accounts]]; else the first")
    matrix.add_argument("--yes", action="store_true", help="really replace the identity")
    command("doctor", "check configuration, directory, embedder and tokens, and say what to do", json=True)
    return top


def _source(command: Callable[..., argparse.ArgumentParser]) -> None:
    source = command("source", "add, pause, resume, remove or poll a source", json=True)
    actions = source.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="try a source, and keep it when it can be read")
    add.add_argument("name", metavar="NAME", help="what people type")
    add.add_argument("kind", metavar="KIND", help="lore, feed, pages, notes or archive")
    add.add_argument("url", metavar="URL")
    add.add_argument(
        "--every", default="", metavar="SPAN", help="how often it is asked (15m, 1h30m); adaptive if absent"
    )
    add.add_argument("--filter", default="all", choices=("all", "relevant"), help="keep all, or what is on the subject")
    add.add_argument("--private", action="append", default=[], metavar="CHANNEL", help="who may be told: slack:C0123*")
    for name, summary in _ACTIONS.items():
        actions.add_parser(name, help=summary).add_argument("name", metavar="NAME")


def _note(command: Callable[..., argparse.ArgumentParser]) -> None:
    note = command("note", "write, list, show or remove notes of your own", json=True)
    actions = note.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="keep a note, and answer from it")
    add.add_argument("title", metavar="TITLE", help="put it the way people ask")
    add.add_argument("--text", default="", help="the answer in Markdown; otherwise it is read from stdin")
    add.add_argument("--source", action="append", default=[], metavar="URL", help="where its facts are from")
    add.add_argument("--tag", action="append", default=[], metavar="WORD")
    add.add_argument("--ask", action="append", default=[], metavar="QUESTION", help="another way to ask it")
    actions.add_parser("list", help="list them")
    for name, summary in {"show": "show one", "remove": "remove one; its words stay beside"}.items():
        actions.add_parser(name, help=summary).add_argument("name", metavar="NAME")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    options = parser().parse_args(argv)
    os.umask(0o077)  # what krab writes is for its own user
    from bot.settings import SettingsError, load

    try:
        settings = load(os.environ, data=getattr(options, "data", ""), config=getattr(options, "config", ""))
    except SettingsError as error:
        return _fail(str(error), USAGE_ERROR)
    from bot.errors import CommandError, translated

    module = import_module(f"bot.commands.{_MODULES.get(options.command, options.command)}")
    try:
        with translated():
            status: int = module.run(options, settings)
            sys.stdout.flush()
    except CommandError as error:
        return _fail(str(error), error.status)
    except BrokenPipeError:
        # The reader of our output has gone, which is fine; what is left must go somewhere at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _fail("interrupted; nothing is lost, run it again to go on", 130)
    return status


def _fail(message: str, status: int) -> int:
    print(f"krab: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
