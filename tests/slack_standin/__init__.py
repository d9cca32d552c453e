"""A small, strict Slack on 127.0.0.1: Web API, Socket Mode and signed HTTP delivery.

It refuses what Slack's documentation says is refused, and keeps a transcript of who wrote what where.
Where it is stricter than Slack, the rule says so.
"""

from tests.slack_standin.server import SlackStandIn
from tests.slack_standin.workspace import App, Message

__all__ = ["App", "Message", "SlackStandIn"]
