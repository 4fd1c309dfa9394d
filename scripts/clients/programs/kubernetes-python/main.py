import base64
import hashlib
import json
import os
import secrets
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "shared"))
from kubernetes import client, config, watch  # noqa: E402
from kubernetes.client.rest import ApiException  # noqa: E402
from kubernetes.stream import stream  # noqa: E402
from scenarios import run, scenario  # noqa: E402

NAMESPACE = os.environ["CLIENT_NAMESPACE"]
config.load_kube_config()
core = client.CoreV1Api()
all_scenarios = {}


def play(name):
    return lambda function: scenario(all_scenarios, name)(function)


def decoded(data):
    return {key: base64.b64decode(value).decode() for key, value in sorted(data.items())}


def config_map(name, data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def refusal(function, *args):
    try:
        function(*args)
    except ApiException as error:
        body = json.loads(error.body)
        return [error.status, body.get("reason"), body.get("message")]
    return "no error"


@play("who")
def _who():
    review = client.AuthenticationV1Api().create_self_subject_review(client.V1SelfSubjectReview())
    return review.status.user_info.username


@play("get")
def _get():
    found = core.read_namespaced_config_map("settings", NAMESPACE)
    return [found.data["colour"], found.metadata.labels]


@play("list")
def _list():
    pods = core.list_namespaced_pod(NAMESPACE).items
    return [[pod.metadata.name, pod.spec.containers[0].command, pod.status.phase] for pod in pods]


@play("pages")
def _pages():
    pages, mark = [], None
    while True:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="set=pages", limit=10, _continue=mark)
        pages.append([one.data["page"] for one in page.items])
        mark = page.metadata._continue
        if not mark:
            return pages


@play("change")
def _change():
    results = [core.create_namespaced_config_map(NAMESPACE, config_map("made", {"a": "1"})).data]
    results.append(refusal(core.create_namespaced_config_map, NAMESPACE, config_map("made", {"a": "1"})))
    results.append(core.patch_namespaced_config_map("made", NAMESPACE, {"data": {"b": "2"}}).data)
    patch = [{"op": "add", "path": "/data/c", "value": "3"}]
    results.append(core.patch_namespaced_config_map("made", NAMESPACE, patch).data)
    found = core.read_namespaced_config_map("made", NAMESPACE)
    found.data = {"d": "4"}
    results.append(core.replace_namespaced_config_map("made", NAMESPACE, found).data)
    results.append(refusal(core.replace_namespaced_config_map, "made", NAMESPACE, found)[:2])
    core.delete_namespaced_config_map("made", NAMESPACE)
    results.append(refusal(core.read_namespaced_config_map, "made", NAMESPACE))
    return results


@play("watch")
def _watch():
    version = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version
    events = []
    watching = watch.Watch()
    changes = iter(range(1, 9))
    core.create_namespaced_config_map(NAMESPACE, config_map("watched", {"n": "0"}))
    for event in watching.stream(
        core.list_namespaced_config_map, NAMESPACE, resource_version=version, timeout_seconds=60
    ):
        events.append([event["type"], event["object"].metadata.name, event["object"].data["n"]])
        if event["type"] == "DELETED":
            watching.stop()
            break
        change = next(changes, None)
        if change is None:
            core.delete_namespaced_config_map("watched", NAMESPACE)
        else:
            core.patch_namespaced_config_map("watched", NAMESPACE, {"data": {"n": str(change)}})
    return events


@play("secret")
def _secret():
    one = core.read_namespaced_secret("db", NAMESPACE)
    many = core.list_namespaced_secret(NAMESPACE).items
    return [decoded(one.data), [[each.type, decoded(each.data)] for each in many]]


@play("labelled")
def _labelled():
    return core.read_namespaced_config_map("settings", NAMESPACE).data


@play("large")
def _large():
    text = secrets.token_hex(350_000)
    core.create_namespaced_config_map(NAMESPACE, config_map("large", {"text": text}))
    found = core.read_namespaced_config_map("large", NAMESPACE).data["text"]
    return hashlib.sha256(found.encode()).hexdigest() == hashlib.sha256(text.encode()).hexdigest()


@play("logs")
def _logs():
    lines = []
    following = watch.Watch()
    for line in following.stream(core.read_namespaced_pod_log, name="web-1", namespace=NAMESPACE):
        lines.append(line)
        if line == "three":
            following.stop()
            break
    return [lines, core.read_namespaced_pod_log("web-1", NAMESPACE, tail_lines=1)]


@play("exec")
def _exec():
    command = ["sh", "-c", "echo out; echo err >&2; exit 3"]
    shell = stream(
        core.connect_get_namespaced_pod_exec,
        "web-1",
        NAMESPACE,
        command=command,
        stdout=True,
        stderr=True,
        stdin=False,
        tty=False,
        _preload_content=False,
    )
    shell.run_forever(timeout=30)
    return [shell.read_stdout(), shell.read_stderr(), shell.returncode]


run(all_scenarios)
