import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  eventually,
  hasCommand,
  type PostgresServer,
  runCommand,
  skipUnless,
  startPostgres,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BIN, personOf } from "./tw.ts";

let postgres: PostgresServer;
let server: Tidewaiter;
let home: TempDir;

function environment(more: Record<string, string> = {}) {
  return { ...personOf(home.path), XDG_RUNTIME_DIR: home.path, ...more };
}

const tw = (...args: string[]) => runCommand(process.execPath, [BIN, ...args], { env: environment() });
const psql = (...args: string[]) => runCommand("psql", ["-X", "-w", "-A", "-t", ...args], { env: environment() });
const login = (...args: string[]) =>
  runCommand(process.execPath, [BIN, "login", "--as", "ana", "--server", server.baseUrl, ...args], {
    env: environment({ TIDEWAITER_PASSWORD: server.userPassword }),
  });
const secrets = async () => {
  const { stdout } = await tw("secrets", "list", "--json");
  return (JSON.parse(stdout) as { secrets: { id: string; kind: string; resource: string }[] }).secrets;
};

skipUnless(hasCommand("psql"), "psql").describe("connecting", () => {
  beforeAll(async () => {
    home = tempDir("cli");
    postgres = await startPostgres();
    const { host, port, superuser: user, superuserPassword: password } = postgres;
    const target = { host, port, user, password, database: "postgres" };
    server = await startTidewaiter({ target, principals: [{ name: "ana", type: "user", level: "write" }] });
    const other = {
      kind: "resource",
      name: "other-db",
      protocol: "postgres",
      agent: "site",
      target: { host, port, database: "postgres", databases: ["*"], tls: { mode: "disable" } },
      secrets: { ttl: "10m", maxTtl: "1h" },
    };
    const grant = { kind: "grant", name: "ana-other", principal: "ana", resource: "other-db", level: "read" };
    const source = [other, grant].map((one) => JSON.stringify(one)).join("\n---\n");
    await server.api("POST", "/v1/apply", { documents: [{ name: "more.yaml", source }], dryRun: false });
    const credential = { type: "password", username: user, password };
    await server.api("PUT", "/v1/resources/other-db/credentials/read", credential);
    expect(await login()).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await server?.stop();
    await postgres?.stop();
    await home?.remove();
  });

  it("env gives a shell what it needs", async () => {
    const script = `eval "$("${process.execPath}" "${BIN}" env prod-db --url)" && psql -X -A -t -c 'select 1' && psql -X -A -t "$DATABASE_URL" -c 'select 2'`;
    const result = await runCommand("/bin/sh", ["-c", script], { env: environment() });
    expect([result.code, result.stdout], result.stderr).toEqual([0, "1\n2\n"]);
    const { stdout } = await tw("env", "other-db", "--json");
    const { variables, expiresAt } = JSON.parse(stdout);
    expect(variables).toMatchObject({ PGDATABASE: "other-db", PGUSER: "ana", PGSSLMODE: "verify-full" });
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThan(601_000);
    expect((await tw("env", "prod-db", "--shell", "tcsh")).code).toBe(2);
    const long = await tw("env", "other-db", "--ttl", "2h");
    expect(long.stderr).toContain("other-db: a secret lives at most 1h");
    expect(await tw("secrets", "revoke", "--all")).toMatchObject({ code: 0 });
    expect(await secrets()).toEqual([]);
    expect((await tw("secrets", "revoke")).code).toBe(2);
  });

  it("exec gives one command the secrets of several resources, and takes them away again", async () => {
    const script = `psql -X -A -t -c "select 'first'"; psql -X -A -t service=other-db -c "select 'second'"; stat -c %a "$PGSERVICEFILE"; echo "$OTHER_DB_URL" | cut -c1-13; env | grep -c TIDEWAITER_; exit 7`;
    const result = await tw("exec", "prod-db", "other-db", "--url", "--", "/bin/sh", "-c", script);
    expect([result.code, result.stdout], result.stderr).toEqual([7, "first\nsecond\n600\npostgresql://\n0\n"]);
    expect((await readdir(home.path)).filter((name) => name.startsWith("tidewaiter-exec-"))).toEqual([]);
    expect(await secrets()).toEqual([]);
    expect((await tw("exec", "prod-db", "prod-db", "--", "true")).stderr).toContain("prod-db is named twice");
    expect((await tw("exec", "--", "true")).stderr).toContain("which resource?");
    expect((await tw("exec", "prod-db", "--")).stderr).toContain("which command?");
    expect((await tw("exec", "prod-db", "--", "sh", "-c", 'echo "$@"', "x", "--", "-a")).stdout).toBe("-- -a\n");
  });

  it("exec passes signals on, and cleans up after a command that one has ended", async () => {
    const args = [
      BIN,
      "exec",
      "prod-db",
      "other-db",
      "--",
      "/bin/sh",
      "-c",
      "trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done",
    ];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...environment() },
      stdio: ["ignore", "pipe", "ignore"],
    });
    await once(child.stdout, "data");
    expect(await secrets()).toHaveLength(2);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([9, null]);
    expect(await secrets()).toEqual([]);
    expect((await readdir(home.path)).filter((name) => name.startsWith("tidewaiter-exec-"))).toEqual([]);
  });

  it("one login makes all saved connections work again", async () => {
    await writeFile(join(home.path, ".pgpass"), "*:*:*:me:mine\n", { mode: 0o600 });
    expect(await tw("connect", "prod-db")).toMatchObject({ code: 0, stdout: "psql service=prod-db\n" });
    expect(await tw("connect", "other-db", "--service", "second")).toMatchObject({ code: 0 });
    for (const { id } of await secrets()) await tw("secrets", "revoke", id);
    expect((await psql("service=prod-db", "-c", "select 1")).stderr).toContain(
      "connection secret for prod-db was revoked",
    );
    const again = await login("--json");
    expect(JSON.parse(again.stdout).refreshed.map(({ service }: { service: string }) => service)).toEqual([
      "prod-db",
      "second",
    ]);
    expect(await psql("service=prod-db", "-c", "select 1")).toMatchObject({ code: 0, stdout: "1\n" });
    expect(await psql("service=second", "-c", "select 2")).toMatchObject({ code: 0, stdout: "2\n" });
    expect(await readFile(join(home.path, ".pgpass"), "utf8")).toMatch(/\n\*:\*:\*:me:mine\n$/);
    // They are fresh, so the next one leaves them alone.
    expect(JSON.parse((await login("--json")).stdout).refreshed).toEqual([]);
    expect(await secrets()).toHaveLength(2);
    await server.api("POST", "/v1/apply", {
      documents: [{ name: "less.yaml", source: '{"kind":"grant","name":"ana-other","state":"absent"}' }],
      dryRun: false,
    });
    for (const { id } of await secrets()) await tw("secrets", "revoke", id);
    const partly = await login();
    expect(partly.code).toBe(0);
    expect(partly.stdout).toContain("Fresh secrets for: prod-db\n");
    expect(partly.stdout).toMatch(/second: .*other-db/);
    expect((await tw("connect", "other-db", "--service", "second", "--forget")).code).toBe(0);
    expect((await login("--no-refresh")).stdout).not.toContain("second");
  });

  it("six at once, each a process, lose nothing of each other's", async () => {
    const names = Array.from({ length: 6 }, (_, index) => `at-once-${index}`);
    const databases = names.map((_, index) => (index % 2 === 0 ? "prod-db" : `prod-db/postgres`));
    const made = await Promise.all(
      names.map((name, index) => tw("connect", databases[index] ?? "", "--service", name)),
    );
    expect(made.map(({ code }) => code)).toEqual(names.map(() => 0));
    for (const name of names)
      expect(await psql(`service=${name}`, "-c", "select 1")).toMatchObject({ code: 0, stdout: "1\n" });
    for (const [index, name] of names.entries()) {
      expect((await tw("connect", "prod-db", "--service", name, "--forget")).code).toBe(0);
      // Those that share its line in the password file go on.
      for (const left of names.slice(index + 1)) expect((await psql(`service=${left}`, "-c", "select 1")).code).toBe(0);
    }
    expect(await readFile(join(home.path, ".pg_service.conf"), "utf8")).not.toContain("at-once");
  });

  it("authorities are told to everybody and renewed by administrators", async () => {
    const [authority] = JSON.parse(
      (await tw("authorities", "list", "--use", "postgres-client", "--json")).stdout,
    ).authorities;
    expect(authority).toMatchObject({ use: "postgres-client", trustedUntil: null });
    const bundle = await tw("authorities", "list", "--use", "ssh-user", "--bundle");
    expect(bundle.stdout).toMatch(/^ssh-ed25519 AAAA\S+ tidewaiter-ssh-user\n$/);
    expect((await tw("authorities", "rotate", "postgres-client")).code).toBe(4);
    const env = environment({ TIDEWAITER_PASSWORD: server.adminPassword });
    await runCommand(process.execPath, [BIN, "login", "--as", "admin", "--keep-current", "--server", server.baseUrl], {
      env,
    });
    const rotated = await tw("authorities", "rotate", "postgres-client", "--as", "admin");
    expect([rotated.code, rotated.stdout], rotated.stderr).toEqual([
      0,
      expect.stringContaining("signs for postgres-client"),
    ]);
    expect((await tw("authorities", "list", "--use", "postgres-client")).stdout.trim().split("\n")).toHaveLength(3);
    expect((await tw("authorities", "list", "--use", "mail")).code).toBe(2);
  });

  it("a certificate logs psql in, with a key that stays here", async () => {
    const made = await tw("connect", "--certificate", "prod-db", "--service", "by-cert", "--ttl", "30m");
    expect([made.code, made.stdout], made.stderr).toEqual([0, "psql service=by-cert\n"]);
    expect(await psql("service=by-cert", "-c", "select 3")).toMatchObject({ code: 0, stdout: "3\n" });
    const dir = join(home.path, ".config", "tidewaiter", "certificates");
    for (const end of ["key", "crt", "pk8"]) expect((await stat(join(dir, `by-cert.${end}`))).mode & 0o777).toBe(0o600);
    const [id] = (await secrets()).filter(({ kind }) => kind === "certificate").map((secret) => secret.id);
    expect((await tw("secrets", "list")).stdout).toMatch(new RegExp(`${id} +certificate +ana +prod-db`));
    const sleeping = psql("service=by-cert", "-c", "select pg_sleep(60)");
    await eventually(async () => {
      const { sessions } = (await server.api("GET", "/v1/sessions?state=live")) as { sessions: unknown[] };
      return sessions.length === 1;
    });
    const since = Date.now();
    expect(await tw("connect", "prod-db", "--service", "by-cert", "--forget")).toMatchObject({ code: 0 });
    expect((await sleeping).stderr).toContain("the connection secret was revoked");
    expect(Date.now() - since).toBeLessThan(5_000);
    expect((await psql("service=by-cert", "-c", "select 3")).stderr).toContain(
      'definition of service "by-cert" not found',
    );
  });
});
