"""MQTT: what happened under TOPIC/events, how it stands now, retained, under TOPIC/alerts.

TOPIC/status                      online or offline (last will), retained
TOPIC/events/LINE/CAMERA/RULE     each message once it is sent
TOPIC/alerts/LINE/CAMERA/RULE     the alert of this rule that stands there, retained
"""

from __future__ import annotations

import json
import threading
from contextlib import suppress

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from inspect_pipeline.alerts.channels.trust import trusted_by
from inspect_pipeline.alerts.messages import Message
from inspect_pipeline.errors import SendFailed
from plant_config.channels import MqttChannel

ONLINE, OFFLINE = "online", "offline"


class MqttSender:
    """Connects with the first message, and again by itself when the connection is lost."""

    def __init__(self, settings: MqttChannel, password: str | None) -> None:
        self._settings = settings
        self._is_connected = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.will_set(self._topic("status"), OFFLINE, qos=1, retain=True)
        self._client.connect_timeout = settings.timeout_s
        if settings.user is not None:
            self._client.username_pw_set(settings.user, password)
        if settings.tls:
            self._client.tls_set_context(trusted_by(settings))
        self._is_running = False

    def send(self, message: Message) -> None:
        """The broker has confirmed everything when this returns."""
        self._connect()
        body = json.dumps(message.facts, sort_keys=True)
        self._publish(f"events/{message.topic or 'together'}", body, retain=False)
        for topic, facts in message.standing.items():
            self._publish(f"alerts/{topic}", json.dumps(facts, sort_keys=True), retain=True)

    def close(self) -> None:
        if not self._is_running:
            return
        if self._is_connected.is_set():
            sent = self._client.publish(self._topic("status"), OFFLINE, qos=1, retain=True)
            with suppress(RuntimeError):  # it went away meanwhile, and the last will says so
                sent.wait_for_publish(self._settings.timeout_s)
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self) -> None:
        settings = self._settings
        try:
            if not self._is_running:
                self._client.connect(settings.host, settings.port, keepalive=30)
                self._client.loop_start()
                self._is_running = True
        except (OSError, ValueError) as error:
            raise SendFailed(f"{self._where} cannot be reached ({error})") from error
        if not self._is_connected.wait(settings.timeout_s):
            raise SendFailed(f"{self._where} does not answer, or refuses the sign-in")

    def _publish(self, topic: str, body: str, *, retain: bool) -> None:
        sent = self._client.publish(self._topic(topic), body, qos=1, retain=retain)
        try:
            sent.wait_for_publish(self._settings.timeout_s)
        except (RuntimeError, ValueError) as error:
            raise SendFailed(f"{self._where} did not take it ({error})") from error
        if sent.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS or not sent.is_published():
            raise SendFailed(f"{self._where} did not confirm it in time")

    def _connected(self, client: mqtt.Client, _data: object, _flags: object, *said: object) -> None:
        if str(said[0]) == "Success":
            client.publish(self._topic("status"), ONLINE, qos=1, retain=True)
            self._is_connected.set()

    def _disconnected(self, *_said: object) -> None:
        self._is_connected.clear()

    def _topic(self, below: str) -> str:
        return f"{self._settings.topic}/{below}"

    @property
    def _where(self) -> str:
        settings = self._settings
        return f"channel {settings.name}: the broker {settings.host} port {settings.port}"
