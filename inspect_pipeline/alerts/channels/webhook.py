"""Webhook: one signed POST per message, so that the receiver knows who sent it, and when.

`X-Inspect-Signature: t=UNIX_SECONDS,v1=HEX` where HEX is HMAC-SHA256, with the secret, of the
seconds, a dot and the body. `Idempotency-Key` is the same each time a message is tried.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable

import httpx

from inspect_pipeline.alerts.channels.trust import trusted_by
from inspect_pipeline.alerts.messages import Message
from inspect_pipeline.errors import SendFailed
from plant_config.channels import WebhookChannel


class WebhookSender:
    def __init__(
        self,
        settings: WebhookChannel,
        *,
        url: str,
        secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._url, self._secret, self._clock = settings, url, secret, clock
        self._client = httpx.Client(
            timeout=settings.timeout_s, verify=trusted_by(settings), trust_env=False
        )

    def send(self, message: Message) -> None:
        """Any answer but 2xx is a failure: also one that leads elsewhere."""
        body = json.dumps(message.facts, sort_keys=True).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": hashlib.sha256(message.key.encode()).hexdigest(),
            "X-Inspect-Signature": signature(self._secret, body, at_s=int(self._clock())),
        }
        where = f"channel {self._settings.name}: the receiver"
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SendFailed(f"{where} cannot be reached ({type(error).__name__})") from None
        if not answer.is_success:
            raise SendFailed(f"{where} answered {answer.status_code}")

    def close(self) -> None:
        self._client.close()


def signature(secret: str, body: bytes, *, at_s: int) -> str:
    """What stands in the header; the receiver computes the same and compares."""
    signed = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256)
    return f"t={at_s},v1={signed.hexdigest()}"
