import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasCommand, runCommand } from "../src/command.ts";
import { eventually } from "../src/eventually.ts";
import { kubernetesMissing, kubernetesNeed, kubernetesPrograms } from "../src/kubernetes-server/installation.ts";
import { kubectl, kubectlEnvironment } from "../src/kubernetes-server/kubectl.ts";
import { type KubernetesServer, startKubernetes } from "../src/kubernetes-server/start-kubernetes.ts";
import { skipUnless } from "../src/skip-unless.ts";
import { tempDir } from "../src/temp-dir.ts";

const spdy = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: "false", KUBECTL_PORT_FORWARD_WEBSOCKETS: "false" };
const protocols = [
  { protocol: "WebSocket", env: {}, verb: "get" },
  { protocol: "SPDY", env: spdy, verb: "create" },
];

skipUnless(kubernetesMissing() === undefined, kubernetesNeed).describe("pods of the kubelet double", () => {
  let cluster: KubernetesServer;
  let admin: string;
  const run = (args: readonly string[], input?: string | Uint8Array, env = {}) =>
    kubectl(args, { kubeconfig: admin, input, env });

  beforeAll(async () => {
    cluster = await startKubernetes();
    admin = cluster.kubeconfig();
    await run(["create", "secret", "generic", "db", "--from-literal=password=canary-1"]);
    const secret = { name: "db", key: "password" };
    const overrides = {
      spec: {
        containers: [
          {
            name: "shell",
            image: "none",
            command: [
              "sh",
              "-c",
              'echo started; echo oops >&2; while read -r line; do echo "got $line"; done; exec sleep 1000',
            ],
            stdin: true,
            env: [{ name: "DB_PASSWORD", valueFrom: { secretKeyRef: secret } }],
          },
        ],
      },
    };
    await run(["run", "shell", "--image=none", "--overrides", JSON.stringify(overrides)]);
    expect(await run(["wait", "--for=condition=Ready", "pod/shell", "--timeout=20s"])).toMatchObject({ code: 0 });
  });
  afterAll(() => cluster?.stop());

  describe.for(protocols)("over $protocol", ({ env, verb }) => {
    it("exec keeps output, errors and exit codes apart", async () => {
      const done = await run(["exec", "shell", "--", "sh", "-c", "echo out; echo err >&2; exit 7"], undefined, env);
      expect(done).toMatchObject({ code: 7, stdout: "out\n" });
      expect(done.stderr).toBe("err\ncommand terminated with exit code 7\n");
      const events = await eventually(() => {
        const found = cluster.auditLog().filter((event) => event.objectRef?.subresource === "exec");
        return found.length > 0 && found;
      });
      expect(events.at(-1)).toMatchObject({ verb, user: { username: "admin" } });
    });

    it("exec takes 10 MB of input and gives it back", async () => {
      const bytes = randomBytes(10 << 20);
      const done = await run(["exec", "-i", "shell", "--", "cat"], bytes, env);
      expect(done.code).toBe(0);
      expect(sha256(done.stdoutBytes)).toBe(sha256(bytes));
    });

    it("says why a command could not start", async () => {
      const done = await run(["exec", "shell", "--", "no-such-program"], undefined, env);
      expect(done).toMatchObject({ code: 1, stdout: "" });
      expect(done.stderr).toContain("executable file not found");
    });

    skipUnless(hasCommand("script"), "script (bsdutils)").it("exec -t is a terminal of the client's size", async () => {
      const command = `${kubernetesPrograms().kubectl} exec -it shell -- sh -c 'test -t 0 && stty size; exit 3'`;
      const script = ["-qec", `stty rows 33 cols 111; ${command}`, "/dev/null"];
      const done = await runCommand("script", script, { env: { ...kubectlEnvironment(admin), ...env } });
      expect(done.stdout).toContain("33 111\r\n");
      expect(done.code).toBe(3);
    });

    it("cp moves files both ways", async () => {
      await using folder = tempDir();
      const [here, back] = [join(folder.path, "here"), join(folder.path, "back")];
      writeFileSync(here, randomBytes(300_000));
      expect(await run(["cp", here, "shell:copied"], undefined, env)).toMatchObject({ code: 0 });
      expect(await run(["cp", "shell:copied", back], undefined, env)).toMatchObject({ code: 0 });
      expect(sha256(readFileSync(back))).toBe(sha256(readFileSync(here)));
    });

    it("attach reaches the main process", async () => {
      let seen = "";
      const stop = new AbortController();
      const text = `hello ${randomBytes(4).toString("hex")}`;
      const attached = kubectl(["attach", "-i", "shell"], {
        kubeconfig: admin,
        env,
        input: `${text}\n`,
        signal: stop.signal,
        onStdout: (chunk) => {
          seen += chunk.toString();
        },
      });
      await eventually(() => seen.includes(`got ${text}\n`));
      stop.abort();
      await attached;
    });

    it("port-forward reaches a port, several times at once, and says when there is none", async () => {
      await using echo = await echoServer();
      const stop = new AbortController();
      let output = "";
      const forwarding = kubectl(["port-forward", "pod/shell", `:${echo.port}`, "--address=127.0.0.1"], {
        kubeconfig: admin,
        env,
        signal: stop.signal,
        onStdout: (chunk) => {
          output += chunk.toString();
        },
      });
      const port = await eventually(() => /127\.0\.0\.1:(\d+) ->/.exec(output)?.[1]);
      const answers = await Promise.all(["/a", "/b", "/c"].map((path) => get(Number(port), path)));
      expect(answers).toEqual(["GET /a HTTP/1.1", "GET /b HTTP/1.1", "GET /c HTTP/1.1"]);
      stop.abort();
      await forwarding;
    });
  });

  it("gives Secrets to the environment", async () => {
    expect((await run(["exec", "shell", "--", "printenv", "DB_PASSWORD"])).stdout).toBe("canary-1\n");
  });

  it("logs: tail, timestamps, limit, follow", async () => {
    const script = 'for i in 1 2 3 4 5; do echo "line $i"; done; until test -e go; do sleep 0.05; done; echo late';
    await run(["run", "logger", "--image=none", "--restart=Never", "--", "sh", "-c", script]);
    await eventually(async () => (await run(["logs", "logger"])).stdout.includes("line 5"), { within: 10_000 });
    let followed = "";
    const following = kubectl(["logs", "-f", "logger", "--tail=1"], {
      kubeconfig: admin,
      onStdout: (chunk) => {
        followed += chunk.toString();
      },
    });
    await eventually(() => followed === "line 5\n");
    await run(["exec", "logger", "--", "touch", "go"]);
    expect(await following).toMatchObject({ code: 0, stdout: "line 5\nlate\n" });
    expect((await run(["logs", "logger", "--tail=2"])).stdout).toBe("line 5\nlate\n");
    expect((await run(["logs", "logger", "--tail=1", "--timestamps"])).stdout).toMatch(/^[\d-]+T[\d:.]+Z late\n$/);
    expect((await run(["logs", "logger", "--limit-bytes=10"])).stdout).toBe("line 1\nlin");
    expect((await run(["logs", "logger", "--previous"])).stderr).toContain("previous terminated container");
  });

  it("a container that ends is finished or started again, as its pod says", async () => {
    await run(["run", "once", "--image=none", "--restart=Never", "--", "sh", "-c", "echo bye; exit 4"]);
    await run(["run", "again", "--image=none", "--", "sh", "-c", "exit 1"]);
    const once = await eventually(async () => {
      const status = JSON.parse((await run(["get", "pod", "once", "-o", "json"])).stdout).status;
      return status.phase === "Failed" ? status : undefined;
    });
    expect(once.containerStatuses[0].state.terminated).toMatchObject({ exitCode: 4, reason: "Error" });
    expect((await run(["logs", "once"])).stdout).toBe("bye\n");
    await eventually(async () => {
      const status = JSON.parse((await run(["get", "pod", "again", "-o", "json"])).stdout).status;
      return status.containerStatuses?.[0].restartCount >= 1;
    });
  });

  it("run --rm attaches, and its pod is gone afterwards", async () => {
    const args = ["run", "brief", "--rm", "-i", "--restart=Never", "--image=none", "--quiet", "--"];
    const done = await run([...args, "sh", "-c", "read -r word; echo heard $word; exit 5"], "yes\n");
    expect(done).toMatchObject({ code: 5 });
    expect(done.stdout).toContain("heard yes");
    expect((await run(["get", "pod", "brief"])).stderr).toContain("not found");
  });

  it("debug adds a container to a running pod, which ends by itself", async () => {
    const args = ["debug", "shell", "-i", "--image=none", "--container=probe", "--profile=general", "--quiet"];
    const done = await run([...args, "--", "sh", "-c", "read -r word; echo heard $word; exit 2"], "yes\n");
    expect(done.stdout).toContain("heard yes");
    await eventually(async () => {
      const { status } = JSON.parse((await run(["get", "pod", "shell", "-o", "json"])).stdout);
      return status.ephemeralContainerStatuses?.[0].state.terminated?.exitCode === 2;
    });
  });

  it("processes end with their pod", async () => {
    await run(["run", "doomed", "--image=none", "--", "sh", "-c", "echo $$; exec sleep 1000"]);
    await run(["wait", "--for=condition=Ready", "pod/doomed"]);
    const pid = Number(await eventually(async () => (await run(["logs", "doomed"])).stdout.trim() || undefined));
    expect(process.kill(pid, 0)).toBe(true);
    await run(["delete", "pod", "doomed", "--grace-period=1"]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Answers each request with its first line. */
async function echoServer(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      const body = data.toString().split("\r\n")[0] ?? "";
      socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return { port, [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) };
}

function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.once("end", () => resolve(text));
    });
    asked.once("error", reject);
    asked.end();
  });
}
