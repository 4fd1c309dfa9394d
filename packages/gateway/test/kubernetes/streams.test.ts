import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import {
  eventually,
  freePort,
  hasCommand,
  kubectl,
  kubectlEnvironment,
  kubernetesMissing,
  kubernetesNeed,
  kubernetesPrograms,
  readAll,
  skipUnless,
  tempDir,
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
  - id: no-forward
    when: 'kube.subresource == "portforward" && kube.name == "closed"'
    deny: not this one
  - id: ask-first
    when: '"touch" in kube.programs || (kube.subresource == "portforward" && kube.name == "asked")'
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

/** Containers are processes of another user. */
function sharedFolder(name: string) {
  const folder = tempDir(name);
  chmodSync(folder.path, 0o777);
  return folder;
}

async function echoServer() {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.pipe(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

/** Sends all, ends, and reads until the other side does. */
async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(bytes);
  return readAll(socket);
}

/** kubectl port-forward, listening. */
async function portForward(kubeconfig: string, args: readonly string[], env: Record<string, string>) {
  const listening = Promise.withResolvers<number>();
  const stop = new AbortController();
  let output = "";
  const ended = kubectl(["port-forward", "--address", "127.0.0.1", ...args], {
    kubeconfig,
    env,
    signal: stop.signal,
    onStdout(chunk) {
      output += chunk.toString();
      const port = /127\.0\.0\.1:(\d+) ->/.exec(output)?.[1];
      if (port !== undefined) listening.resolve(Number(port));
    },
  });
  void ended.then(({ stderr }) => listening.reject(new Error(stderr)));
  const port = await listening.promise;
  return {
    port,
    ended,
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

skipUnless(kubernetesMissing() === undefined, kubernetesNeed).describe("streams into containers", () => {
  let world: KubeWorld;

  beforeAll(async () => {
    world = await startWorld([{ name: "p.yaml", source: POLICY }]);
    const pods = ["web-1", "closed", "asked"].map((name) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "default" },
      spec: { containers: [{ name: "app", image: "none" }] },
    }));
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: pods });
    await world.admin(["apply", "-f", "-"], { input });
    await world.admin(["wait", "--for=condition=Ready", "pod", "--all", "--timeout=20s"]);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** Events recorded since `from`. */
  const since = (from: number) => world.gateway.events.slice(from);

  for (const [name, env] of TRANSPORTS) {
    it(`exec over ${name} is as it is without the gateway: output, error, exit`, async () => {
      for (const script of ["echo out; echo err >&2; exit 7", "cat", "kill -9 $$"]) {
        const reads = script === "cat";
        const args = ["exec", ...(reads ? ["-i"] : []), "web-1", "--", "sh", "-c", script];
        const options = { env, input: reads ? "typed\n" : undefined };
        expect(await world.kubectl(args, options), script).toEqual(await world.direct(args, options));
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

    it(`port-forward over ${name}: several connections, half-closed, and what was not there`, async () => {
      await using echo = await echoServer();
      const from = world.gateway.events.length;
      const forward = await portForward(world.kubeconfig(), ["web-1", `:${echo.port}`], env);
      const sent = [1, 2, 3].map(() => randomBytes(300_000));
      const got = await Promise.all(sent.map((bytes) => exchange(forward.port, bytes)));
      expect(got.map(sha256)).toEqual(sent.map(sha256));
      // one that its client breaks off does not harm the others
      const broken = connect(forward.port, "127.0.0.1").on("error", () => {});
      await once(broken, "connect");
      broken.write("x");
      await once(broken, "data");
      broken.resetAndDestroy();
      expect((await exchange(forward.port, Buffer.from("again"))).toString()).toBe("again");
      await eventually(() => expect(since(from).filter(({ type }) => type === "forward")).toHaveLength(5));
      expect(since(from).filter(({ type }) => type === "forward")[0]).toMatchObject({
        to: `web-1:${echo.port}`,
        bytesToTarget: 300_000,
        bytesToClient: 300_000,
      });
      await forward.stop();
      await eventually(() => expect(since(from).at(-1)).toMatchObject({ type: "operation_finished", tag: "forward" }));
      const nobody = await freePort();
      const answers = [];
      for (const kubeconfig of [world.cluster.kubeconfig("ana"), world.kubeconfig()]) {
        const lost = await portForward(kubeconfig, ["web-1", `:${nobody}`], env);
        await exchange(lost.port, Buffer.from("x")).catch(() => {});
        answers.push(await lost.ended);
      }
      const words = answers.map(({ code, stderr }) => ({
        code,
        stderr: stderr.replaceAll(/^E\d+ [\d:.]+ +\d+|\b\d{5}\b/gm, ""),
      }));
      expect(words[1]).toEqual(words[0]);
      expect(words[0]?.stderr).toContain("connection refused");
      const args = ["port-forward", "web-9", "8080:80"];
      expect(await world.kubectl(args, { env })).toEqual(await world.direct(args, { env }));
    });

    it(`port-forward is refused, or waits for a person, before it opens, over ${name}`, async () => {
      const refused = await world.kubectl(["port-forward", "closed", ":80"], { env });
      const words = 'pods/portforward "closed": not opened: not this one [no-forward]';
      expect(refused).toMatchObject({
        code: 1,
        stdout: "",
        stderr: `error: error upgrading connection: unable to upgrade connection: ${words}\n`,
      });
      const opened = world.gateway.nextReview();
      const first = await world.kubectl(["port-forward", "asked", ":80"], { env });
      expect(first.code).toBe(1);
      expect(first.stderr).toContain("Run the same command again after approval");
      await world.gateway.decide(await opened, "approve", "mia", "ok");
      const forward = await portForward(world.kubeconfig(), ["asked", ":80"], env);
      await forward.stop();
    });

    it(`cp both ways over ${name}: the same bytes, and each file is recorded`, async () => {
      const folder = sharedFolder("cp");
      const sent = { "a.txt": Buffer.from("ana@example.com\n"), "b.bin": randomBytes(1_500_000) };
      mkdirSync(join(folder.path, "in"));
      for (const [file, bytes] of Object.entries(sent)) writeFileSync(join(folder.path, "in", file), bytes);
      const from = world.gateway.events.length;
      const there = join(folder.path, "there");
      mkdirSync(there);
      chmodSync(there, 0o777);
      expect(await world.kubectl(["cp", join(folder.path, "in"), `web-1:${there}/`], { env })).toMatchObject({
        code: 0,
      });
      expect(await world.kubectl(["cp", `web-1:${there}/in`, join(folder.path, "back")], { env })).toMatchObject({
        code: 0,
      });
      for (const [file, bytes] of Object.entries(sent))
        expect(sha256(readFileSync(join(folder.path, "back", file))), file).toBe(sha256(bytes));
      const files = since(from)
        .filter((event) => event.type === "file")
        .sort((one, other) => (one.path < other.path ? -1 : 1));
      const told = (direction: string, base: string) =>
        Object.entries(sent).map(([file, bytes]) => ({
          direction,
          path: `${base}/${file}`,
          bytes: bytes.length,
          sha256: sha256(bytes),
        }));
      expect(files).toHaveLength(4);
      expect(files).toMatchObject([...told("upload", `${there}/in`), ...told("download", `${there.slice(1)}/in`)]);
      await folder.remove();
    });

    it(`a client that is gone ends what it started within a second, over ${name}`, async () => {
      const folder = sharedFolder("gone");
      const mark = join(folder.path, "mark");
      const leave = new AbortController();
      const ready = Promise.withResolvers<void>();
      const running = world.kubectl(["exec", "-i", "web-1", "--", "sh", "-c", `echo ready; cat; echo gone > ${mark}`], {
        env,
        signal: leave.signal,
        abortWith: "SIGKILL",
        input: undefined,
        onStdout: () => ready.resolve(),
      });
      await ready.promise;
      leave.abort();
      await running;
      await eventually(() => readFileSync(mark), { within: 1_000 });
      await folder.remove();
    });

    it(`a slow client makes the container wait, over ${name}`, async () => {
      const folder = sharedFolder("slow");
      const count = join(folder.path, "count");
      const script = `i=0; while head -c 1048576 /dev/zero; do i=$((i+1)); echo $i > ${count}; done`;
      const child = spawn(kubernetesPrograms().kubectl, ["exec", "web-1", "--", "sh", "-c", script], {
        env: { ...process.env, ...kubectlEnvironment(world.kubeconfig()), ...env },
        stdio: ["ignore", "pipe", "ignore"],
      });
      const written = (): number => Number(readFileSync(count, "utf8").trim());
      await eventually(() => expect(written()).toBeGreaterThan(0), { within: 10_000 });
      let last = -1;
      await eventually(
        () => {
          const now = written();
          const same = now === last;
          last = now;
          return same;
        },
        { within: 15_000, every: 400 },
      );
      expect(last).toBeLessThan(64);
      child.kill("SIGKILL");
      await once(child, "close");
      await folder.remove();
    });

    it(`a session that is ended from outside says so over ${name}`, async () => {
      const ready = Promise.withResolvers<void>();
      const running = world.kubectl(["exec", "web-1", "--", "sh", "-c", "echo ready; sleep 30"], {
        env,
        onStdout: () => ready.resolve(),
      });
      await ready.promise;
      for (const session of world.gateway.sessions) session.interrupt({ type: "revoked", reason: "ended by mia" });
      const { code, stderr } = await running;
      expect(code).toBe(1);
      expect(stderr).toBe("error: the session on prod has ended: ended by mia\n");
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
