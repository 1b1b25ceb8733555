"""A program that has sent something over TLS and is killed while it is connected.

python -m tests.integration.alerts.dying_sender PORT CA_FILE
"""

from __future__ import annotations

import os
import signal
import sys

from inspect_pipeline.alerts.channels.broker import MqttSender
from inspect_pipeline.alerts.messages import Message
from plant_config.channels import MqttChannel


def main() -> None:
    port, ca_file = sys.argv[1:]
    channel = MqttChannel.model_validate(
        {
            "name": "hook",
            "kind": "mqtt",
            "host": "127.0.0.1",
            "port": int(port),
            "ca_file": ca_file,
            "topic": "mill",
        }
    )
    facts = {"version": 1, "key": "k", "plant": "Mill", "count": 0, "alerts": []}
    MqttSender(channel, None).send(Message(key="k", subject="s", text="t", facts=facts))
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
