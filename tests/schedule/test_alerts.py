"""People are told by webhook and mail; nothing in a message can lead it elsewhere or show a secret."""

import smtplib
from email import message_from_string
from email.header import decode_header, make_header

import pytest

from forecastkit.schedule import alerts as room
from forecastkit.schedule.alerts import Message, secret_names, send
from forecastkit.schedule.jobs import Alerts, Mail

TOKEN = "T0k3n-planted"
NASTY = 'x\r\nBcc: thief@example.org\r\n\r\n<script>"\u2028é'
MESSAGE = Message(
    "gate", NASTY, "run-1", 5, f"forecastkit: {NASTY} tripped a gate", ("a: 1", ".", "b"), "out/r"
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.fixture
def hook(webhook, monkeypatch):
    monkeypatch.setenv("HOOK", f"{webhook.url}/{TOKEN}")
    return webhook


def letter(mailbox) -> Alerts:
    mail = Mail(
        host="127.0.0.1", port=mailbox.port, security="none", sender="me@example.org", to=("you@example.org",)
    )
    return Alerts(mail=mail)


def test_a_webhook_gets_json(hook):
    assert send(Alerts(webhook="env:HOOK"), MESSAGE) == ()
    (told,) = hook.received
    assert hook.paths == [f"/{TOKEN}"]
    assert (told["event"], told["code"], told["job"]) == ("gate", 5, NASTY)
    assert told["text"].splitlines()[0].startswith("forecastkit: x Bcc: thief@example.org <script>")


def test_a_letter_has_the_recipients_of_the_file_and_no_other_header(mailbox):
    assert send(letter(mailbox), MESSAGE) == ()
    ((recipients, text),) = mailbox.letters
    found = message_from_string(text)
    assert recipients == ["you@example.org"]
    assert found["To"] == "you@example.org"
    assert found["Bcc"] is None
    assert set(found.keys()) <= {
        "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    }  # fmt: skip
    subject = str(make_header(decode_header(found["Subject"])))
    assert "\n" not in subject.replace("\n ", "")
    assert "Bcc: thief" in subject


def test_a_redirect_is_not_followed(hook):
    hook.answers = [302]
    assert send(Alerts(webhook="env:HOOK"), MESSAGE) == (
        "The alert by webhook was not delivered: it answered 302.",
    )
    assert hook.paths == [f"/{TOKEN}"]


def test_a_fault_of_the_other_side_is_tried_again(hook):
    hook.answers = [503, 503]
    assert send(Alerts(webhook="env:HOOK"), MESSAGE) == ()
    assert len(hook.received) == 1
    hook.answers = [404]
    assert send(Alerts(webhook="env:HOOK"), MESSAGE) == (
        "The alert by webhook was not delivered: it answered 404.",
    )


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:1/{}", "Connection refused"),
        ("file:///etc/{}", "its address is no http or https"),
        ("{}", "ValueError"),
        ("http://[{}", "ValueError"),
        ("http://127.0.0.1:{}/", "InvalidURL"),
        ("", "the environment variable HOOK is not set; set it for the scheduler"),
    ],
)
def test_faults_are_told_without_the_address(monkeypatch, address, why):
    monkeypatch.setenv("HOOK", address.format(TOKEN))
    (fault,) = send(Alerts(webhook="env:HOOK"), MESSAGE)
    assert fault == f"The alert by webhook was not delivered: {why}."


def test_a_password_never_travels_in_the_clear(mailbox, monkeypatch):
    monkeypatch.setenv("PASSWORD", TOKEN)
    mail = Mail(
        host="127.0.0.1",
        port=mailbox.port,
        sender="a@b.org",
        to=("c@d.org",),
        user="u",
        password="env:PASSWORD",
    )
    (fault,) = send(Alerts(mail=mail), MESSAGE)
    assert "was not delivered" in fault
    assert TOKEN not in fault
    assert mailbox.letters == []


def test_a_server_that_repeats_the_password_is_not_quoted():
    error = smtplib.SMTPAuthenticationError(535, f"bad password {TOKEN}".encode())
    assert room._reason(error) == "the server answered 535"


def test_one_channel_that_fails_leaves_the_others(mailbox, monkeypatch):
    monkeypatch.setenv("HOOK", "http://127.0.0.1:1/")
    both = letter(mailbox).model_copy(update={"webhook": "env:HOOK"})
    assert len(send(both, MESSAGE)) == 1
    assert len(mailbox.letters) == 1


def test_events_that_nobody_asked_for_are_silent(hook):
    assert send(Alerts(on=("failure",), webhook="env:HOOK"), MESSAGE) == ()
    assert hook.paths == []


def test_secret_names_are_those_of_every_channel(mailbox):
    mail = Mail(host="h", sender="a@b", to=("c@d",), user="u", password="env:P")
    assert secret_names(Alerts(webhook="env:W", mail=mail, apprise=("env:A", "env:B"))) == {
        "W",
        "P",
        "A",
        "B",
    }
    assert secret_names(letter(mailbox)) == set()


def test_apprise_without_its_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    monkeypatch.setenv("A", "json://localhost")
    (fault,) = send(Alerts(apprise=("env:A",)), MESSAGE)
    assert fault == "The alert by apprise was not delivered: it needs `pip install 'forecastkit[alerts]'`."
