"""Who is behind a channel, in words that hold no secret."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from plant_config.channels import (
    Channel,
    FileChannel,
    MailChannel,
    MqttChannel,
    WebhookChannel,
)


def receivers(channels: Iterable[Channel]) -> dict[str, str]:
    """By the channel's name. An address that stands in the environment is left out."""
    return {channel.name: _receiver(channel) for channel in channels}


def _receiver(channel: Channel) -> str:
    if isinstance(channel, MailChannel):
        return ", ".join(channel.to)
    if isinstance(channel, WebhookChannel):
        host = urlsplit(channel.url).hostname if channel.url else None
        return f"webhook {host}" if host else "webhook"
    if isinstance(channel, MqttChannel):
        return f"MQTT {channel.host} {channel.topic}"
    if isinstance(channel, FileChannel):
        return str(channel.folder)
    return channel.kind
