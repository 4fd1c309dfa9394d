import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { KUBERNETES_DOMAIN } from "@tidewaiter/kubernetes/accept-client/choose-resource";
import {
  eventually,
  freePort,
  hasCommand,
  interactiveInTerminal,
  kubectlEnvironment,
  kubernetesMissing,
  kubernetesNeed,
  kubernetesPrograms,
  readAll,
  runCommand,
  skipUnless,
  tempDir,
} from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { type KubeWorld, RESOURCE, startWorld } from "./world.ts";

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
  - id: ticket
    when: 'kube.command == ["echo", "ticket"]'
    review: { by: ["group:reviewers"] }
    on_review: ticket
  - id: little-websocket
    when: 'kube.name == "limited-websocket"'
    budget: { window: 1h, bytes: 100kB, per: resource }
  - id: little-spdy
    when: 'kube.name == "limited-spdy"'
    budget: { window: 1h, bytes: 100kB, per: resource }
  - id: mask-pii
    mask: { default: constant }
`;

const TRANSPORTS = [
  ["WebSocket", {}],
  ["SPDY", { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" }],
] as const;

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const terminal = (world: KubeWorld, args: readonly string[], env: Record<string, string> = {}) =>
  interactiveInTerminal(kubernetesPrograms().kubectl, args, {
    rows: 30,
    columns: 100,
    env: { ...kubectlEnvironment(world.kubeconfig()), ...env },
  });

/** An upgrade by hand: the socket behind the 101. */
async function upgraded(world: KubeWorld, path: string, headers: Record<string, string>): Promise<Duplex> {
  const asked = request({
    host: "127.0.0.1",
    port: world.gateway.port,
    ca: world.caPem,
    servername: `${RESOURCE}.${KUBERNETES_DOMAIN}`,
    method: "POST",
    path,
    headers: { authorization: `Bearer ${world.token()}`, connection: "Upgrade", ...headers },
  });
  asked.end();
  const [, socket] = (await once(asked, "upgrade")) as [unknown, Duplex];
  return socket.on("error", () => {});
}

function webSocket(world: KubeWorld, path: string): WebSocket {
  const url = `wss://127.0.0.1:${world.gateway.port}/kube/${RESOURCE}/api/v1/namespaces/default/${path}`;
  const headers = { authorization: `Bearer ${world.token()}` };
  return new WebSocket(url, ["v4.channel.k8s.io"], { ca: world.caPem, headers });
}

