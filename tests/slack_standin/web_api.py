"""The Web API's methods over a workspace: a call's arguments in, Slack's JSON out."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from tests.slack_standin.block_kit import view_error
from tests.slack_standin.rules import METHODS, argument_errors, blocks_error, metadata_error, text_error
from tests.slack_standin.workspace import APP_ID, BOT_ID, BOT_USER, TEAM, Channel, File, Message, Person, Workspace

Json = dict[str, Any]
HISTORY_OF = {
    "channel": "channels:history",
    "group": "groups:history",
    "im": "im:history",
    "mpim": "mpim:history",
}
READ_OF = {"channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read"}


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
        raise _lacking(scopes, granted)


def _lacking(scopes: tuple[str, ...], granted: frozenset[str]) -> Refused:
    return Refused("missing_scope", needed=",".join(scopes), provided=",".join(sorted(granted)))


def _channel(workspace: Workspace, arguments: Json, name: str = "channel") -> Channel:
    channel = workspace.channels.get(str(arguments[name]))
    if channel is None or (channel.kind == "group" and not channel.member):
        raise Refused("channel_not_found")
    if channel.archived:
        raise Refused("is_archived")
    return channel


def content(workspace: Workspace, arguments: Json) -> None:
    """Refuse what no message can hold."""
    text, blocks = arguments.get("text"), arguments.get("blocks")
    if error := text_error(text, blocks):
        raise Refused(error)
    if error := metadata_error(arguments.get("metadata")):
        raise Refused(error)
    if blocks not in (None, []):
        error, messages = ("invalid_blocks", []) if workspace.blocks_refused else blocks_error(blocks)
        if error or not all(_usable(workspace, block) for block in blocks):
            raise Refused(error or "invalid_blocks", errors=messages, response_metadata={"messages": messages})


def _usable(workspace: Workspace, block: Json) -> bool:
    """https://docs.slack.dev/reference/block-kit/composition-objects/slack-file-object: a file must be processed."""
    name = (block.get("slack_file") or {}).get("id") if block.get("type") == "image" else None
    return name is None or (name in workspace.files and workspace.files[name].ready <= time.monotonic())


def _thread(workspace: Workspace, channel: str, thread: str, error: str) -> str:
    """A thread is named by its root, which all see. Stricter than Slack, which advises against a reply's ts."""
    root = workspace.find(channel, thread)
    if root is None or root.thread or root.only:
        raise Refused(error)
    return thread


def _post(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/chat.postMessage
    channel = _channel(workspace, arguments)
    if not channel.member:
        raise Refused("not_in_channel")
    content(workspace, arguments)
    thread = str(arguments.get("thread_ts") or "")
    if thread:
        _thread(workspace, channel.id, thread, "cannot_reply_to_message")
        _clear_status(workspace, channel.id, thread)
    message = workspace.write(_message(workspace, channel.id, thread, arguments))
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": {"text": message.text, "bot_id": BOT_ID, "ts": message.ts},
    }


def _message(workspace: Workspace, channel: str, thread: str, arguments: Json, only: str = "") -> Message:
    text, blocks = str(arguments.get("text") or ""), arguments.get("blocks") or []
    made = Message(channel, workspace.new_ts(), BOT_USER, text, thread, blocks, arguments=arguments, only=only)
    made.metadata = arguments.get("metadata") or {}
    return made


def respond(workspace: Workspace, channel: str, user: str, arguments: Json) -> Message:
    """What is said through a response_url: to one person, or to all."""
    content(workspace, arguments)
    only = "" if arguments.get("response_type") == "in_channel" else user
    return workspace.write(_message(workspace, channel, str(arguments.get("thread_ts") or ""), arguments, only))


