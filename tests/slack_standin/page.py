"""What the workspace shows, as one page rendered here: type, press, fill in, look. For trying the bot by hand.

Blocks are drawn as Slack draws them, near enough to judge an answer by: sections, context, headers, pictures, buttons,
modals and the App Home. mrkdwn is shown as far as krab uses it.
"""

from __future__ import annotations

import asyncio
import html
import re
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.slack_standin.people import buttons
from tests.slack_standin.server import SlackStandIn
from tests.slack_standin.workspace import BOT_USER, Message

Json = dict[str, Any]
SETTLE = 1.5  # seconds that the page waits for what an act brings about

STYLE = """
body{margin:0;font:15px/1.47 Lato,"Helvetica Neue",Arial,"Noto Sans","Noto Color Emoji",sans-serif;color:#1d1c1d;
 display:grid;grid-template-columns:190px 1fr;min-height:100vh}
nav{background:#4a154b;color:#fff;padding:16px 0}nav b{padding:0 16px;display:block;margin-bottom:10px}
nav a{display:block;color:#e5d5e5;text-decoration:none;padding:3px 16px}nav a.on{background:#1164a3;color:#fff}
main{padding:14px 22px;max-width:720px}.m{display:grid;grid-template-columns:40px 1fr;gap:10px;padding:7px 0}
.a{width:38px;height:38px;border-radius:8px;background:#b55d3c;color:#fff;display:grid;place-items:center;
 font-weight:700}
.a.u{background:#3c7db5}.t{margin-left:30px;border-left:3px solid #eee;padding-left:14px}
.n{font-weight:900}.n i{font-weight:400;font-style:normal;color:#616061;font-size:12px;margin-left:6px}
.n em{background:#eee;color:#616061;font-size:10px;font-style:normal;padding:1px 4px;border-radius:3px;
 margin-left:5px}
.s{margin:4px 0;white-space:pre-line}.c{font-size:13px;color:#616061;margin:5px 0;white-space:pre-line}
.h{font-size:18px;font-weight:900;margin:8px 0 4px}hr{border:0;border-top:1px solid #ddd;margin:12px 0}
code{background:#f6f6f6;border:1px solid #ddd;border-radius:3px;color:#c01343;padding:1px 3px;font-size:12px}
a{color:#1264a3;text-decoration:none}form.b{display:inline}
button{background:#fff;border:1px solid #bbb;border-radius:4px;padding:5px 11px;font-weight:700;font-size:13px;
 margin:3px 5px 3px 0;color:#1d1c1d}button.danger{border-color:#e01e5a;color:#e01e5a}
button.th{border:0;padding:2px 8px;color:#616061;font-weight:400}
.only{background:#fdf6f2}.only>div:last-child:before{content:"Only visible to you";font-size:12px;color:#616061;
 display:block}
img{max-width:480px;display:block;border-radius:6px;border:1px solid #ddd}
 .w{color:#616061;font-style:italic;font-size:13px}
.modal{border:1px solid #aaa;border-radius:10px;box-shadow:0 4px 20px #0003;padding:16px 22px;margin:14px 0;
 max-width:480px}
label{display:block;font-weight:700;margin:10px 0 3px}.o{font-weight:400;margin:2px 0}
 .hint{color:#616061;font-size:12px}
input[type=text],textarea,select{width:100%;box-sizing:border-box;padding:7px;border:1px solid #aaa;
 border-radius:4px;
 font:inherit}
"""


def mount(app: web.Application, slack: SlackStandIn) -> None:
    """Add the page to a web application."""
    page = Page(slack)
    app.router.add_get("/", page.show)
    app.router.add_get("/file/{id}", page.file)
    for name, take in (("say", page.say), ("press", page.press), ("submit", page.submit)):
        app.router.add_post(f"/{name}", take)


