"""Whom a channel trusts: its own authority, or those that this computer trusts."""

from __future__ import annotations

import ssl

from inspect_pipeline.errors import ChannelUnfit
from plant_config.channels import MailChannel, MqttChannel, WebhookChannel


def trusted_by(settings: MailChannel | MqttChannel | WebhookChannel) -> ssl.SSLContext:
    """Raises ChannelUnfit where the file of the authority cannot be read."""
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ChannelUnfit(
            f"channel {settings.name}: no certificates can be read from its ca_file "
            f"{settings.ca_file} ({error.strerror or error}): name a PEM file of the authority"
        ) from error
