"""Private mail servers for the tests: Postfix, its smtp-sink, Dovecot. All on loopback, each in a folder of its own.

A mail server that this machine already has is never touched: nothing is read from or written to its configuration, its
queue or its ports. Debian's packages are installed only by root, and only where no other mail server would have to go.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers import ServerMissing, free_port

if TYPE_CHECKING:
    from email.message import EmailMessage

_PACKAGES = ("postfix", "dovecot-core", "dovecot-imapd")
_POSTFIX, _SINK, _DOVECOT = "/usr/sbin/postfix", "/usr/sbin/smtp-sink", "/usr/sbin/dovecot"
_CONTAINER = ("/.dockerenv", "/run/.containerenv")
"""Where nobody has a mail server of their own."""
_START = 20.0


def install_mail_servers() -> str:
    """Postfix and Dovecot from Debian, where they are not there; raises ServerMissing in plain words."""
    if all(Path(each).exists() for each in (_POSTFIX, _SINK, _DOVECOT)):
        return _POSTFIX
    if os.geteuid() != 0:
        raise ServerMissing("Only root can install and start a private Postfix.")
    if os.environ.get("BARAZA_MAY_INSTALL") != "yes" and not any(map(os.path.exists, _CONTAINER)):
        raise ServerMissing(f"Install {', '.join(_PACKAGES)}, or allow it by BARAZA_MAY_INSTALL=yes.")
    if shutil.which("apt-get") is None:
        raise ServerMissing("Postfix and Dovecot are installed as Debian packages, and this is no Debian.")
    if not Path(_POSTFIX).exists() and shutil.which("sendmail", path="/usr/sbin:/usr/lib") is not None:
        raise ServerMissing("Another mail server is installed here; installing Postfix would remove it.")
    # "No configuration" and no runlevel: the packages start nothing and listen nowhere.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(
        ["debconf-set-selections"],
        input=b"postfix postfix/main_mailer_type select No configuration\n",
        check=False,
        capture_output=True,
    )
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *_PACKAGES]):
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    if done.returncode or not Path(_POSTFIX).exists():
        raise ServerMissing(f"Postfix cannot be installed: {done.stderr.strip()[-300:]}")
    return _POSTFIX


def _user(*names: str) -> pwd.struct_passwd:
    for name in names:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerMissing(f"There is no user {' or '.join(names)} on this machine.")


class SmtpSink:
    """The world behind the mail server: takes everything, and keeps it, one file for each mail."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        owner = _user("postfix", "nobody")
        self._folder.mkdir(parents=True)
        os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        _open_to_all(self._folder)
        command = [
            _SINK,
            "-u",
            owner.pw_name,
            "-d",
            f"{self._folder}/%M.",
            *self._options,
            f"127.0.0.1:{self.port}",
            "256",
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )
        _wait_for_port(self.port)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def mails(self) -> list["Received"]:
        """Everything that has arrived, in the order of its arrival."""
        found = [(path.stat().st_mtime_ns, path) for path in self._folder.iterdir()]
        return [Received.parse(path.read_bytes()) for _, path in sorted(found)]


class Received:
    """A mail as it arrived: its envelope and what it says."""

    def __init__(self, sender: str, recipients: Sequence[str], raw: bytes) -> None:
        self.sender, self.recipients, self.raw = sender, tuple(recipients), raw

    @classmethod
    def parse(cls, dumped: bytes) -> "Received":
        """smtp-sink writes the envelope as header fields before the mail, and one Received line of its own."""
        lines = dumped.replace(b"\r\n", b"\n").split(b"\n")
        envelope: dict[str, list[str]] = {}
        while lines and lines[0].startswith(b"X-"):
            name, _, value = lines.pop(0).partition(b": ")
            envelope.setdefault(name.decode().lower(), []).append(value.decode("utf-8", "replace").strip("<>"))
        raw = b"\n".join(lines)
        return cls(envelope.get("x-mail-args", [""])[0].partition(">")[0], _bare(envelope.get("x-rcpt-args", [])), raw)

    @property
    def mail(self) -> "EmailMessage":
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def text(self) -> str:
        return str(self.mail.get_content())


