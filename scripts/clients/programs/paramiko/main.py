"""paramiko: commands, a shell on a terminal, sftp, and several channels of one connection."""

import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "shared"))
import scenarios as shared  # noqa: E402
import ssh  # noqa: E402
import paramiko  # noqa: E402

registry = {}


def connect(by_password=False):
    client = paramiko.SSHClient()
    client.load_host_keys(ssh.KNOWN_HOSTS)
    alone = {"look_for_keys": False, "allow_agent": False}
    if by_password and ssh.PASSWORD is not None:
        client.connect(ssh.HOST, ssh.PORT, ssh.PASSWORD_USER, ssh.PASSWORD, **alone)
    else:
        client.connect(ssh.HOST, ssh.PORT, ssh.USER, key_filename=ssh.KEY, **alone)
    return client


client = connect()


def ask(command, stdin=b"", by=client):
    into, out, err = by.exec_command(command)
    into.write(stdin)
    into.channel.shutdown_write()
    answer = [out.read().decode(), err.read().decode()]
    return [out.channel.recv_exit_status(), *answer]


def together(count, play):
    results = [None] * count

    def keep(n):
        results[n] = play(n)

    threads = [threading.Thread(target=keep, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


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
    return together(len(ssh.MANY), lambda n: ask(ssh.MANY[n]))


@shared.scenario(registry, "a shell on a terminal")
def shell():
    channel = client.invoke_shell("xterm", 80, 24)
    channel.sendall(ssh.TYPED)
    text = b""
    while part := channel.recv(65536):
        text += part
    return ["42" in text.decode(), channel.recv_exit_status()]


@shared.scenario(registry, "a terminal changes its size")
def size():
    channel = client.get_transport().open_session()
    channel.get_pty("vt100", 100, 30)
    channel.exec_command("stty size; read line; stty size")
    first = channel.recv(100).decode().strip()
    channel.resize_pty(120, 40)
    channel.sendall("\n")
    text = b""
    while part := channel.recv(1000):
        text += part
    return [first, text.decode().split(), channel.recv_exit_status()]


@shared.scenario(registry, "32 MiB there and back")
def both():
    data = ssh.content()
    with client.open_sftp() as sftp:
        with sftp.open(ssh.remote("there.bin"), "wb") as file:
            file.set_pipelined(True)
            file.write(data)
        there = ssh.digest(ssh.kept("there.bin")) == ssh.digest(data)
        with sftp.open(ssh.remote("there.bin"), "rb") as file:
            file.prefetch()
            back = ssh.digest(file.read()) == ssh.digest(data)
    return [there, back]


@shared.scenario(registry, "names")
def names():
    with client.open_sftp() as sftp:
        sftp.mkdir(ssh.remote("folder"))
        with sftp.open(ssh.remote("folder/one"), "w") as file:
            file.write("1")
        sftp.rename(ssh.remote("folder/one"), ssh.remote("folder/two ü"))
        sftp.posix_rename(ssh.remote("folder/two ü"), ssh.remote("folder/three"))
        sftp.symlink("three", ssh.remote("folder/link"))
        sftp.chmod(ssh.remote("folder/three"), 0o600)
        listed = sorted(sftp.listdir(ssh.remote("folder")))
        mode = oct(sftp.stat(ssh.remote("folder/link")).st_mode)
        try:
            sftp.stat(ssh.remote("nowhere"))
        except FileNotFoundError as error:
            missing = str(error)
        return [listed, mode, sftp.readlink(ssh.remote("folder/link")), missing, sftp.normalize(ssh.remote("folder/.."))[-5:]]


@shared.scenario(registry, "files on several channels")
def files():
    data = [bytes([n]) * 400_000 for n in range(6)]

    def move(n):
        with client.open_sftp() as sftp:
            with sftp.open(ssh.remote(f"file-{n}"), "wb") as file:
                file.write(data[n])
            with sftp.open(ssh.remote(f"file-{n}"), "rb") as file:
                return file.read() == data[n]

    return together(6, move)


@shared.scenario(registry, "a password")
def password():
    with connect(by_password=True) as other:
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
