"""A card as Slack is given it: its blocks, its words for where there are none, its picture."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.card import Card, Picture
from bot.chat import text as words
from bot.chat.slack_card import card_blocks
from bot.chat.slack_errors import NotTaken
from bot.chat.slack_markup import plain_text
from bot.chat.slack_post import Poster, Shown

log = logging.getLogger(__name__)


def shown_card(card: Card, picture: str = "") -> Shown:
    """A card as it is sent."""
    return Shown(plain_text(words.card(card)), card_blocks(card, picture))


async def uploaded(poster: Poster, picture: Picture) -> str:
    """The id of an uploaded picture; "" when Slack does not take it, since its words stand for it."""
    try:
        return await poster.upload(replace(picture, title=words.one_line(picture.title)))
    except NotTaken as error:
        log.warning("a picture was not taken, its words are shown: %s", error)
        return ""