def _bare(values: Sequence[str]) -> list[str]:
    return [value.partition(">")[0] for value in values]


class Postfix:
    """One private instance: mail for ``domain`` goes to our LMTP port, all other mail to ``relay``."""

    def __init__(self, folder: Path, *, domain: str, lmtp_port: int, relay_port: int) -> None:
        self.incoming = free_port()
        """Where the world hands mail in."""
        self.submission = free_port()
        """Where our own letters are taken."""
        self.log_path = folder / "log"
        self._folder = folder
        self._domain, self._lmtp, self._relay = domain, lmtp_port, relay_port
        self._started = False

    def start(self) -> None:
        """Raises ServerMissing where it does not run here."""
        install_mail_servers()
        if os.geteuid() != 0:
            raise ServerMissing("Postfix is started by root only.")
        owner = _user("postfix")
        for name in ("conf", "queue", "data"):
            (self._folder / name).mkdir(parents=True)
        os.chown(self._folder / "data", owner.pw_uid, owner.pw_gid)
        _open_to_all(self._folder)
        self._write()
        done = self._postfix("start")
        if done.returncode:
            raise ServerMissing(f"Postfix did not start: {(done.stderr + done.stdout).strip()[-500:]}\n{self.log()}")
        self._started = True
        _wait_for_port(self.submission)

    def stop(self) -> None:
        if self._started:
            self._postfix("abort")
            self._started = False

    def flush(self) -> None:
        """Try what was deferred again, now."""
        subprocess.run(["/usr/sbin/postqueue", "-c", self._folder / "conf", "-f"], check=False, capture_output=True)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")[-4000:] if self.log_path.exists() else ""

    def _postfix(self, command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [_POSTFIX, "-c", self._folder / "conf", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )

    def _write(self) -> None:
        conf = self._folder / "conf"
        main: Mapping[str, object] = {
            "compatibility_level": "3.6",
            "queue_directory": self._folder / "queue",
            "data_directory": self._folder / "data",
            "command_directory": "/usr/sbin",
            "daemon_directory": "/usr/lib/postfix/sbin",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "maillog_file": self.log_path,
            "maillog_file_prefixes": self._folder,
            "myhostname": "mx.bridge.test",
            "mydomain": "bridge.test",
            "mydestination": "",
            "local_recipient_maps": "",
            "alias_maps": "",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "virtual_mailbox_domains": self._domain,
            "virtual_mailbox_maps": "",
            "virtual_transport": f"lmtp:inet:127.0.0.1:{self._lmtp}",
            "relayhost": f"[127.0.0.1]:{self._relay}",
            "smtp_host_lookup": "native",
            "disable_dns_lookups": "yes",
            "recipient_delimiter": "+",
            "smtpd_recipient_restrictions": "permit_mynetworks,reject",
            "smtputf8_autodetect_classes": "all",
            "message_size_limit": 10_000_000,
            "minimal_backoff_time": "1s",
            "maximal_backoff_time": "2s",
            "queue_run_delay": "1s",
            "smtpd_forbid_bare_newline": "normalize",
            "lmtp_destination_concurrency_limit": 4,
        }
        (conf / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
        services = [
            f"127.0.0.1:{self.incoming} inet n - n - - smtpd",
            f"127.0.0.1:{self.submission} inet n - n - - smtpd -o smtpd_client_connection_count_limit=0",
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 1 1 qmgr",
            "rewrite unix - - n - - trivial-rewrite",
            "bounce unix - - n - 0 bounce",
            "defer unix - - n - 0 bounce",
            "trace unix - - n - 0 bounce",
            "verify unix - - n - 1 verify",
            "flush unix n - n 1000? 0 flush",
            "proxymap unix - - n - - proxymap",
            "smtp unix - - n - - smtp",
            "relay unix - - n - - smtp",
            "lmtp unix - - n - - lmtp",
            "error unix - - n - - error",
            "retry unix - - n - - error",
            "discard unix - - n - - discard",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "postlog unix-dgram n - n - 1 postlogd",
        ]
        (conf / "master.cf").write_text("\n".join(services) + "\n")


class Dovecot:
    """A mailbox for the tests that look into one: one user, whose password is ``secret``."""

    user, password = "hifa", "zawadi-imap-secret"

    def __init__(self, folder: Path) -> None:
        self.port, self.tls_port = free_port(), free_port()
        self.certificate = folder / "cert.pem"
        """Of the port for TLS: its own, which nobody trusts unless told to."""
        self.maildir = folder / "mail"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        install_mail_servers()
        if os.geteuid() != 0:
            raise ServerMissing("Dovecot is started by root only.")
        owner = _user("dovecot", "nobody")
        for name in ("cur", "new", "tmp"):
            (self.maildir / name).mkdir(parents=True)
        for path in (self.maildir, *self.maildir.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        _open_to_all(self._folder)
        (self._folder / "users").write_text(
            f"{self.user}:{{PLAIN}}{self.password}:{owner.pw_uid}:{owner.pw_gid}::{self._folder}::\n"
        )
        (self._folder / "users").chmod(0o644)
        key = self._folder / "key.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
                *("-keyout", str(key), "-out", str(self.certificate), "-days", "2", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
            ],
            check=True,
            capture_output=True,
        )
        (self._folder / "dovecot.conf").write_text(
            f"base_dir = {self._folder}/run\nstate_dir = {self._folder}/run\nlog_path = {self._folder}/log\nssl = yes\n"
            f"ssl_cert = <{self.certificate}\nssl_key = <{key}\n"
            f"disable_plaintext_auth = no\nprotocols = imap\nlisten = 127.0.0.1\n"
            f"mail_location = maildir:{self.maildir}\n"
            f"first_valid_uid = 1\nfirst_valid_gid = 1\ndefault_internal_user = {owner.pw_name}\n"
            f"default_login_user = {owner.pw_name}\n"
            f"passdb {{\n driver = passwd-file\n args = {self._folder}/users\n}}\n"
            f"userdb {{\n driver = passwd-file\n args = {self._folder}/users\n}}\n"
            f"service imap-login {{\n chroot =\n inet_listener imap {{\n port = {self.port}\n }}\n"
            f" inet_listener imaps {{\n port = {self.tls_port}\n ssl = yes\n }}\n}}\n"
            "service anvil {\n chroot =\n}\n"
            "service stats {\n unix_listener stats-writer {\n mode = 0666\n }\n}\n"
        )
        self._process = subprocess.Popen(
            [_DOVECOT, "-F", "-c", self._folder / "dovecot.conf"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for_port(self.port)
        except ServerMissing:
            raise ServerMissing(f"Dovecot did not start: {self.log()}") from None

    def log(self) -> str:
        path = self._folder / "log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def receives(self, raw: bytes, name: str) -> None:
        """A mail comes into the mailbox, as a mail server would lay it there."""
        written = self.maildir / "tmp" / name
        written.write_bytes(raw)
        owner = self.maildir.stat()
        os.chown(written, owner.st_uid, owner.st_gid)
        written.rename(self.maildir / "new" / name)

    def numbers_anew(self) -> None:
        """As after a move to another server: the same mails, with other numbers (UIDVALIDITY)."""
        for path in self.maildir.glob("dovecot*"):
            path.unlink()

    def seen(self) -> list[str]:
        """Names of the mails that were marked as seen."""
        return sorted(path.name.partition(":")[0] for path in (self.maildir / "cur").iterdir() if "S" in path.name[-8:])

    def unread(self, name: str) -> None:
        """A mail that was marked as seen is so no more."""
        [path] = (self.maildir / "cur").glob(f"{name}*")
        path.rename(path.with_name(f"{path.name.partition(':')[0]}:2,"))

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)


@contextmanager
def short_folder() -> Iterator[Path]:
    """Unix sockets have names of at most 107 bytes, and the tests' own folders lie deep."""
    folder = Path(tempfile.mkdtemp(prefix="baraza-mail-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)


def _wait_for_port(port: int) -> None:
    import socket

    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise ServerMissing(f"nobody listens at port {port}")
