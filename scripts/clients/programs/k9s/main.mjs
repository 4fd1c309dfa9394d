// k9s in a terminal: what somebody in front of it sees, and what it says of a refusal.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../shared/command.mjs";
import { runScenarios } from "../shared/scenarios.mjs";
import { Terminal } from "./terminal.mjs";

const { CLIENT_NAMESPACE: namespace, CLIENT_KUBECTL: kubectl, KUBECONFIG } = process.env;
const folder = mkdtempSync(join(tmpdir(), "tidewaiter-k9s-"));
mkdirSync(join(folder, "config"));
const env = { K9S_CONFIG_DIR: join(folder, "config"), K9S_LOGS_DIR: folder, HOME: folder };
const options = ["--kubeconfig", KUBECONFIG, "-n", namespace, "--logoless", "--refresh", "1", "-c", "pods"];
const k9s = new Terminal(program("k9s"), options, { env, cols: 240 });
process.once("exit", () => {
  k9s.kill();
  rmSync(folder, { recursive: true, force: true });
});

const [ESCAPE, ENTER, DELETE] = ["\x1b", "\r", "\x04"];
/** A line of the screen without its frame, and with single spaces. */
const plain = (line) =>
  line
    .replaceAll(/[│─┌┐└┘║═╔╗╚╝]/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
const line = (pattern) => (lines) => lines.map(plain).find((one) => pattern.test(one));
const title = (pattern) => (lines) => lines.some((one) => pattern.test(one));

/** Goes to a kind of object and waits until `pattern` is among them. */
async function go(kind, pattern) {
  k9s.type(`:${kind}${ENTER}`);
  await k9s.see(kind, (lines) => title(new RegExp(`${kind}.*\\[\\d+\\]`, "i"))(lines) && line(pattern)(lines));
}

/** Back to the list from a page of one object. */
async function back(pattern) {
  k9s.type(ESCAPE);
  await k9s.see("the list", (lines) => title(/\(.*\)\[\d+\]/)(lines) && line(pattern)(lines));
}

await runScenarios({
  "pods are listed": async () => {
    const pod = await k9s.see("web-1", line(/\bweb-1\b.*Running/));
    return /web-1 .*Running/.exec(pod) !== null;
  },
  "a pod is described": async () => {
    k9s.type("d");
    const name = await k9s.see("its description", line(/^Name: +web-1/));
    const label = await k9s.see("its labels", line(/^Labels: /));
    await back(/web-1/);
    return [name, label];
  },
  "its logs": async () => {
    k9s.type("l");
    await k9s.see("three", line(/\bthree$/));
    const { lines } = k9s;
    await back(/web-1/);
    return lines.map(plain).filter((one) => /\b(one|two|three)$/.test(one));
  },
  secret: async () => {
    await go("secrets", /^db /);
    k9s.type("y");
    const yaml = [
      await k9s.see("the password", line(/^password: \S+/)),
      await k9s.see("the token", line(/^token: \S+/)),
    ];
    await back(/^db /);
    k9s.type("x");
    const decoded = [
      await k9s.see("the password", line(/^password: \S+/)),
      await k9s.see("the token", line(/^token: \S+/)),
    ];
    await back(/^db /);
    return { yaml, decoded };
  },
  labelled: async () => {
    await go("configmaps", /^contact /);
    k9s.type(`/contact${ENTER}`);
    await k9s.see("it alone", (lines) => !line(/^page-01 /)(lines) && line(/^contact /)(lines));
    k9s.type("y");
    const email = await k9s.see("its value", line(/^email: \S+/));
    await back(/^contact /);
    return email;
  },
  "a change elsewhere is seen": async () => {
    await go("configmaps", /^contact /);
    k9s.type(ESCAPE);
    await k9s.see("all", line(/^page-01 /));
    spawnSync(kubectl, ["-n", namespace, "create", "configmap", "aaa", "--from-literal=a=1"]);
    await k9s.see("the new one", line(/^aaa /));
    spawnSync(kubectl, ["-n", namespace, "delete", "configmap", "aaa"]);
    await k9s.see("it gone", (lines) => !line(/^aaa /)(lines));
    return true;
  },
  "a deletion": async () => {
    await go("leases", /^kept /);
    k9s.type(DELETE);
    await k9s.see("the question", line(/\bOK\b/));
    k9s.type(`\t${ENTER}`);
    // the flash at the bottom, which goes after a while
    return k9s.see("what came of it", (lines) => (line(/^kept /)(lines) ? line(/failed|is kept/)(lines) : "gone"));
  },
  "its end": async () => {
    k9s.type("\x03");
    return k9s.closed;
  },
});
