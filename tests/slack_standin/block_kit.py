"""What Slack's Block Kit allows, as pure checks: every block and element of ours, with its documented limits.

https://docs.slack.dev/reference/block-kit/blocks, …/block-elements and …/composition-objects; the page of each is
named beside its check. Stricter than Slack where unknown fields are concerned: here they are a typing error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

# https://docs.slack.dev/reference/block-kit/blocks ("up to 50 blocks in each message, and 100 blocks in modals or
# home tabs")
BLOCKS, VIEW_BLOCKS = 50, 100
# https://github.com/slackapi/bolt-js/issues/2509: msg_blocks_too_long from about 13,200 characters over all blocks
ALL_BLOCKS = 13_200
# https://docs.slack.dev/reference/views: titles and buttons of a modal, its memory
TITLE, MEMORY, CALLBACK = 24, 3_000, 255
# https://docs.slack.dev/reference/methods/views.open#errors: view_too_large above 250 kB
VIEW_SIZE = 250_000

Check = Callable[[dict[str, Any], str], Iterator[str]]


def message_blocks_error(blocks: Any) -> tuple[str, list[str]]:
    """The error for a message's blocks and its details, or ("", [])."""
    if not isinstance(blocks, list):
        return "invalid_blocks_format", []
    details = list(_problems(blocks, BLOCKS, _MESSAGE))
    if details:
        return "invalid_blocks", [f"[ERROR] {problem}" for problem in details]
    if len(json.dumps(blocks, ensure_ascii=False)) > ALL_BLOCKS:
        return "msg_blocks_too_long", []
    return "", []


def view_error(view: Any) -> tuple[str, list[str]]:
    """The error for a view and its details, or ("", [])."""
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        return "invalid_arguments", ["[ERROR] a view is a modal or a home tab [json-pointer:/view/type]"]
    details = list(_view(view))
    if details:
        return "invalid_arguments", [f"[ERROR] {problem}" for problem in details]
    return ("view_too_large", []) if len(json.dumps(view)) > VIEW_SIZE else ("", [])


def _view(view: dict[str, Any]) -> Iterator[str]:
    modal = view["type"] == "modal"
    known = {"blocks", "private_metadata", "callback_id", "external_id"}
    known |= {"title", "submit", "close", "clear_on_close", "notify_on_close"} if modal else set()
    yield from _fields(view, "/view", known)
    for name in ("title", "submit", "close") if modal else ():
        if name == "title" or name in view:
            yield from _text(view.get(name), f"/view/{name}", TITLE, ("plain_text",))
    yield from _length(view, "private_metadata", MEMORY, "/view")
    yield from _length(view, "callback_id", CALLBACK, "/view")
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        yield "missing required field: blocks [json-pointer:/view]"
        return
    yield from _problems(blocks, VIEW_BLOCKS, _MODAL if modal else _HOME)
    if modal and any(b.get("type") == "input" for b in blocks) and "submit" not in view:
        yield "submit is required when an input block is in the view [json-pointer:/view]"


def _problems(blocks: list[Any], most: int, checks: dict[str, Check]) -> Iterator[str]:
    if not 1 <= len(blocks) <= most:
        yield f"between 1 and {most} items allowed [json-pointer:/blocks]"
    names = [b.get("block_id") for b in blocks if isinstance(b, dict) and b.get("block_id")]
    if len(set(names)) < len(names):
        yield "block_id must be unique [json-pointer:/blocks]"
    for number, block in enumerate(blocks):
        where = f"/blocks/{number}"
        kind = block.get("type") if isinstance(block, dict) else None
        check = checks.get(kind) if isinstance(kind, str) else None
        yield from check(block, where) if check else [f"unsupported type: {kind} [json-pointer:{where}/type]"]
        if check:
            yield from _length(block, "block_id", 255, where)


def _section(block: dict[str, Any], where: str) -> Iterator[str]:
    # …/blocks/section-block
    yield from _fields(block, where, {"text", "fields", "accessory", "expand"})
    if "text" not in block and "fields" not in block:
        yield f"missing required field: text [json-pointer:{where}]"
    if "text" in block:
        yield from _text(block["text"], f"{where}/text", 3_000)


