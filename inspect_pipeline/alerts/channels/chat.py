"""Chat services through Apprise; the address holds the key to the service and is never told."""

from __future__ import annotations

import logging

from apprise import Apprise, NotifyFormat, NotifyType

from db.words import Severity
from inspect_pipeline.alerts.messages import Message
from inspect_pipeline.errors import ChannelUnfit, SendFailed
from plant_config.channels import ChatChannel

_TYPES = {
    Severity.MINOR: NotifyType.INFO,
    Severity.MAJOR: NotifyType.WARNING,
    Severity.CRITICAL: NotifyType.FAILURE,
}


class ChatSender:
    def __init__(self, settings: ChatChannel, url: str) -> None:
        self._settings = settings
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log addresses
        self._service = Apprise()
        if not self._service.add(url):
            raise ChannelUnfit(
                f"channel {settings.name}: what {settings.url_env} holds is not an address that "
                "Apprise knows: see the page of the service in its documentation"
            )

    def send(self, message: Message) -> None:
        told = self._service.notify(
            body=message.text,
            title=message.subject,
            notify_type=_TYPES[message.severity],
            body_format=NotifyFormat.TEXT,
        )
        if not told:
            raise SendFailed(f"channel {self._settings.name}: the service did not take it")

    def close(self) -> None:
        """Nothing stays open between two messages."""