/** What comes on each channel of an exec over v4.channel.k8s.io. */
async function otherClient(world: KubeWorld, command: readonly string[]): Promise<string[]> {
  const query = [...command.map((word) => `command=${encodeURIComponent(word)}`), "stdout=1", "stderr=1"].join("&");
  const client = webSocket(world, `pods/web-1/exec?${query}`);
  const channels = ["", "", "", ""];
  client.on("message", (message: Buffer) => {
    const number = message[0] ?? 0;
    channels[number] += message.subarray(1).toString();
  });
  await once(client, "close");
  return channels;
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
async function portForward(
  kubeconfig: string,
  args: readonly string[],
  env: Record<string, string>,
  program = kubernetesPrograms().kubectl,
) {
  const listening = Promise.withResolvers<number>();
  const stop = new AbortController();
  let output = "";
  const ended = runCommand(program, ["port-forward", "--address", "127.0.0.1", ...args], {
    env: { ...kubectlEnvironment(kubeconfig), ...env },
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

/** A kubectl that was told of the failure ends at once, or it does not end. */
const ENDS_WITHIN_MS = 4_000;

/**
 * What kubectl port-forward says to a port where nobody listens, and its exit code. Now and then it stays although it was
 * told, without the gateway as well: then another one is asked.
 */
async function lastWords(kubeconfig: string, env: Record<string, string>) {
  for (let attempt = 1; ; attempt++) {
    const lost = await portForward(kubeconfig, ["web-1", `:${await freePort()}`], env);
    const told = exchange(lost.port, Buffer.from("x")).catch(() => {});
    const ended = await Promise.race([told.then(() => lost.ended), delay(ENDS_WITHIN_MS, undefined, { ref: false })]);
    if (ended === undefined && attempt < 5) {
      await lost.stop();
      continue;
    }
    if (ended === undefined) throw new Error("kubectl port-forward stays, five times");
    const stderr = ended.stderr
      // whichever of both ends of its connection it hears of first
      .replaceAll(/^E.*error copying from local connection.*\n/gm, "")
      .replaceAll(/^E\d+ [\d:.]+ +\d+|\b\d{5}\b/gm, "");
    return { code: ended.code, stderr };
  }
}

skipUnless(kubernetesMissing() === undefined, kubernetesNeed).describe("streams into containers", () => {
  let world: KubeWorld;

  const sockets = (): number => process.getActiveResourcesInfo().filter((each) => each === "TCPSocketWrap").length;
  let atStart = 0;

  beforeAll(async () => {
    world = await startWorld([{ name: "p.yaml", source: POLICY }]);
    const pods = ["web-1", "closed", "asked", "limited-websocket", "limited-spdy"].map((name) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "default" },
      spec: { containers: [{ name: "app", image: "none" }] },
    }));
    const talker = {
      ...pods[0],
      metadata: { name: "talker", namespace: "default" },
      spec: {
        containers: [
          { name: "app", image: "none", command: ["sh", "-c", "while :; do echo tick a@example.com; sleep 0.1; done"] },
        ],
      },
    };
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: [...pods, talker] });
    await world.admin(["apply", "-f", "-"], { input });
    await world.admin(["wait", "--for=condition=Ready", "pod", "--all", "--timeout=20s"]);
    atStart = sockets();
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
      const words = [];
      for (const kubeconfig of [world.cluster.kubeconfig("ana"), world.kubeconfig()])
        words.push(await lastWords(kubeconfig, env));
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

    it(`input that nobody reads does not keep a command from ending, over ${name}`, async () => {
      const input = Buffer.alloc(20_000_000);
      const result = await world.kubectl(["exec", "-i", "web-1", "--", "sh", "-c", "echo done; sleep 1; exit 2"], {
        env,
        input,
      });
      expect(result).toMatchObject({ code: 2, stdout: "done\n" });
    });

    it(`a client that waits with more input than is kept is missed when it goes, over ${name}`, async () => {
      const opened = world.gateway.nextReview();
      const leave = new AbortController();
      const input = Buffer.alloc(5_000_000);
      const held = world.kubectl(["exec", "-i", "web-1", "--", "touch", "x"], {
        env,
        input,
        signal: leave.signal,
        abortWith: "SIGKILL",
      });
      const id = await opened;
      await delay(300);
      leave.abort();
      await held;
      await eventually(() => world.gateway.reviews.get(id)?.state === "withdrawn", { within: 3_000 });
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

    it(`a session that ends says so to forwarded connections, over ${name}`, async () => {
      await using echo = await echoServer();
      const forward = await portForward(world.kubeconfig(), ["web-1", `:${echo.port}`], env);
      const socket = connect(forward.port, "127.0.0.1").on("error", () => {});
      socket.write("x");
      await once(socket, "data");
      for (const session of world.gateway.sessions) session.interrupt({ type: "revoked", reason: "ended by mia" });
      const { code, stderr } = await forward.ended;
      expect(code).toBe(1);
      expect(stderr).toContain("the session on prod has ended: ended by mia");
      socket.destroy();
    });

    skipUnless(hasCommand("script"), "script").it(`a terminal over ${name}: sizes, keys, exit`, async () => {
      const from = world.gateway.events.length;
      const shell = terminal(
        world,
        ["exec", "-it", "web-1", "--", "sh", "-c", "stty size; read line; echo got $line; exit 5"],
        env,
      );
      await shell.see("30 100");
      shell.type("ana@example.com\r");
      await shell.see("got ***************");
      expect(await shell.closed).toBe(5);
      const sizes = since(from).filter(({ type }) => type === "terminal_size");
      expect(sizes.at(-1)).toMatchObject({ columns: 100, rows: 30 });
    });
  }

  skipUnless(hasCommand("script"), "script").it("judges each line that is typed to a shell", async () => {
    const from = world.gateway.events.length;
    const shell = terminal(world, ["exec", "-it", "web-1", "--", "sh", "-i"]);
    await shell.see("$ ");
    shell.type("PS1='ready> '\r");
    await shell.see("\nready> ");
    shell.type("echo curx\u007fl is not run by echo\r");
    await shell.see("\ncurl is not run by echo\r\n");
    await shell.see("ready> ");
    shell.type("curl https://example.com\r");
    await shell.see('tidewaiter: pods/exec "web-1": not run: "curl" to outside hosts is stopped in prod [no-curl]');
    await shell.see("ready> ");
    const opened = world.gateway.nextReview();
    shell.type("touch /dev/null && echo touch''ed\r");
    await shell.see("waiting for a person; this has NOT run [ask-first]");
    await world.gateway.decide(await opened, "approve", "mia", "ok");
    await shell.see("touched\r\n");
    await shell.see("ready> ");
    const again = world.gateway.nextReview();
    shell.type("touch /dev/null\r");
    await again;
    shell.type("\u0003");
    await shell.see("you took it back [ask-first]");
    await shell.see("ready> ");
    shell.type("exit 6\r");
    expect(await shell.closed).toBe(6);
    const typed = since(from).flatMap((event) =>
      event.type === "operation" && event.kind === "kube create pods/typed" ? [[event.text, event.outcome]] : [],
    );
    expect(typed).toEqual([
      ["PS1='ready> '", "allow"],
      ["echo curl is not run by echo", "allow"],
      ["curl https://example.com", "deny"],
      ["touch /dev/null && echo touch''ed", "review"],
      ["touch /dev/null", "review"],
      ["exit 6", "allow"],
    ]);
  });

  it("attach shows what a container prints, masked, until the client leaves", async () => {
    for (const [, env] of TRANSPORTS) {
      const from = world.gateway.events.length;
      const leave = new AbortController();
      let shown = "";
      const attached = world.kubectl(["attach", "talker"], {
        env,
        signal: leave.signal,
        onStdout(chunk) {
          shown += chunk.toString();
          if (shown.split("\n").length > 3) leave.abort();
        },
      });
      await attached;
      expect(shown).toMatch(/^(tick \[mail\]\n){3,}/);
      await eventually(() =>
        since(from).some((event) => event.type === "operation_finished" && event.tag === "client left"),
      );
      expect(
        since(from).find((event) => event.type === "operation" && event.kind === "kube create pods/attach"),
      ).toMatchObject({
        text: "kubectl attach -n default talker -c app",
      });
    }
  });

  it("a client of another library (v4, WebSocket) is told on stderr as well, and gets its exit code", async () => {
    const script = "echo ana@example.com; exit 4";
    const [ran, refused] = [await otherClient(world, ["sh", "-c", script]), await otherClient(world, ["curl", "x"])];
    expect(ran[1]).toBe("[mail]\n");
    expect(JSON.parse(ran[3] ?? "")).toMatchObject({
      reason: "NonZeroExitCode",
      details: { causes: [{ message: "4" }] },
    });
    const words = 'pods/exec "web-1": not run: "curl" to outside hosts is stopped in prod [no-curl]';
    expect(refused[2]).toBe(`tidewaiter: ${words}\n`);
    expect(JSON.parse(refused[3] ?? "")).toMatchObject({
      status: "Failure",
      reason: "Forbidden",
      code: 403,
      message: words,
    });
  });

  it("port-forward of other libraries (v4, pairs of channels) passes", async () => {
    await using echo = await echoServer();
    const client = webSocket(world, `pods/web-1/portforward?ports=${echo.port}`);
    const received: Buffer[] = [];
    client.on("message", (message: Buffer) => received.push(message));
    await once(client, "open");
    client.send(Buffer.from("\0hello"));
    await eventually(() => received.length >= 3);
    const port = Buffer.alloc(2);
    port.writeUInt16LE(echo.port);
    expect(received).toEqual([
      Buffer.concat([Buffer.from([0]), port]),
      Buffer.concat([Buffer.from([1]), port]),
      Buffer.from("\0hello"),
    ]);
    client.close();
    await once(client, "close");
  });

  it("who cannot wait has a ticket, and the same command passes once", async () => {
    const args = ["exec", "web-1", "--", "echo", "ticket"];
    const opened = world.gateway.nextReview();
    const first = await world.kubectl(args);
    expect(first).toMatchObject({ code: 1, stdout: "" });
    expect(first.stderr).toContain("Run the same command again after approval");
    await world.gateway.decide(await opened, "approve", "mia", "ok");
    expect(await world.kubectl(args)).toMatchObject({ code: 0, stdout: "ticket\n" });
    expect((await world.kubectl(args)).code).toBe(1);
  });

  it("stops when a budget of bytes is spent", async () => {
    for (const [name, env] of TRANSPORTS) {
      const own = name.toLowerCase();
      const result = await world.kubectl(["exec", `limited-${own}`, "--", "sh", "-c", "seq 1 200000"], { env });
      expect(result.code, name).toBe(1);
      expect(result.stderr).toBe(`error: stopped on prod: the budget of bytes is spent [little-${own}]\n`);
      expect(result.stdout.length).toBeLessThanOrEqual(100_000);
    }
  });

  it("what is no SPDY, and who never opens its streams, ends and harms nobody", async () => {
    const query = "command=id&stdout=1&stderr=1";
    for (const noise of [
      randomBytes(4_000),
      Buffer.from("80030001ffffffff", "hex"),
      Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    ]) {
      const socket = await upgraded(world, `/api/v1/namespaces/default/pods/web-1/exec?${query}`, {
        upgrade: "SPDY/3.1",
        "x-stream-protocol-version": "v4.channel.k8s.io",
      });
      socket.end(noise);
      await once(socket.resume(), "close");
    }
    const { stdout } = await world.kubectl(["exec", "web-1", "--", "echo", "fine"]);
    expect(stdout).toBe("fine\n");
  });

  skipUnless(hasCommand("kubectl"), "a kubectl of the machine").it(
    "another kubectl: exec, cp and port-forward",
    async () => {
      await using echo = await echoServer();
      for (const [name, env] of TRANSPORTS) {
        const options = { env: { ...kubectlEnvironment(world.kubeconfig()), ...env } };
        const ran = await runCommand("kubectl", ["exec", "-i", "web-1", "--", "sh", "-c", "cat; exit 3"], {
          ...options,
          input: "x",
        });
        expect(ran, name).toMatchObject({ code: 3, stdout: "x", stderr: "command terminated with exit code 3\n" });
        const forward = await portForward(world.kubeconfig(), ["web-1", `:${echo.port}`], env, "kubectl");
        expect((await exchange(forward.port, Buffer.from("through"))).toString()).toBe("through");
        await forward.stop();
      }
    },
  );

  it("leaves no socket behind", async () => {
    for (const session of world.gateway.sessions) session.interrupt({ type: "revoked", reason: "the end" });
    await eventually(() => sockets() <= atStart, { within: 10_000 });
  });
});