def _context(block: dict[str, Any], where: str) -> Iterator[str]:
    # …/blocks/context-block
    yield from _fields(block, where, {"elements"})
    for element, place in _several(block, "elements", where, 10):
        yield from _text(element, place, 3_000)


def _header(block: dict[str, Any], where: str) -> Iterator[str]:
    # …/blocks/header-block
    yield from _fields(block, where, {"text"})
    yield from _text(block.get("text"), f"{where}/text", 150, ("plain_text",))


def _divider(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _fields(block, where, set())


def _image(block: dict[str, Any], where: str) -> Iterator[str]:
    # …/blocks/image-block
    yield from _fields(block, where, {"alt_text", "image_url", "slack_file", "title"})
    if ("image_url" in block) == ("slack_file" in block):
        yield f"one of image_url and slack_file is needed [json-pointer:{where}]"
    if not block.get("alt_text"):
        yield f"missing required field: alt_text [json-pointer:{where}]"
    yield from _length(block, "alt_text", 2_000, where)
    if "title" in block:
        yield from _text(block["title"], f"{where}/title", 2_000, ("plain_text",))


def _actions(block: dict[str, Any], where: str) -> Iterator[str]:
    # …/blocks/actions-block
    yield from _fields(block, where, {"elements"})
    yield from _unique_actions(block, where)
    for element, place in _several(block, "elements", where, 25):
        if not isinstance(element, dict) or element.get("type") != "button":
            yield f"unsupported element [json-pointer:{place}]"
            continue
        yield from _button(element, place)


def _button(element: dict[str, Any], where: str) -> Iterator[str]:
    # …/block-elements/button-element
    yield from _fields(element, where, {"action_id", "text", "value", "url", "style", "confirm", "accessibility_label"})
    yield from _text(element.get("text"), f"{where}/text", 75, ("plain_text",))
    yield from _length(element, "value", 2_000, where)
    yield from _length(element, "action_id", 255, where)
    if element.get("style") not in (None, "primary", "danger"):
        yield f"style is primary or danger [json-pointer:{where}/style]"
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{where}/confirm")


def _confirm(dialog: Any, where: str) -> Iterator[str]:
    # …/composition-objects/confirmation-dialog-object
    yield from _fields(dialog, where, {"title", "text", "confirm", "deny", "style"})
    for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        yield from _text(dialog.get(name), f"{where}/{name}", limit, ("plain_text",))


def _context_actions(block: dict[str, Any], where: str) -> Iterator[str]:
    # …/blocks/context-actions-block and …/block-elements/feedback-buttons-element
    yield from _fields(block, where, {"elements"})
    yield from _unique_actions(block, where)
    for element, place in _several(block, "elements", where, 5):
        if not isinstance(element, dict) or element.get("type") != "feedback_buttons":
            yield f"unsupported element [json-pointer:{place}]"
            continue
        yield from _fields(element, place, {"action_id", "positive_button", "negative_button"})
        for name in ("positive_button", "negative_button"):
            thumb = element.get(name) or {}
            yield from _fields(thumb | {"type": ""}, f"{place}/{name}", {"text", "value", "accessibility_label"})
            yield from _text(thumb.get("text"), f"{place}/{name}/text", 75, ("plain_text",))
            yield from _length(thumb, "value", 2_000, f"{place}/{name}")
            yield from _length(thumb, "accessibility_label", 75, f"{place}/{name}")


def _input(block: dict[str, Any], where: str) -> Iterator[str]:
    # …/blocks/input-block
    yield from _fields(block, where, {"label", "element", "optional", "hint", "dispatch_action"})
    yield from _text(block.get("label"), f"{where}/label", 2_000, ("plain_text",))
    if "hint" in block:
        yield from _text(block["hint"], f"{where}/hint", 2_000, ("plain_text",))
    element = block.get("element")
    kind = element.get("type") if isinstance(element, dict) else None
    check = _INPUTS.get(kind) if isinstance(kind, str) else None
    place = f"{where}/element"
    yield from check(element, place) if check and element else [f"unsupported element: {kind} [json-pointer:{place}]"]


def _typed(element: dict[str, Any], where: str) -> Iterator[str]:
    # …/block-elements/plain-text-input-element
    known = {"action_id", "initial_value", "multiline", "min_length", "max_length", "placeholder"}
    yield from _fields(element, where, known)
    most = element.get("max_length", 3_000)
    if not 1 <= most <= 3_000:
        yield f"max_length is 3000 at most [json-pointer:{where}/max_length]"
    yield from _length(element, "initial_value", most, where)


def _options(most: int, text: int) -> Check:
    # …/composition-objects/option-object: value 150; text 75
    def check(element: dict[str, Any], where: str) -> Iterator[str]:
        known = {"action_id", "options", "initial_option", "initial_options", "placeholder"}
        yield from _fields(element, where, known)
        offered = []
        for option, place in _several(element, "options", where, most):
            offered.append(option)
            yield from _fields(option | {"type": ""}, place, {"text", "value", "description"})
            yield from _text(option.get("text"), f"{place}/text", text)
            yield from _length(option, "value", 150, place)
        chosen = [*element.get("initial_options", []), *filter(None, [element.get("initial_option")])]
        yield from (f"initial option is not offered [json-pointer:{where}]" for one in chosen if one not in offered)

    return check


_INPUTS: dict[str, Check] = {
    "plain_text_input": _typed,
    "radio_buttons": _options(10, 75),
    "checkboxes": _options(10, 75),
    "static_select": _options(100, 75),
    "multi_static_select": _options(100, 75),
}


def _text(value: Any, where: str, limit: int, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> Iterator[str]:
    # …/composition-objects/text-object
    if not isinstance(value, dict) or value.get("type") not in kinds:
        yield f"must be a text object of {' or '.join(kinds)} [json-pointer:{where}]"
        return
    if not isinstance(value.get("text"), str) or not value["text"]:
        yield f"must be more than 0 characters [json-pointer:{where}/text]"
    elif len(value["text"]) > limit:
        yield f"must be less than {limit + 1} characters [json-pointer:{where}/text]"
    if "verbatim" in value and value["type"] != "mrkdwn":
        yield f"verbatim is for mrkdwn [json-pointer:{where}/verbatim]"
    if "emoji" in value and value["type"] != "plain_text":
        yield f"emoji is for plain_text [json-pointer:{where}/emoji]"
    unknown = set(value) - {"type", "text", "verbatim", "emoji"}
    yield from (f"unknown field: {name} [json-pointer:{where}]" for name in sorted(unknown))


def _several(block: dict[str, Any], name: str, where: str, most: int) -> Iterator[tuple[Any, str]]:
    """The items of a list of 1 to ``most``; what is wrong with the list is found by ``_count``."""
    items = block.get(name)
    if not isinstance(items, list) or not 1 <= len(items) <= most:
        raise Miscounted(f"between 1 and {most} items required [json-pointer:{where}/{name}]")
    for number, item in enumerate(items):
        yield item, f"{where}/{name}/{number}"


class Miscounted(Exception):
    """A list that is too short or too long."""


def _counted(check: Check) -> Check:
    def checked(block: dict[str, Any], where: str) -> Iterator[str]:
        try:
            yield from check(block, where)
        except Miscounted as problem:
            yield str(problem)

    return checked


def _unique_actions(block: dict[str, Any], where: str) -> Iterator[str]:
    elements = block.get("elements") or []
    names = [e.get("action_id") for e in elements if isinstance(e, dict)]
    if len(set(names)) < len(names):
        yield f"action_id must be unique in a block [json-pointer:{where}]"


def _length(block: dict[str, Any], name: str, limit: int, where: str) -> Iterator[str]:
    if name in block and (not isinstance(block[name], str) or len(block[name]) > limit):
        yield f"must be a string of at most {limit} characters [json-pointer:{where}/{name}]"


def _fields(block: dict[str, Any], where: str, known: set[str]) -> Iterator[str]:
    unknown = set(block) - known - {"type", "block_id"}
    yield from (f"unknown field: {name} [json-pointer:{where}]" for name in sorted(unknown))


_EVERYWHERE: dict[str, Check] = {
    "section": _section,
    "context": _counted(_context),
    "header": _header,
    "divider": _divider,
    "image": _image,
    "actions": _counted(_actions),
}
_MESSAGE = _EVERYWHERE | {"context_actions": _counted(_context_actions)}
_MODAL = _EVERYWHERE | {"input": _counted(_input)}
_HOME = _EVERYWHERE | {"input": _counted(_input)}
