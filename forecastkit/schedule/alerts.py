"""Tell people: webhook and mail from the standard library, everything else through apprise.

Who is told stands in the jobs file and the environment alone. A message is one line for the subject and plain
text; whatever a series or a model is called, it can neither add a header nor lead a request elsewhere.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential, wait_random

from forecastkit.errors import ConfigurationError
from forecastkit.schedule.jobs import Alerts, Event, Mail

TIMEOUT = 20.0
TRIES = 3
LONGEST_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Message:
    """What happened to a job.

    Args:
        event: why people are told.
        job, run: which run of which job.
        code: its exit code.
        title: one line.
        lines: what happened, one sentence each.
        report: where the report is, "" for none.
    """

    event: Event
    job: str
    run: str
    code: int
    title: str
    lines: tuple[str, ...]
    report: str = ""

    @property
    def subject(self) -> str:
        """The title on one line that no header can follow."""
        line = " ".join("".join(c if c.isprintable() else " " for c in self.title).split())
        return line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 3] + "..."

    @property
    def text(self) -> str:
        """All of it as plain text."""
        body = [self.subject, "", *(f"- {line}" for line in self.lines)]
        told = "\n".join([*body, *(["", f"Report: {self.report}"] if self.report else [])]) + "\n"
        return told.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair cannot travel


class _Refused(ValueError):
    """A fault in words that hold no secret."""


class _Unanswered(ConnectionError):
    """A fault of the other side, in words that hold no secret."""


class _NoRedirect(HTTPRedirectHandler):
    """A webhook that answers with another address has failed."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        """Follow nothing."""


def send(alerts: Alerts, message: Message) -> tuple[str, ...]:
    """Tell everyone who is to be told of such an event.

    Returns:
        why a channel failed, one sentence each without addresses; the others are served all the same.
    """
    if message.event not in alerts.on:
        return ()
    channels: dict[str, Callable[[], None]] = {}
    if alerts.webhook is not None:
        webhook = alerts.webhook
        channels["webhook"] = lambda: _patiently(lambda: _post(secret(webhook), message))
    if alerts.mail is not None:
        mail = alerts.mail
        channels["mail"] = lambda: _patiently(lambda: _mail(mail, message))
    if alerts.apprise:
        channels["apprise"] = lambda: _apprise(alerts, message)
    faults = []
    for name, call in channels.items():
        try:
            call()
        except (OSError, ValueError, HTTPException, smtplib.SMTPException) as error:
            faults.append(f"The alert by {name} was not delivered: {_reason(error)}.")
    return tuple(faults)


def secret(reference: str) -> str:
    """Read a secret from the environment.

    Raises:
        ConfigurationError: it is not set.
    """
    name = reference.removeprefix("env:")
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(f"the environment variable {name} is not set; set it for the scheduler")
    return value


def secret_names(alerts: Alerts) -> set[str]:
    """Variables that only the sender of alerts may see."""
    password = alerts.mail.password if alerts.mail is not None else None
    found = (alerts.webhook, password, *alerts.apprise)
    return {reference.removeprefix("env:") for reference in found if reference is not None}


def _patiently(call: Callable[[], None]) -> None:
    """Try again where the other side did not answer or had a fault of its own."""
    retrying = Retrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(multiplier=0.5, max=10.0) + wait_random(0.0, 0.5),
        retry=retry_if_exception_type(
            (URLError, ConnectionError, TimeoutError, smtplib.SMTPServerDisconnected)
        ),
        reraise=True,
    )
    retrying(call)


def _post(url: str, message: Message) -> None:
    content = {**asdict(message), "text": message.text}
    request = Request(
        url,
        data=json.dumps(content).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "forecastkit"},
        method="POST",
    )
    if request.type not in ("http", "https"):
        raise _Refused("its address is no http or https")
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT):
            pass
    except HTTPError as error:
        error.close()
        if error.code >= 500:
            raise _Unanswered(f"it answered {error.code}") from None
        raise _Refused(f"it answered {error.code}") from None


def _mail(mail: Mail, message: Message) -> None:
    letter = EmailMessage()
    letter["Subject"] = message.subject
    letter["From"] = mail.sender
    letter["To"] = ", ".join(mail.to)
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(domain=mail.sender.partition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    context = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT, context=context)
        if mail.security == "tls"
        else smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT)
    ) as server:
        if mail.security == "starttls":
            server.starttls(context=context)
        if mail.user is not None and mail.password is not None:
            server.login(mail.user, secret(mail.password))
        server.send_message(letter, from_addr=mail.sender, to_addrs=list(mail.to))


def _apprise(alerts: Alerts, message: Message) -> None:
    try:
        import apprise
    except ImportError as error:
        raise ConfigurationError("it needs `pip install 'forecastkit[alerts]'`") from error
    told = apprise.Apprise()
    if not all(told.add(secret(reference)) for reference in alerts.apprise):
        raise ConfigurationError("one of its addresses is not understood")
    if not told.notify(title=message.subject, body=message.text, body_format=apprise.NotifyFormat.TEXT):
        raise _Refused("a service refused it")


def _reason(error: Exception) -> str:
    """Why a channel failed, without what a server or a library repeats of addresses and secrets."""
    if isinstance(error, _Refused | _Unanswered | ConfigurationError):
        return str(error)
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server answered {error.smtp_code}"
    if isinstance(error, URLError) and isinstance(error.reason, OSError):
        error = error.reason
    if isinstance(error, OSError) and error.errno and error.strerror:
        return error.strerror
    return type(error).__name__
