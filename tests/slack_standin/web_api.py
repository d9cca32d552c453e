"""The Web API's methods over a workspace: a call's arguments in, Slack's JSON out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.slack_standin.rules import METHODS, argument_errors, blocks_error, text_error
from tests.slack_standin.workspace import APP_ID, BOT_ID, BOT_USER, TEAM, Channel, Message, Workspace

Json = dict[str, Any]


class Refused(Exception):
    """An answer with ``ok: false``."""

    def __init__(self, error: str, **more: object) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **more}


def call(workspace: Workspace, name: str, token: str, arguments: Json) -> Json:
    """Answer a call as Slack would."""
    try:
        method = METHODS.get(name)
        if method is None:
            # https://docs.slack.dev/apis/web-api: unknown methods are answered so
            raise Refused("unknown_method", req_method=name)
        if method.token != "none":
            _authorize(workspace, token, method.token, method.scopes)
        if problems := argument_errors(method, arguments):
            raise Refused("invalid_arguments", response_metadata={"messages": problems})
        do = _DO.get(name)
        return {"ok": True, **(do(workspace, arguments) if do else {})}
    except Refused as refused:
        return refused.answer


def _authorize(workspace: Workspace, token: str, kind: str, scopes: tuple[str, ...]) -> None:
    # the errors of https://docs.slack.dev/reference/methods/auth.test
    app = workspace.app
    if not token:
        raise Refused("not_authed")
    if token in workspace.revoked:
        raise Refused(workspace.revoked[token])
    if token not in (app.bot_token, app.app_token):
        raise Refused("invalid_auth")
    if token != {"bot": app.bot_token, "app": app.app_token}[kind]:
        raise Refused("not_allowed_token_type")
    granted = app.scopes if kind == "bot" else frozenset({"connections:write"})
    if scopes and not granted.intersection(scopes):
        raise Refused("missing_scope", needed=",".join(scopes), provided=",".join(sorted(granted)))


def _channel(workspace: Workspace, arguments: Json, name: str = "channel") -> Channel:
    channel = workspace.channels.get(str(arguments[name]))
    if channel is None or (channel.kind == "group" and not channel.member):
        raise Refused("channel_not_found")
    if channel.archived:
        raise Refused("is_archived")
    return channel


def _content(workspace: Workspace, arguments: Json) -> None:
    text, blocks = arguments.get("text"), arguments.get("blocks")
    if error := text_error(text, blocks):
        raise Refused(error)
    if blocks not in (None, []):
        error, messages = ("invalid_blocks", []) if workspace.blocks_refused else blocks_error(blocks)
        if error:
            raise Refused(error, errors=messages, response_metadata={"messages": messages})


def _thread(workspace: Workspace, channel: str, thread: str, error: str) -> str:
    """A thread is named by its root. Stricter than Slack, which advises against a reply's ts."""
    root = workspace.find(channel, thread)
    if root is None or root.thread:
        raise Refused(error)
    return thread


def _post(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/chat.postMessage
    channel = _channel(workspace, arguments)
    if not channel.member:
        raise Refused("not_in_channel")
    _content(workspace, arguments)
    thread = str(arguments.get("thread_ts") or "")
    if thread:
        _thread(workspace, channel.id, thread, "cannot_reply_to_message")
        _clear_status(workspace, channel.id, thread)
    text, blocks = str(arguments.get("text") or ""), arguments.get("blocks") or []
    message = Message(channel.id, workspace.new_ts(), BOT_USER, text, thread, blocks, arguments=arguments)
    workspace.write(message)
    return {"channel": channel.id, "ts": message.ts, "message": {"text": text, "bot_id": BOT_ID, "ts": message.ts}}


def _update(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/chat.update
    channel = _channel(workspace, arguments)
    message = workspace.find(channel.id, str(arguments["ts"]))
    if message is None:
        raise Refused("message_not_found")
    if message.user != BOT_USER:
        raise Refused("cant_update_message")
    _content(workspace, arguments)
    message.text, message.blocks = str(arguments.get("text") or ""), arguments.get("blocks") or []
    message.edits, message.arguments = message.edits + 1, arguments
    return {"channel": channel.id, "ts": message.ts, "text": message.text}


def _delete(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/chat.delete
    message = workspace.find(_channel(workspace, arguments).id, str(arguments["ts"]))
    if message is None:
        raise Refused("message_not_found")
    if message.user != BOT_USER:
        raise Refused("cant_delete_message")
    workspace.transcript.remove(message)
    return {"channel": message.channel, "ts": message.ts}


def _ephemeral(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/chat.postEphemeral
    if not _channel(workspace, arguments).member:
        raise Refused("user_not_in_channel")
    _content(workspace, arguments)
    return {"message_ts": workspace.new_ts()}


def _status(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/assistant.threads.setStatus
    channel = _channel(workspace, arguments, "channel_id")
    thread = _thread(workspace, channel.id, str(arguments["thread_ts"]), "invalid_thread_ts")
    workspace.statuses.append((channel.id, thread, str(arguments["status"])))
    return {}


def _clear_status(workspace: Workspace, channel: str, thread: str) -> None:
    """A status goes when the app writes in the thread."""
    if any((c, t) == (channel, thread) for c, t, _ in workspace.statuses):
        workspace.statuses.append((channel, thread, ""))


def _react(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/reactions.add
    channel, ts = _channel(workspace, arguments).id, str(arguments["timestamp"])
    if workspace.find(channel, ts) is None:
        raise Refused("message_not_found")
    if (channel, ts, arguments["name"]) in workspace.reactions:
        raise Refused("already_reacted")
    workspace.reactions.append((channel, ts, str(arguments["name"])))
    return {}


def _who(_: Workspace, __: Json) -> Json:
    # https://docs.slack.dev/reference/methods/auth.test
    own = {"user": "krab", "user_id": BOT_USER, "bot_id": BOT_ID, "app_id": APP_ID}
    return {
        **own,
        "team": "Pond",
        "team_id": TEAM,
        "url": "https://pond.slack.example/",
        "is_enterprise_install": False,
    }


def _user(_: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/users.info
    if not str(arguments["user"]).startswith(("U", "W")):
        raise Refused("user_not_found")
    return {"user": {"id": arguments["user"], "name": str(arguments["user"]).lower(), "is_bot": False}}


def _info(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/conversations.info
    channel = _channel(workspace, arguments)
    kinds = {f"is_{kind}": channel.kind == kind for kind in ("channel", "group", "im", "mpim")}
    return {"channel": {"id": channel.id, "is_member": channel.member, "is_archived": channel.archived, **kinds}}


_DO: dict[str, Callable[[Workspace, Json], Json]] = {
    "auth.test": _who,
    "chat.postMessage": _post,
    "chat.postEphemeral": _ephemeral,
    "chat.update": _update,
    "chat.delete": _delete,
    "reactions.add": _react,
    "users.info": _user,
    "conversations.info": _info,
    "assistant.threads.setStatus": _status,
}
