"""libssh2 through ssh2-python: commands, a terminal, sftp and scp."""

import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "shared"))
import scenarios as shared  # noqa: E402
import ssh  # noqa: E402
from ssh2.session import Session  # noqa: E402
from ssh2.sftp import (  # noqa: E402
    LIBSSH2_FXF_CREAT,
    LIBSSH2_FXF_READ,
    LIBSSH2_FXF_WRITE,
)

registry = {}
BLOCK = 1 << 20


def connect(by_password=False):
    session = Session()
    session.handshake(socket.create_connection((ssh.HOST, ssh.PORT)))
    if by_password and ssh.PASSWORD is not None:
        session.userauth_password(ssh.PASSWORD_USER, ssh.PASSWORD)
    else:
        session.userauth_publickey_fromfile(ssh.USER, ssh.KEY)
    return session


session = connect()


def read(channel):
    out, err = b"", b""
    while True:
        size, part = channel.read(BLOCK)
        out += part
        if size <= 0:
            break
    while True:
        size, part = channel.read_stderr(BLOCK)
        err += part
        if size <= 0:
            break
    channel.wait_eof()
    channel.close()
    channel.wait_closed()
    return [channel.get_exit_status(), out.decode(), err.decode()]


def ask(command, stdin=b"", by=session):
    channel = by.open_session()
    channel.execute(command)
    if stdin:
        channel.write(stdin)
    channel.send_eof()
    return read(channel)


@shared.scenario(registry, "output, errors and status")
def said():
    return ask(ssh.SAID)


@shared.scenario(registry, "standard input")
def stdin():
    return ask("sha256sum", b"x" * 3_000_000)


@shared.scenario(registry, "much output")
def much():
    code, out, _ = ask(ssh.MUCH)
    return [code, len(out), ssh.digest(out.encode())]


@shared.scenario(registry, "several channels")
def several():
    channels = []
    for command in ssh.MANY:
        channel = session.open_session()
        channel.execute(command)
        channel.send_eof()
        channels.append(channel)
    return [read(channel) for channel in reversed(channels)]


@shared.scenario(registry, "a shell on a terminal")
def shell():
    channel = session.open_session()
    channel.pty("xterm")
    channel.shell()
    channel.write(ssh.TYPED)
    status, text, _ = read(channel)
    return ["42" in text, status]


@shared.scenario(registry, "32 MiB there and back")
def both():
    data = ssh.content()
    sftp = session.sftp_init()
    with sftp.open(ssh.remote("there.bin"), LIBSSH2_FXF_CREAT | LIBSSH2_FXF_WRITE, 0o644) as file:
        file.write(data)
    there = ssh.digest(ssh.kept("there.bin")) == ssh.digest(data)
    with sftp.open(ssh.remote("there.bin"), LIBSSH2_FXF_READ, 0) as file:
        back = b"".join(part for _, part in file)
    return [there, ssh.digest(back) == ssh.digest(data)]


@shared.scenario(registry, "scp")
def scp():
    data = ssh.content()[:5_000_000]
    channel = session.scp_send64(ssh.remote("copied.bin"), 0o644, len(data), 0, 0)
    channel.write(data)
    channel.send_eof()
    channel.wait_eof()
    channel.wait_closed()
    return ssh.kept("copied.bin") == data


@shared.scenario(registry, "names")
def names():
    sftp = session.sftp_init()
    sftp.mkdir(ssh.remote("folder"), 0o755)
    with sftp.open(ssh.remote("folder/one"), LIBSSH2_FXF_CREAT | LIBSSH2_FXF_WRITE, 0o600) as file:
        file.write(b"1")
    sftp.rename(ssh.remote("folder/one"), ssh.remote("folder/two"))
    with sftp.opendir(ssh.remote("folder")) as folder:
        listed = sorted(name.decode() for _, name, _ in folder.readdir())
    size = sftp.stat(ssh.remote("folder/two")).filesize
    try:
        sftp.stat(ssh.remote("nowhere"))
        wrong = None
    except Exception as error:
        wrong = [type(error).__name__, sftp.last_error()]
    return [listed, size, wrong]


@shared.scenario(registry, "a password")
def password():
    other = connect(by_password=True)
    return ask("echo in", by=other)


@shared.scenario(registry, "labelled")
def labelled():
    return ask(ssh.LABELLED)


@shared.scenario(registry, "a refused command")
def refused():
    return ask(ssh.REFUSED)


@shared.scenario(registry, "the next command runs")
def after():
    return ask("echo here")


shared.run(registry)
