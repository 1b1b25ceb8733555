"""E-mail: HTML with the pictures inside, plain text beside it, over an encrypted connection."""

from __future__ import annotations

import hashlib
import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from inspect_pipeline.alerts.channels.trust import trusted_by
from inspect_pipeline.alerts.messages import Message
from inspect_pipeline.errors import SendFailed
from plant_config.channels import MailChannel

_POLICY = SMTP.clone(max_line_length=900)  # folded, words of other scripts lose their blanks


class MailSender:
    def __init__(self, settings: MailChannel, password: str | None) -> None:
        self._settings = settings
        self._password = password
        self._trusted = None if settings.security == "none" else trusted_by(settings)

    def send(self, message: Message) -> None:
        """To everybody, or SendFailed: then those who have it get it again with the same id."""
        settings = self._settings
        letter = letter_of(message, settings)
        try:
            with self._connected() as server:
                if settings.user is not None and self._password is not None:
                    server.login(settings.user, self._password)
                refused = server.send_message(letter)
        except (OSError, smtplib.SMTPException) as error:
            raise SendFailed(
                f"channel {settings.name}: {settings.host} port {settings.port} did not take the "
                f"mail ({_words(error)})"
            ) from error
        if refused:
            raise SendFailed(f"channel {settings.name}: refused for {', '.join(sorted(refused))}")

    def close(self) -> None:
        """Nothing stays open between two mails."""

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        place = (settings.host, settings.port)
        if self._trusted is None:
            return smtplib.SMTP(*place, timeout=settings.timeout_s)
        if settings.security == "tls":
            return smtplib.SMTP_SSL(*place, timeout=settings.timeout_s, context=self._trusted)
        server = smtplib.SMTP(*place, timeout=settings.timeout_s)
        try:
            server.starttls(context=self._trusted)
        except BaseException:
            server.close()
            raise
        return server


def letter_of(message: Message, settings: MailChannel) -> EmailMessage:
    """The Message-ID follows from the key: a mail that comes twice has the same."""
    letter = EmailMessage(policy=_POLICY)
    host = settings.sender.rpartition("@")[2]
    letter["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:40]}@{host}>"
    letter["From"], letter["To"] = settings.sender, ", ".join(settings.to)
    letter["Subject"] = message.subject
    letter["Date"] = formatdate(localtime=False)
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Alert-Key"] = hashlib.sha256(message.key.encode()).hexdigest()
    letter.set_content(message.text)
    if message.html is not None:
        letter.add_alternative(message.html, subtype="html")
        html = letter.get_payload()[1]  # type: ignore[index]  # the parts of a multipart letter
        for one in (each for each in message.attachments if each.shown):
            kind, _, subtype = one.media_type.partition("/")
            html.add_related(  # type: ignore[union-attr]
                one.content, kind, subtype, cid=f"<{one.name}>", filename=one.name
            )
    for one in (each for each in message.attachments if not each.shown):
        kind, _, subtype = one.media_type.partition("/")
        letter.add_attachment(one.content, kind, subtype, filename=one.name)
    return letter


def _words(error: Exception) -> str:
    """What the server said; a refused sign-in is told without what was signed in with."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the sign-in was refused, {error.smtp_code}"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        words = said.decode(errors="replace") if isinstance(said, bytes) else said
        return f"{error.smtp_code} {words}"
    return str(error) or type(error).__name__
