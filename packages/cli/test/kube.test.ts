import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type CommandResult,
  eventually,
  interactive,
  type KubernetesServer,
  kubectl,
  kubernetesMissing,
  kubernetesNeed,
  kubernetesPrograms,
  skipUnless,
  startKubernetes,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { confinementProblem } from "../src/as-agent/confine.ts";
import { BIN, personOf, tw } from "./tw.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const FOREIGN = `# mine
apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://10.0.0.1:6443
  name: minikube # at home
contexts:
- context:
    cluster: minikube
    user: minikube
  name: minikube
users:
- name: minikube
  user: {token: "0123"}
current-context: minikube
`;

interface Kept {
  readonly id: string;
  readonly checkedAt: string;
  readonly expiresAt: string;
}

const confined = (await confinementProblem()) === undefined;

/** The way of somebody who is new to it, in order. */
skipUnless(kubernetesMissing() === undefined, kubernetesNeed).describe(
  "kubectl by the CLI, against a real cluster",
  () => {
    let cluster: KubernetesServer;
    let server: Tidewaiter;
    let home: TempDir;
    const at = (...names: string[]) => join(home.path, ...names);
    const run = (args: readonly string[], env: Record<string, string> = {}) => tw(home.path, args, { env, input: "" });
    const file = () => at(".kube", "config");
    /** An unchanged kubectl, whose home is the person's. */
    const kube = (...args: string[]): Promise<CommandResult> =>
      kubectl(args, { kubeconfig: file(), env: { ...childOf(home.path) } });
    const keptFile = () => at(".config", "tidewaiter", "kube", "ana", "prod-cluster.json");
    const kept = async () => JSON.parse(await readFile(keptFile(), "utf8")) as Kept;
    const secrets = async () =>
      (await server.api("GET", "/v1/connection-secrets", undefined, "ana")) as {
        secrets: { id: string; resource: string }[];
      };
    const liveIds = async () =>
      (await secrets()).secrets.filter(({ resource }) => resource === "prod-cluster").map(({ id }) => id);
    const revoke = (id: string) => server.api("DELETE", `/v1/connection-secrets/${id}`, undefined, "ana");
    const credential = async (...args: string[]) => {
      const result = await run(["kube", "token", "prod-cluster", ...args]);
      expect(result.code, result.stderr).toBe(0);
      return JSON.parse(result.stdout) as {
        apiVersion: string;
        kind: string;
        status: { token: string; expirationTimestamp: string };
      };
    };

    beforeAll(async () => {
      home = tempDir("cli-kube");
      cluster = await startKubernetes();
      await cluster.allow(
        { groups: ["tidewaiter:level:read", "tidewaiter:level:write"] },
        { verbs: ["get", "list"], resources: ["namespaces"] },
      );
      await cluster.allow({ groups: ["tidewaiter:level:write"] }, { verbs: ["create"], resources: ["namespaces"] });
      server = await startTidewaiter({
        target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
        principals: [
          { name: "ana", type: "user", level: "write" },
          { name: "ben", type: "user", level: "read" },
          { name: "ci", type: "service", level: "read" },
          { name: "coder", type: "ai_agent", level: "read" },
        ],
        kubernetes: { url: cluster.url, caPem: cluster.caPem, token: cluster.tokens.gateway ?? "" },
      });
      for (const name of ["admin", "ben", "ana"]) {
        const password = name === "admin" ? server.adminPassword : server.userPassword;
        const login = await run(["login", "--server", server.baseUrl, "--as", name], { TIDEWAITER_PASSWORD: password });
        expect(login.code, login.stderr).toBe(0);
      }
    });
    afterAll(async () => {
      await server?.stop();
      await cluster?.stop();
      await home?.remove();
    });

    it("adds a cluster by the command line, with its token", async () => {
      const ca = at("ca.pem");
      await writeFile(ca, cluster.caPem);
      const admin = ["--as", "admin"];
      const add = ["resources", "add", "second", "--agent", "site", "--kubernetes", cluster.url, "--tls-ca", ca];
      const added = await run([...add, ...admin]);
      expect(added.code, added.stderr).toBe(0);
      expect(added.stdout).toContain("Next: tw credentials set second read --username ACCOUNT --token-file FILE");
      await writeFile(at("token"), `${cluster.tokens.gateway}\n`);
      const set = ["credentials", "set", "second", "read", "--username", "gateway", "--token-file", at("token")];
      expect((await run([...set, ...admin])).stdout).toContain("second at level read is reached as gateway (token)");
      expect((await run(["resources", "check", "second", ...admin])).stdout).toContain(
        "the cluster runs Kubernetes v1.",
      );
      expect((await run(["resources", "add", "third", "--agent", "site", ...admin])).code).toBe(2);
    });

    it("checks the cluster: its version and what the credential may", async () => {
      const checked = await run(["resources", "check", "prod-cluster", "--as", "admin"]);
      expect(checked.code, checked.stderr).toBe(0);
      expect(checked.stdout).toContain("the cluster runs Kubernetes v1.");
      expect(checked.stdout).toContain("the credential may say who acts");
    });

    it("login adds a context and leaves what is there; twice is once", async () => {
      await mkdir(at(".kube"));
      await writeFile(file(), FOREIGN);
      const listed = await run(["kube", "ls", "--json"]);
      expect(JSON.parse(listed.stdout)).toEqual({
        clusters: [{ name: "prod-cluster", level: "write", contexts: [] }],
        currentContext: "minikube",
      });
      const login = await run(["kube", "login", "prod-cluster"]);
      expect(login).toMatchObject({ code: 0, stderr: "" });
      expect(login.stdout).toBe(`Written: context prod-cluster in ${file()}.\nNow: kubectl get namespaces\n`);
      const once = await readFile(file(), "utf8");
      const kept = FOREIGN.split("\n").filter((line) => !once.split("\n").includes(line));
      expect(kept).toEqual(["current-context: minikube"]);
      expect(((await stat(file())).mode & 0o777).toString(8)).toBe("600");
      expect((await run(["kube", "login", "prod-cluster", "--no-set-current"])).code).toBe(0);
      expect(await readFile(file(), "utf8")).toBe(once);
      expect((await kube("config", "get-contexts", "-o", "name")).stdout).toBe("minikube\nprod-cluster\n");
      expect((await run(["kube", "ls"])).stdout).toContain("prod-cluster (current)");
    });

    it("an unchanged kubectl gets the namespaces, and the cluster's audit log names the person", async () => {
      const got = await kube("get", "ns", "-o", "name");
      expect(got.code, got.stderr).toBe(0);
      expect(got.stdout).toContain("namespace/kube-system\n");
      const entry = await eventually(() =>
        cluster.auditLog().find(({ requestURI }) => requestURI.startsWith("/api/v1/namespaces?")),
      );
      expect(entry).toMatchObject({
        user: { username: "gateway" },
        impersonatedUser: { username: "ana" },
        responseStatus: { code: 200 },
      });
      expect(entry?.impersonatedUser?.groups).toContain("tidewaiter:level:read");
      // one secret, in a private file, and none in the kubeconfig
      expect(await liveIds()).toEqual([(await kept()).id]);
      expect(((await stat(keptFile())).mode & 0o777).toString(8)).toBe("600");
      expect(await readFile(file(), "utf8")).not.toContain(JSON.parse(await readFile(keptFile(), "utf8")).secret);
    });

    it("a session that goes on may have nothing stored yet, which is no failure", async () => {
      expect(await run(["sessions", "replay", "last", "--as", "admin"])).toMatchObject({
        code: 0,
        stdout: "",
        stderr: expect.stringContaining("Nothing of this session is stored yet."),
      });
    });

    it("shows a live session as it happens to who may see it", async () => {
      const args = ["sessions", "watch", "last", "--reason", "ticket 812", "--as", "admin"];
      using watching = interactive(process.execPath, [BIN, ...args], personOf(home.path));
      await eventually(() => watching.told.stderr.includes("Watching ana on prod-cluster"), { within: 15_000 });
      expect((await kube("get", "ns", "kube-public", "-o", "name")).stdout).toBe("namespace/kube-public\n");
      await watching.see("kube-public");
      await watching.see("completed 200");
      watching.leave();
      expect(await watching.closed).toBe(130);
      expect(await run(["sessions", "watch", "last", "--as", "ben"])).toMatchObject({ code: 5 });
    });

    it("a level is a context of its own, by path as well, and the cluster's roles decide", async () => {
      expect(await kube("create", "ns", "by-read")).toMatchObject({ code: 1, stdout: "" });
      const login = await run(["kube", "login", "prod-cluster", "--level", "write", "--path", "--no-set-current"]);
      expect(login.stdout).toContain("Now: kubectl --context prod-cluster@write get namespaces");
      const made = await kube("--context", "prod-cluster@write", "create", "ns", "by-write");
      expect(made).toMatchObject({ code: 0, stdout: "namespace/by-write created\n" });
      expect(await readFile(file(), "utf8")).toContain("/kube/prod-cluster\n");
      expect((await liveIds()).length).toBe(2);
      const admin = await run(["kube", "login", "prod-cluster", "--level", "admin"]);
      expect(admin).toMatchObject({ code: 4 });
      expect(admin.stderr).toContain("your level is write");
      const other = await run(["kube", "login", "prod-db"]);
      expect(other.stderr).toContain("prod-db is no cluster: its protocol is postgres");
    });

    it("twenty calls at once make one secret", async () => {
      await revoke((await kept()).id);
      await writeFile(keptFile(), "{}");
      const before = await liveIds();
      const tokens = await Promise.all(Array.from({ length: 20 }, () => credential()));
      expect(new Set(tokens.map(({ status }) => status.token)).size).toBe(1);
      expect((await liveIds()).length).toBe(before.length + 1);
      const [first] = tokens;
      expect(first).toMatchObject({ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential" });
      expect(first?.status.token).toMatch(/^ana~[A-Za-z0-9_-]{20,}$/);
      const early = Date.parse((await kept()).expiresAt) - Date.parse(first?.status.expirationTimestamp ?? "");
      expect(early).toBeGreaterThanOrEqual(30_000);
      expect(early).toBeLessThan(32_000);
      expect((await credential("--level", "write")).status.token).toMatch(/^ana\/write~/);
    });

    it("kubectl gets over a secret that was revoked: one request fails, the next one has a new one", async () => {
      expect((await kube("get", "ns")).code).toBe(0);
      const old = await kept();
      // as if it had just been asked about
      const checked = { ...old, checkedAt: new Date(Date.now() + 60_000).toISOString() };
      await writeFile(keptFile(), JSON.stringify(checked));
      await revoke(old.id);
      const refused = await kube("get", "ns");
      expect(refused).toMatchObject({ code: 1, stdout: "" });
      expect(refused.stderr).toContain("the token is revoked");
      const got = await kube("get", "ns", "-o", "name");
      expect(got.code, got.stderr).toBe(0);
      const next = (await kept()).id;
      expect(next).not.toBe(old.id);
      // later the plugin notices it before kubectl does
      await writeFile(keptFile(), JSON.stringify({ ...(await kept()), checkedAt: new Date(0).toISOString() }));
      await revoke(next);
      expect(await kube("get", "ns")).toMatchObject({ code: 0, stderr: "" });
    });

    it("one that nears its end, or is somebody else's, is replaced", async () => {
      const change = async (more: object) => {
        const old = await kept();
        await writeFile(keptFile(), JSON.stringify({ ...old, ...more }));
        await credential();
        return (await kept()).id !== old.id;
      };
      expect(await change({})).toBe(false);
      expect(
        await change({ madeAt: "2026-01-01T00:00:00Z", expiresAt: new Date(Date.now() + 4 * 60_000).toISOString() }),
      ).toBe(true);
      expect(await change({ identity: "ben" })).toBe(true);
      expect(await change({ server: "https://elsewhere.example" })).toBe(true);
      const old = (await kept()).id;
      await credential("--ttl", "10m");
      expect((await kept()).id).not.toBe(old);
      expect(Date.parse((await kept()).expiresAt) - Date.now()).toBeLessThanOrEqual(600_000);
      // nobody was asked for a while, and meanwhile it was revoked
      await revoke((await kept()).id);
      expect(await change({ checkedAt: "2026-01-01T00:00:00Z" })).toBe(true);
    });

    it("a secret that opens one session is enough for many commands, at each level", async () => {
      const change = (singleUse: boolean) =>
        server.api("PATCH", "/v1/resources/prod-cluster", { secrets: singleUse ? { singleUse } : null });
      await change(true);
      expect((await run(["kube", "login", "prod-cluster", "--context", "once"])).code).toBe(0);
      expect((await run(["kube", "login", "prod-cluster", "--level", "write", "--context", "once-w"])).code).toBe(0);
      for (const id of await liveIds()) await revoke(id);
      await writeFile(keptFile(), "{}");
      await writeFile(keptFile().replace(".json", "@write.json"), "{}");
      for (const context of ["once", "once-w", "once", "once-w"])
        expect(await kube("--context", context, "get", "ns")).toMatchObject({ code: 0, stderr: "" });
      expect((await liveIds()).length).toBe(2);
      await change(false);
    });

    it("kubectl says what is wrong when one is not signed in any more, and leaves no secret that works", async () => {
      const other = tempDir("cli-kube-ben");
      const ben = (...args: string[]) =>
        tw(other.path, args, { env: { TIDEWAITER_PASSWORD: server.userPassword }, input: "" });
      await ben("login", "--server", server.baseUrl, "--as", "ben");
      await ben("kube", "login", "prod-cluster");
      const get = () =>
        kubectl(["get", "ns"], { kubeconfig: join(other.path, ".kube", "config"), env: childOf(other.path) });
      expect(await get()).toMatchObject({ code: 0 });
      await ben("logout");
      const refused = await get();
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("tw login");
      expect(existsSync(join(other.path, ".config", "tidewaiter", "kube", "ben"))).toBe(false);
      const gone = await ben("kube", "logout", "--as", "ben");
      expect(gone.stdout, gone.stderr).toBe("Removed: context prod-cluster.\n");
      await other.remove();
    });

    it("exec gives a command a kubeconfig of its own, which ends with it", async () => {
      const before = await liveIds();
      const script =
        'stat -c %a "$KUBECONFIG"; echo "$KUBECONFIG"; "$0" get ns -o name | head -1; cat "$KUBECONFIG" > "$1"';
      const { kubectl: command } = kubernetesPrograms();
      const result = await run([
        "exec",
        "prod-cluster",
        "--level",
        "write",
        "--",
        "sh",
        "-c",
        script,
        command,
        at("copy"),
      ]);
      expect(result.code, result.stderr).toBe(0);
      const [mode, path, first] = result.stdout.split("\n");
      expect([mode, first]).toEqual(["600", "namespace/by-write"]);
      expect(existsSync(path ?? "/")).toBe(false);
      expect(await liveIds()).toEqual(before);
      const after = await kubectl(["get", "ns"], { kubeconfig: at("copy") });
      expect(after.code).toBe(1);
      expect(after.stderr).toMatch(/Unauthorized|logged in/);
      for (const command of ["psql", "connect", "env"])
        expect((await run([command, "prod-cluster"])).stderr).toContain("prod-cluster is a cluster");
    });

    it("a service comes with its API key, an AI agent with a delegation, and both by their own names", async () => {
      const { key } = (await server.api("POST", "/v1/api-keys", {
        principal: "ci",
        name: "kube",
        ttlSeconds: 3600,
      })) as { key: string };
      await writeFile(at("key"), key, { mode: 0o600 });
      const env = { TIDEWAITER_SERVER: server.baseUrl, KUBECONFIG: at("ci") };
      const login = await run(["kube", "login", "prod-cluster", "--api-key-file", at("key")], env);
      expect(login.code, login.stderr).toBe(0);
      const get = await kubectl(["get", "ns"], { kubeconfig: at("ci"), env: childOf(home.path) });
      expect(get.code, get.stderr).toBe(0);
      expect(await readFile(at("ci"), "utf8")).not.toContain(key);
      const script =
        '"$0" config get-contexts -o name; "$0" get ns -o name | tail -1; "$0" auth whoami -o jsonpath="{.status.userInfo.username}"';
      const { kubectl: command } = kubernetesPrograms();
      const asAgent = ["exec", "--as-agent", "coder", "--confine", "never", "--", "sh", "-c", script, command];
      const agent = await run(asAgent, { KUBECONFIG: file() });
      expect(agent.code, agent.stderr).toBe(0);
      expect(agent.stdout).toMatch(/^prod-cluster\nnamespace\/kube-system\n/);
      const names = cluster.auditLog().map(({ impersonatedUser }) => impersonatedUser?.username);
      expect(names).toContain("ci");
      expect(names).toContain("coder");
      // confined it does not see the person's own, and without a cluster it has an empty one
      const looks = 'cat "$1"; "$0" config get-contexts -o name';
      const only = ["--resource", "prod-db", "--confine", confined ? "always" : "never"];
      const blind = await run(["exec", "--as-agent", "coder", ...only, "--", "sh", "-c", looks, command, file()]);
      expect(blind.stdout, blind.stderr).toBe(confined ? "" : await readFile(file(), "utf8"));
    });

    it("logout takes the contexts out, ends what goes on, and leaves the file as it was", async () => {
      const { id } = await kept();
      const mia = await run(["kube", "logout", "prod-cluster", "--as", "ben"]);
      expect(mia.code).toBe(5);
      const out = await run(["kube", "logout", "prod-cluster"]);
      expect(out.code, out.stderr).toBe(0);
      expect(out.stdout).toBe(
        `${["prod-cluster", "prod-cluster@write", "once", "once-w"].map((name) => `Removed: context ${name}.\n`).join("")}What kubectl used there is revoked.\n`,
      );
      expect(await readFile(file(), "utf8")).toBe(FOREIGN.replace("current-context: minikube\n", ""));
      expect(await liveIds()).not.toContain(id);
      expect(existsSync(keptFile())).toBe(false);
      expect((await run(["kube", "logout"])).code).toBe(5);
    });
  },
);

/** kubectl keeps nothing of the machine's, and gives its plugin the person's home. */
function childOf(home: string): Record<string, string> {
  const own = Object.entries(personOf(home)).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(own) };
}
