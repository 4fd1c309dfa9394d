import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  eventually,
  hasCommand,
  kubectlEnvironment,
  kubernetesMissing,
  kubernetesNeed,
  kubernetesPrograms,
  skipUnless,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type KubeWorld, startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const POLICY = `version: 1
labels:
  pii.email: { detect: [email] }
rules:
  - id: no-curl
    when: '"curl" in kube.programs'
    deny: '"curl" to outside hosts is stopped in prod'
  - id: ask-first
    when: '"touch" in kube.programs'
    review: { by: ["group:reviewers"] }
  - id: mask-pii
    mask: { default: constant }
`;

const TRANSPORTS = [
  ["WebSocket", {}],
  ["SPDY", { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" }],
] as const;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** kubectl in a terminal that is typed into; `see` waits for text behind what was seen before. */
function terminal(world: KubeWorld, command: string, env: Record<string, string> = {}) {
  const { kubectl } = kubernetesPrograms();
  const child = spawn("script", ["-qefc", `stty rows 30 cols 100; exec '${kubectl}' ${command}`, "/dev/null"], {
    stdio: "pipe",
    env: { ...process.env, ...kubectlEnvironment(world.kubeconfig()), ...env },
  });
  let output = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const see = (text: string): Promise<true> =>
    eventually(
      () => {
        const at = output.indexOf(text, seen);
        if (at < 0) throw new Error(`not seen: ${text} in ${JSON.stringify(output.slice(seen))}`);
        seen = at + text.length;
        return true as const;
      },
      { within: 15_000, on: [[child.stdout, "data"]] },
    );
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { type: (text: string) => child.stdin.write(text), see, closed, all: () => output, kill: () => child.kill() };
}

skipUnless(kubernetesMissing() === undefined, kubernetesNeed).describe("streams into containers", () => {
  let world: KubeWorld;

  beforeAll(async () => {
    world = await startWorld([{ name: "p.yaml", source: POLICY }]);
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web-1", namespace: "default" },
      spec: { containers: [{ name: "app", image: "none" }] },
    };
    await world.admin(["apply", "-f", "-"], { input: JSON.stringify(pod) });
    await world.admin(["wait", "--for=condition=Ready", "pod/web-1", "--timeout=20s"]);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** Events recorded since `from`. */
  const since = (from: number) => world.gateway.events.slice(from);

  for (const [name, env] of TRANSPORTS) {
    it(`exec over ${name} is as it is without the gateway: output, error, exit`, async () => {
      for (const script of ["echo out; echo err >&2; exit 7", "exit 0", "cat", "kill -9 $$"]) {
        const args = ["exec", "-i", "web-1", "--", "sh", "-c", script];
        const options = { env, input: "typed\n" };
        const direct = await world.direct(args, options);
        expect(await world.kubectl(args, options), script).toEqual(direct);
      }
      const from = world.gateway.events.length;
      await world.kubectl(["exec", "web-1", "-c", "app", "--", "sh", "-c", "echo 'a b'; exit 3"], { env });
      const [judged, shown, finished] = since(from)
        .filter(({ type }) => /^(operation|terminal)/.test(type))
        .slice(-3);
      expect(judged).toMatchObject({
        kind: "kube create pods/exec",
        text: `kubectl exec -n default web-1 -c app -- sh -c 'echo '\\''a b'\\''; exit 3'`,
        outcome: "allow",
      });
      expect(shown).toMatchObject({ type: "terminal", stream: "output", text: "a b\n" });
      expect(finished).toMatchObject({ type: "operation_finished", result: "error", tag: "exit 3", bytes: 4 });
    });

    it(`errors of the API server come over ${name} as they come without the gateway`, async () => {
      for (const args of [
        ["exec", "web-1", "-c", "nope", "--", "true"],
        ["exec", "web-1", "--", "/no/such/program"],
        ["exec", "web-9", "--", "true"],
        ["attach", "web-1", "-c", "nope"],
      ]) {
        const direct = await world.direct(args, { env });
        expect(direct.code, args.join(" ")).not.toBe(0);
        expect(await world.kubectl(args, { env })).toEqual(direct);
      }
    });

    it(`10 MB go in and come out over ${name}, and every byte is the one that was sent`, async () => {
      const input = randomBytes(10 * 1024 * 1024);
      const { stdout } = await world.kubectl(["exec", "-i", "web-1", "--", "sha256sum"], { env, input });
      expect(stdout.slice(0, 64)).toBe(sha256(input));
      const text = Buffer.from(input.toString("base64").slice(0, 10 * 1024 * 1024));
      const echoed = await world.kubectl(["exec", "-i", "web-1", "--", "cat"], { env, input: text });
      expect(sha256(echoed.stdoutBytes)).toBe(sha256(text));
    });

    it(`masks, refuses and holds over ${name}`, async () => {
      const masked = await world.kubectl(
        ["exec", "web-1", "--", "sh", "-c", "printf 1,ana.lo; echo pez@example.com; echo b@example.com >&2"],
        { env },
      );
      expect(masked).toMatchObject({ code: 0, stdout: "1,[mail]\n", stderr: expect.stringContaining("[mail]") });
      const refused = await world.kubectl(["exec", "web-1", "--", "curl", "https://example.com"], { env });
      expect(refused).toMatchObject({
        code: 1,
        stdout: "",
        stderr: `error: pods/exec "web-1": not run: "curl" to outside hosts is stopped in prod [no-curl]\n`,
      });
      const opened = world.gateway.nextReview();
      const held = world.kubectl(["exec", "-i", "web-1", "--", "sh", "-c", "touch x; cat"], { env, input: "kept\n" });
      await world.gateway.decide(await opened, "approve", "mia", "ticket 812");
      expect(await held).toMatchObject({ code: 0, stdout: "kept\n" });
      const { stderr } = await held;
      expect(stderr).toContain("tidewaiter: waiting for a person; this has NOT run [ask-first]\n");
      expect(stderr).toContain('tidewaiter: approved by mia: "ticket 812". Running.\n');
      const again = world.gateway.nextReview();
      const rejected = world.kubectl(["exec", "web-1", "--", "touch", "x"], { env });
      await world.gateway.decide(await again, "reject", "mia", "not today");
      expect((await rejected).stderr).toContain(
        'error: pods/exec "web-1": not run: mia said no: "not today" [ask-first]\n',
      );
      expect((await rejected).code).toBe(1);
    });

    it(`a client that leaves takes back what waits, over ${name}`, async () => {
      const from = world.gateway.events.length;
      const opened = world.gateway.nextReview();
      const leave = new AbortController();
      const held = world.kubectl(["exec", "web-1", "--", "touch", "x"], { env, signal: leave.signal });
      const id = await opened;
      leave.abort();
      await held;
      await eventually(() => expect(world.gateway.reviews.get(id)?.state).toBe("withdrawn"));
      expect(
        since(from)
          .filter(({ type }) => type === "operation_finished")
          .at(-1),
      ).toMatchObject({ result: "canceled" });
    });

    skipUnless(hasCommand("script"), "script").it(`a terminal over ${name}: sizes, keys, exit`, async () => {
      const from = world.gateway.events.length;
      const shell = terminal(world, "exec -it web-1 -- sh -c 'stty size; read line; echo got $line; exit 5'", env);
      await shell.see("30 100");
      shell.type("ana@example.com\r");
      await shell.see("got ***************");
      expect(await shell.closed).toBe(5);
      const sizes = since(from).filter(({ type }) => type === "terminal_size");
      expect(sizes.at(-1)).toMatchObject({ columns: 100, rows: 30 });
    });
  }
});