class Page:
    """Draws the workspace, and does what is done on the page."""

    def __init__(self, slack: SlackStandIn) -> None:
        self._slack = slack

    async def show(self, request: web.Request) -> web.Response:
        """A channel, or somebody's App Home."""
        where, user = request.query.get("in", "C1"), request.query.get("as", "UANN")
        if where == "home":
            self._slack.hands.home(user)
            await asyncio.sleep(SETTLE / 3)
            body = self._home(user)
        else:
            body = self._channel(where, user)
        modals = "".join(self._modal(view, where) for view in self._slack.workspace.modals if view["user"] == user)
        text = f"<!doctype html><meta charset=utf-8><title>Slack stand-in</title><style>{STYLE}</style>"
        return web.Response(text=f"{text}{self._nav(where, user)}<main>{modals}{body}</main>", content_type="text/html")

    async def say(self, request: web.Request) -> web.Response:
        """A message, or a command when it begins with one."""
        told = {name: str(value) for name, value in (await request.post()).items()}
        text, where, user = told["text"].strip(), told["in"], told["as"]
        if text.startswith("/krab"):
            self._slack.hands.command(text.removeprefix("/krab").strip(), where, user=user)
        elif text:
            text = text.replace("@krab", f"<@{BOT_USER}>")
            await self._slack.say(text, where, user=user, thread=told.get("thread", ""))
        return await self._back(where, user)

    async def press(self, request: web.Request) -> web.Response:
        """A button."""
        told = {name: str(value) for name, value in (await request.post()).items()}
        where, user = told["in"], told["as"]
        message = next((m for m in self._slack.transcript if m.ts == told["message"]), None)
        if message is not None and told["label"] == "Ask krab about this":
            self._slack.hands.shortcut(message, user=user)
        elif message is not None or user in self._slack.workspace.homes:
            self._slack.hands.press(message or self._slack.workspace.homes[user], told["label"], user=user)
        return await self._back(where, user)

    async def submit(self, request: web.Request) -> web.Response:
        """A form."""
        posted = await request.post()
        view = next(v for v in self._slack.workspace.modals if v["id"] == posted["view"])
        kinds = {b["block_id"]: b["element"]["type"] for b in view["blocks"] if b["type"] == "input"}
        values: dict[str, str | list[str]] = {}
        for name, kind in kinds.items():
            several = [str(value) for value in posted.getall(f"f:{name}", [])]
            if kind in ("checkboxes", "multi_static_select"):
                values[name] = several
            elif several:
                values[name] = several[0]
        self._slack.hands.submit(view, **values)
        return await self._back(str(posted["in"]), str(view["user"]))

    async def file(self, request: web.Request) -> web.Response:
        """An uploaded picture."""
        file = self._slack.workspace.files.get(request.match_info["id"])
        return web.Response(body=file.content if file else b"", content_type="image/png")

    async def _back(self, where: str, user: str) -> web.Response:
        await asyncio.sleep(SETTLE)
        raise web.HTTPSeeOther(f"/?{urlencode({'in': where, 'as': user})}")

    def _nav(self, where: str, user: str) -> str:
        names = {c.id: f"# {c.name or c.id.lower()}" for c in self._slack.workspace.channels.values() if c.kind != "im"}
        places = {"home": "krab: Home", self._slack.workspace.direct(user).id: "krab: Messages", **names}
        links = [_link(name, {"in": id_, "as": user}, on=id_ == where) for id_, name in places.items()]
        people = [
            _link(person.name, {"in": where, "as": person.id}, on=person.id == user)
            for person in self._slack.workspace.people.values()
        ]
        return f"<nav><b>Pond</b>{''.join(links)}<br><b>I am</b>{''.join(people)}</nav>"

    def _channel(self, where: str, user: str) -> str:
        seen = [m for m in self._slack.transcript if m.channel == where and m.only in ("", user)]
        roots = [m for m in seen if not m.thread]
        drawn = []
        for root in roots:
            under = [m for m in seen if m.thread == root.ts]
            status = next((s for c, t, s in reversed(self._slack.workspace.statuses) if (c, t) == (where, root.ts)), "")
            waiting = f"<p class=w>krab {html.escape(status)}</p>" if status else ""
            replies = "".join(self._message(m, where, user) for m in under)
            field = _composer(where, user, root.ts, "Reply…") if under else ""
            drawn.append(f"{self._message(root, where, user)}<div class=t>{replies}{waiting}{field}</div>")
        return "".join(drawn) + _composer(where, user, "", "Message, @krab …, or /krab …")

    def _message(self, message: Message, where: str, user: str) -> str:
        own = message.user == BOT_USER
        name = "krab" if own else self._slack.workspace.people[message.user].name
        body = (
            _blocks(message.blocks, message.ts, where, user)
            if message.blocks
            else f"<div class=s>{mrkdwn(message.text)}</div>"
        )
        app = "<em>APP</em>" if own else ""
        ask = "" if own else _button("Ask krab about this", message.ts, where, user, "th")
        face = f"<div class='a{'' if own else ' u'}'>{name[0].upper()}</div>"
        only = " only" if message.only else ""
        return f"<div class='m{only}'>{face}<div><div class=n>{name}{app}{ask}</div>{body}</div></div>"

    def _home(self, user: str) -> str:
        view = self._slack.workspace.homes.get(user)
        return _blocks(view["blocks"], "", "home", user) if view else "<p class=w>Nothing was published yet.</p>"

    def _modal(self, view: Json, where: str) -> str:
        fields = "".join(
            _field(b) if b["type"] == "input" else _block(b, "", where, view["user"]) for b in view["blocks"]
        )
        hidden = _hidden({"view": view["id"], "in": where})
        title, submit = html.escape(view["title"]["text"]), html.escape(view["submit"]["text"])
        send = f"<p><button>{submit}</button></p>"
        return f"<form class=modal method=post action=/submit><div class=h>{title}</div>{hidden}{fields}{send}</form>"


