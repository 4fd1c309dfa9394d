"""ssh-audit: what it finds in what a listener offers. The server that it is compared with offers only what it likes."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "shared"))
import scenarios as shared  # noqa: E402

registry = {}
PARTS = ("kex", "key", "enc", "mac")


def report():
    program = pathlib.Path(sys.executable).parent / "ssh-audit"
    args = [str(program), "-j", "-p", os.environ["SSH_PORT"], os.environ["SSH_HOST"]]
    return json.loads(subprocess.run(args, capture_output=True, text=True, timeout=60).stdout)


@shared.scenario(registry, "no algorithm fails")
def failures():
    found = report()
    assert all(found[part] for part in PARTS), found
    return [
        [part, entry["algorithm"], why]
        for part in PARTS
        for entry in found[part]
        for why in entry.get("notes", {}).get("fail", [])
    ]


@shared.scenario(registry, "strict key exchange")
def strict():
    return "kex-strict-s-v00@openssh.com" in [entry["algorithm"] for entry in report()["kex"]]


@shared.scenario(registry, "no known weakness")
def weaknesses():
    return report().get("cves", [])


shared.run(registry)
