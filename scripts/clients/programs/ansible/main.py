"""ansible-core with OpenSSH underneath: modules, files and a playbook, with pipelining and without, on one connection."""

import atexit
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "shared"))
# the scenarios of the databases read them
for name in ("PGHOST", "PGUSER", "PGPASSWORD", "PGDATABASE"):
    os.environ.setdefault(name, "")
os.environ.setdefault("PGPORT", "0")

import scenarios as shared  # noqa: E402

HOME = os.environ["SSH_HOME"]
BIN = pathlib.Path(sys.executable).parent
WORK = pathlib.Path(tempfile.mkdtemp(prefix="tw-ansible-"))
atexit.register(shutil.rmtree, WORK, True)
CONTENT = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(40_000))
registry = {}

INVENTORY = {
    "all": {
        "hosts": {
            "target": {
                "ansible_host": os.environ["SSH_HOST"],
                "ansible_port": int(os.environ["SSH_PORT"]),
                "ansible_user": os.environ["SSH_USER"],
                "ansible_ssh_private_key_file": os.environ["SSH_KEY"],
                "ansible_python_interpreter": "/usr/bin/python3",
                "ansible_ssh_common_args": f"-F none -o UserKnownHostsFile={os.environ['SSH_KNOWN_HOSTS']}"
                " -o IdentitiesOnly=yes -o BatchMode=yes",
                "ansible_ssh_args": "-o ControlMaster=auto -o ControlPersist=20s",
            }
        }
    }
}
PLAYBOOK = """
- hosts: target
  gather_facts: false
  become: false
  tasks:
    - name: copy
      ansible.builtin.copy: { src: "%(source)s", dest: "%(home)s/played.bin", mode: "0640" }
    - name: template
      ansible.builtin.template: { src: "%(template)s", dest: "%(home)s/played.conf" }
    - name: line
      ansible.builtin.lineinfile: { path: "%(home)s/played.conf", line: "added = yes" }
    - name: command
      ansible.builtin.command: sha256sum %(home)s/played.bin
      register: summed
      changed_when: false
    - name: check
      ansible.builtin.assert: { that: "summed.stdout is match('%(sha256)s')" }
    - name: handler
      ansible.builtin.shell: "cat %(home)s/played.conf | sort | tee %(home)s/sorted.conf"
      notify: restarted
  handlers:
    - name: restarted
      ansible.builtin.command: echo restarted
"""


def ansible(program, args, pipelining):
    env = {
        **os.environ,
        "ANSIBLE_HOME": str(WORK / "home"),
        "ANSIBLE_REMOTE_TEMP": f"{HOME}/.ansible",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(WORK / "cp"),
        "ANSIBLE_PIPELINING": str(pipelining),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
        "ANSIBLE_SYSTEM_WARNINGS": "False",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "LC_ALL": "C.UTF-8",
    }
    inventory = WORK / "inventory.json"
    inventory.write_text(json.dumps(INVENTORY))
    done = subprocess.run(
        [str(BIN / program), "-i", str(inventory), *args], env=env, capture_output=True, text=True, timeout=80
    )
    text = done.stdout + done.stderr
    # temporary names and the host as it is reached are no matter of the target
    text = re.sub(r"ansible-tmp-[\d.-]+|\.source\.?[^\"]*", "TMP", text)
    return {"code": done.returncode, "text": re.sub(r"\s+\n", "\n", text)}


def module(name, args, pipelining):
    return ansible("ansible", ["target", "-m", name, "-a", args], pipelining)


def answer(name, args, pipelining, *keys):
    """Those keys of what a module answers, since others are times."""
    done = module(name, args, pipelining)
    found = re.search(r"(\{.*\})", done["text"], re.S)
    values = json.loads(found.group(1)) if found else {}
    return {"code": done["code"], **({key: values.get(key) for key in keys} if found else {"text": done["text"]})}


def local_file():
    path = WORK / "source.bin"
    path.write_bytes(CONTENT)
    return path


def play_ping(pipelining):
    return answer("ping", "", pipelining, "ping", "changed")


def play_command(pipelining):
    said = module("command", "sh -c 'echo out; echo err >&2; pwd; id -un'", pipelining)
    failed = module("command", "sh -c 'exit 3'", pipelining)
    return [said, failed["code"], "rc=3" in failed["text"]]


def play_copy(pipelining):
    path = local_file()
    sent = answer("copy", f"src={path} dest={HOME}/copied.bin mode=0600", pipelining, "changed", "checksum", "size", "mode")
    again = answer("copy", f"src={path} dest={HOME}/copied.bin mode=0600", pipelining, "changed")
    there = module("command", f"sha256sum {HOME}/copied.bin", pipelining)
    assert hashlib.sha256(CONTENT).hexdigest() in there["text"], there["text"]
    return [sent, again]


def play_fetch(pipelining):
    back = WORK / "fetched.bin"
    done = answer("fetch", f"src={HOME}/given.bin dest={back} flat=yes", pipelining, "changed", "checksum")
    return [done, hashlib.sha256(back.read_bytes()).hexdigest()]


def play_playbook(pipelining):
    template = WORK / "played.conf.j2"
    template.write_text("host = {{ inventory_hostname }}\nsum = {{ 40 + 2 }}\n")
    playbook = WORK / "play.yaml"
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    playbook.write_text(PLAYBOOK % {"source": local_file(), "template": template, "home": HOME, "sha256": sha256})
    first = ansible("ansible-playbook", [str(playbook)], pipelining)
    result = module("command", f"cat {HOME}/sorted.conf", pipelining)
    assert "failed=0" in first["text"] and first["code"] == 0, first["text"]
    return [first, result]


for name, pipelining, play in (
    ("ping", False, play_ping),
    ("ping, pipelining", True, play_ping),
    ("command", False, play_command),
    ("copy", False, play_copy),
    ("copy, pipelining", True, play_copy),
    ("fetch", False, play_fetch),
    ("playbook", False, play_playbook),
    ("playbook, pipelining", True, play_playbook),
):
    shared.scenario(registry, name)(lambda play=play, pipelining=pipelining: play(pipelining))


@shared.scenario(registry, "labelled")
def labelled():
    # on a terminal masks keep the width
    args = ["target", "-m", "raw", "-a", f"cat {HOME}/customers.csv", "-e", "ansible_ssh_use_tty=false"]
    return ansible("ansible", args, False)


@shared.scenario(registry, "a refused command is a failed task")
def refused():
    return module("raw", "hostid > /dev/null && echo ran", False)


@shared.scenario(registry, "the connection goes on after it")
def after():
    return module("raw", "echo here", False)


def leave():
    for path in (WORK / "cp").glob("*"):
        subprocess.run(["ssh", "-F", "none", "-o", f"ControlPath={path}", "-O", "exit", "x"], capture_output=True)
    shutil.rmtree(WORK, True)


registry["left"] = lambda: leave()
shared.run(registry)