def _blocks(blocks: list[Json], ts: str, where: str, user: str) -> str:
    return "".join(_block(block, ts, where, user) for block in blocks)


def _block(block: Json, ts: str, where: str, user: str) -> str:
    kind = block["type"]
    if kind == "section":
        return f"<div class=s>{_text(block['text'])}</div>"
    if kind == "context":
        return f"<div class=c>{' '.join(map(_text, block['elements']))}</div>"
    if kind == "header":
        return f"<div class=h>{_text(block['text'])}</div>"
    if kind == "divider":
        return "<hr>"
    if kind == "image":
        return f"<img src='/file/{block['slack_file']['id']}' alt='{html.escape(block['alt_text'], quote=True)}'>"
    made = []
    for _, element, chosen in buttons([block]):
        style = "th" if element["type"] == "feedback_buttons" else element.get("style", "")
        sign = {"Helpful": "▲ ", "Not helpful": "▼ "}.get(chosen["text"]["text"], "") if style == "th" else ""
        made.append(_button(chosen["text"]["text"], ts, where, user, style, sign))
    return f"<div>{''.join(made)}</div>"


def _button(label: str, ts: str, where: str, user: str, style: str = "", sign: str = "") -> str:
    hidden = _hidden({"message": ts, "in": where, "as": user, "label": label})
    shown = f"<button class='{style}'>{sign}{html.escape(label)}</button>"
    return f"<form class=b method=post action=/press>{hidden}{shown}</form>"


def _composer(where: str, user: str, thread: str, hint: str) -> str:
    hidden = _hidden({"in": where, "as": user, "thread": thread})
    field = f"<input type=text name=text placeholder='{hint}' autocomplete=off>"
    return f"<form method=post action=/say>{hidden}{field}</form>"


def _field(block: Json) -> str:
    element, name = block["element"], html.escape(f"f:{block['block_id']}", quote=True)
    label = f"<label>{html.escape(block['label']['text'])}</label>"
    hint = f"<div class=hint>{html.escape(block['hint']['text'])}</div>" if "hint" in block else ""
    if element["type"] == "plain_text_input":
        first = html.escape(element.get("initial_value", ""), quote=True)
        return f"{label}<input type=text name='{name}' value='{first}'>{hint}"
    chosen = [o["value"] for o in [*element.get("initial_options", []), *filter(None, [element.get("initial_option")])]]
    if "select" in element["type"]:
        options = "".join(
            f"<option value='{html.escape(o['value'], quote=True)}'{' selected' if o['value'] in chosen else ''}>"
            f"{html.escape(o['text']['text'])}</option>"
            for o in element["options"]
        )
        many = " multiple" if element["type"].startswith("multi") else ""
        return f"{label}<select name='{name}'{many}>{options}</select>{hint}"
    sort = "radio" if element["type"] == "radio_buttons" else "checkbox"
    options = "".join(
        f"<div class=o><input type={sort} name='{name}' value='{html.escape(o['value'], quote=True)}'"
        f"{' checked' if o['value'] in chosen else ''}> {html.escape(o['text']['text'])}</div>"
        for o in element["options"]
    )
    return f"{label}{options}{hint}"


def _hidden(values: dict[str, str]) -> str:
    return "".join(f"<input type=hidden name='{k}' value='{html.escape(v, quote=True)}'>" for k, v in values.items())


def _link(name: str, query: dict[str, str], *, on: bool) -> str:
    return f"<a href='/?{urlencode(query)}' class='{'on' if on else ''}'>{html.escape(name)}</a>"


def _text(value: Json) -> str:
    return mrkdwn(value["text"]) if value["type"] == "mrkdwn" else html.escape(value["text"])


_LINK = re.compile(r"<(https?://[^<>|]*)\|([^<>]*)>")
_CODE = re.compile(r"`([^`\n]+)`")
_BOLD = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")


def mrkdwn(text: str) -> str:
    """Slack's markup as HTML: it comes escaped, so nothing but what is ours becomes markup."""
    kept: list[str] = []

    def keep(markup: str) -> str:
        kept.append(markup)
        return f"\x00{len(kept) - 1}\x00"

    text = _CODE.sub(lambda m: keep(f"<code>{m[1]}</code>"), text)
    text = _LINK.sub(lambda m: keep(f"<a href='{html.escape(m[1], quote=True)}'>{m[2]}</a>"), text)
    text = re.sub(r"<@(\w+)>", lambda m: keep(f"<b>@{'krab' if m[1] == BOT_USER else m[1]}</b>"), text)
    text = _BOLD.sub(r"<b>\1</b>", text.replace("<", "&lt;").replace(">", "&gt;"))
    while "\x00" in text:
        text = re.sub(r"\x00(\d+)\x00", lambda m: kept[int(m[1])], text)
    return text
