"""What libraries for SSH play, as ssh.mjs has it for programs: a client gives what it can do."""

import hashlib
import os

HOST = os.environ["SSH_HOST"]
PORT = int(os.environ["SSH_PORT"])
USER = os.environ["SSH_USER"]
KEY = os.environ["SSH_KEY"]
KNOWN_HOSTS = os.environ["SSH_KNOWN_HOSTS"]
HOME = os.environ["SSH_HOME"]
# Without one, as at the server itself, the scenario that would use it goes by key.
PASSWORD = os.environ.get("SSH_PASSWORD")
PASSWORD_USER = os.environ.get("SSH_PASSWORD_USER")
BIG = 32 * 1024 * 1024


def remote(name):
    return f"{HOME}/{name}"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def content():
    return os.urandom(BIG)


def kept(name):
    """What the host has: its disk is this machine's."""
    with open(remote(name), "rb") as file:
        return file.read()


def keep(name, data):
    with open(remote(name), "wb") as file:
        file.write(data)
    os.chmod(remote(name), 0o644)


SAID = "echo out; echo err >&2; exit 3"
MANY = [f"sleep 0.2; echo number {n}; exit {n}" for n in range(8)]
MUCH = "yes line of text | head -c 8000000"
LABELLED = f"cat {HOME}/customers.csv"
REFUSED = "hostid > /dev/null && echo ran"
# the answer is not in the question, which a terminal echoes
TYPED = "echo $((40+2)); exit 5\n"