def _update(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/chat.update
    channel = _channel(workspace, arguments)
    message = workspace.find(channel.id, str(arguments["ts"]))
    if message is None or message.only:  # an ephemeral message can't be updated
        raise Refused("message_not_found")
    if message.user != BOT_USER:
        raise Refused("cant_update_message")
    content(workspace, arguments)
    message.text, message.blocks = str(arguments.get("text") or ""), arguments.get("blocks") or []
    message.edits, message.arguments = message.edits + 1, arguments
    message.metadata = arguments.get("metadata") or message.metadata
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
    channel = _channel(workspace, arguments)
    if not channel.member:
        raise Refused("not_in_channel")
    user = str(arguments["user"])
    if user not in workspace.people:
        raise Refused("user_not_in_channel")
    content(workspace, arguments)
    thread = str(arguments.get("thread_ts") or "")
    if thread:
        _thread(workspace, channel.id, thread, "cannot_reply_to_message")
    return {"message_ts": workspace.write(_message(workspace, channel.id, thread, arguments, user)).ts}


def _history(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/conversations.history: roots, newest first
    channel = _readable(workspace, arguments)
    roots = [m for m in reversed(workspace.transcript) if m.channel == channel.id and not m.thread and not m.only]
    return _paged(roots, arguments, 100)


def _replies(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/conversations.replies: the root and its thread, oldest first
    channel, root = _readable(workspace, arguments), str(arguments["ts"])
    if workspace.find(channel.id, root) is None:
        raise Refused("thread_not_found")
    said = [m for m in workspace.transcript if m.channel == channel.id and root in (m.ts, m.thread) and not m.only]
    return _paged(said, arguments, 1_000)


def _readable(workspace: Workspace, arguments: Json) -> Channel:
    channel = _channel(workspace, arguments)
    if not channel.member:
        raise Refused("not_in_channel")
    if HISTORY_OF[channel.kind] not in workspace.app.scopes:
        raise _lacking((HISTORY_OF[channel.kind],), workspace.app.scopes)
    return channel


def _paged(said: list[Message], arguments: Json, usual: int) -> Json:
    start, limit = int(arguments.get("cursor") or 0), min(int(arguments.get("limit") or usual), 999)
    with_metadata = str(arguments.get("include_all_metadata", "")).lower() in ("1", "true")
    page = [_written(m, with_metadata) for m in said[start : start + limit]]
    following = str(start + limit) if start + limit < len(said) else ""
    return {"messages": page, "has_more": bool(following), "response_metadata": {"next_cursor": following}}


def _written(message: Message, with_metadata: bool) -> Json:
    made: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts}
    made |= {"thread_ts": message.thread} if message.thread else {}
    made |= {"bot_id": BOT_ID} if message.user == BOT_USER else {}
    return made | ({"metadata": message.metadata} if with_metadata and message.metadata else {})


def _open_direct(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/conversations.open
    user = str(arguments.get("users") or "")
    if user not in workspace.people:
        raise Refused("user_not_found")
    return {"channel": {"id": workspace.direct(user).id}}


def _status(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/assistant.threads.setStatus
    channel = _channel(workspace, arguments, "channel_id")
    thread = _thread(workspace, channel.id, str(arguments["thread_ts"]), "invalid_thread_ts")
    workspace.statuses.append((channel.id, thread, str(arguments["status"])))
    return {}


def _suggest(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts: 4 prompts at most
    prompts = arguments["prompts"]
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= 4:
        raise Refused("invalid_arguments")
    if not all(isinstance(p, dict) and set(p) == {"title", "message"} for p in prompts):
        raise Refused("invalid_arguments")
    channel = _channel(workspace, arguments, "channel_id")
    workspace.prompts.append((channel.id, str(arguments.get("thread_ts") or ""), prompts))
    return {}


def _clear_status(workspace: Workspace, channel: str, thread: str) -> None:
    """A status goes when the app writes in the thread."""
    if any((c, t) == (channel, thread) for c, t, _ in workspace.statuses):
        workspace.statuses.append((channel, thread, ""))


def _checked_view(arguments: Json, kind: str) -> Json:
    view = arguments["view"]
    error, messages = view_error(view)
    if error or view["type"] != kind:
        raise Refused(error or "invalid_arguments", response_metadata={"messages": messages})
    return dict(view)


def _open_view(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/views.open#errors
    trigger = str(arguments.get("trigger_id") or "")
    if trigger not in workspace.triggers:
        raise Refused("invalid_trigger_id")
    until, user = workspace.triggers[trigger]
    if not until:
        raise Refused("exchanged_trigger_id")
    if until < time.monotonic():
        raise Refused("expired_trigger_id")
    view = _checked_view(arguments, "modal")
    workspace.triggers[trigger] = (0.0, user)
    opened = view | {"id": f"V{uuid.uuid4().hex[:9]}", "hash": uuid.uuid4().hex, "user": user, "state": {"values": {}}}
    workspace.modals.append(opened)
    return {"view": opened}


def _publish(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/views.publish#errors
    user = str(arguments["user_id"])
    if not workspace.app.home:
        raise Refused("not_enabled")
    if user not in workspace.people:
        raise Refused("user_not_found")
    view = _checked_view(arguments, "home") | {"id": f"VHOME{user}"}
    workspace.homes[user] = view
    return {"view": view}


def _upload_url(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/files.getUploadURLExternal#errors
    length, alt = int(arguments["length"]), str(arguments.get("alt_txt") or "")
    if length < 1:
        raise Refused("missing_argument")
    if len(alt) > 1_000:
        raise Refused("alt_txt_too_large")
    name = f"F{uuid.uuid4().hex[:9].upper()}"
    workspace.files[name] = File(name, length, alt)
    return {"file_id": name, "upload_url": f"{workspace.base}/upload/{name}"}


def _complete(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/files.completeUploadExternal#errors
    for told in arguments["files"]:
        file = workspace.files.get(told.get("id", ""))
        if file is None or len(file.content) != file.length:
            raise Refused("file_not_found")
        file.ready = time.monotonic() + workspace.processing
    return {"files": [{"id": told["id"], "title": told.get("title")} for told in arguments["files"]]}


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


def _user(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/users.info and …/objects/user-object
    person: Person | None = workspace.people.get(str(arguments["user"]))
    if person is None:
        raise Refused("user_not_found")
    told = {"id": person.id, "name": person.name.lower(), "real_name": person.name, "tz": person.zone}
    return {"user": {**told, "is_bot": False, "is_admin": person.admin, "is_owner": False, "is_primary_owner": False}}


def _info(workspace: Workspace, arguments: Json) -> Json:
    # https://docs.slack.dev/reference/methods/conversations.info: each kind of channel has its scope
    channel = _channel(workspace, arguments)
    if (needed := READ_OF[channel.kind]) not in workspace.app.scopes:
        raise _lacking((needed,), workspace.app.scopes)
    kinds = {f"is_{kind}": channel.kind == kind for kind in ("channel", "group", "im", "mpim")}
    told = {"id": channel.id, "is_member": channel.member, "is_archived": channel.archived, "creator": channel.creator}
    return {"channel": {**told, **kinds}}


_DO: dict[str, Callable[[Workspace, Json], Json]] = {
    "auth.test": _who,
    "chat.postMessage": _post,
    "chat.postEphemeral": _ephemeral,
    "chat.update": _update,
    "chat.delete": _delete,
    "conversations.history": _history,
    "conversations.replies": _replies,
    "conversations.open": _open_direct,
    "conversations.info": _info,
    "files.getUploadURLExternal": _upload_url,
    "files.completeUploadExternal": _complete,
    "reactions.add": _react,
    "users.info": _user,
    "views.open": _open_view,
    "views.publish": _publish,
    "assistant.threads.setStatus": _status,
    "assistant.threads.setSuggestedPrompts": _suggest,
}
