"""From a channel of the plant file to something that sends: `opened_channel(...)`, `send`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from inspect_pipeline.alerts.messages import Message
from inspect_pipeline.errors import ChannelUnfit
from plant_config.channels import (
    Channel,
    ChatChannel,
    FileChannel,
    MailChannel,
    MqttChannel,
    WebhookChannel,
)


class Sender(Protocol):
    """One channel, ready. `send` raises SendFailed with what to do, never with a secret."""

    def send(self, message: Message) -> None: ...

    def close(self) -> None: ...


def send(channel: Channel, message: Message, environment: Mapping[str, str]) -> None:
    """One message, now. Raises SendFailed, and ChannelUnfit where a secret is not set."""
    with opened_channel(channel, environment) as sender:
        sender.send(message)


@contextmanager
def opened_channel(channel: Channel, environment: Mapping[str, str]) -> Iterator[Sender]:
    """A channel for many messages. Raises ChannelUnfit where its secret is not set."""
    sender = build_sender(channel, environment)
    try:
        yield sender
    finally:
        sender.close()


def build_sender(channel: Channel, environment: Mapping[str, str]) -> Sender:
    """Libraries of a kind are loaded only where the plant has such a channel."""
    if isinstance(channel, MailChannel):
        from inspect_pipeline.alerts.channels.mail import MailSender

        password = _secret(channel.name, channel.password_env, environment)
        return MailSender(channel, password)
    if isinstance(channel, WebhookChannel):
        from inspect_pipeline.alerts.channels.webhook import WebhookSender

        url = channel.url or _secret(channel.name, channel.url_env, environment)
        secret = _secret(channel.name, channel.secret_env, environment)
        assert url is not None, "one of the two is there: the plant file is checked"
        assert secret is not None, "the plant file names its variable"
        return WebhookSender(channel, url=url, secret=secret)
    if isinstance(channel, MqttChannel):
        from inspect_pipeline.alerts.channels.broker import MqttSender

        return MqttSender(channel, _secret(channel.name, channel.password_env, environment))
    if isinstance(channel, ChatChannel):
        from inspect_pipeline.alerts.channels.chat import ChatSender

        url = _secret(channel.name, channel.url_env, environment)
        assert url is not None, "the plant file names its variable"
        return ChatSender(channel, url)
    assert isinstance(channel, FileChannel), f"a channel of a kind without a sender: {channel}"
    from inspect_pipeline.alerts.channels.file_drop import FileSender

    return FileSender(channel)


def _secret(channel: str, variable: str | None, environment: Mapping[str, str]) -> str | None:
    if variable is None:
        return None
    value = environment.get(variable, "").strip()
    if not value:
        raise ChannelUnfit(
            f"channel {channel} needs the environment variable {variable}, which is not set or "
            "empty: set it before the program starts"
        )
    return value
