import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  findPostgres,
  hasCommand,
  type PostgresServer,
  skipUnless,
  startPostgres,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { confinementProblem } from "../src/as-agent/confine.ts";
import { BIN, tw } from "./tw.ts";

const HOSTILE = fileURLToPath(new URL("./hostile-child.ts", import.meta.url));
const found = await findPostgres("18");
const problem = await confinementProblem();
const REFUSED = /\b(403|404|401)\b/;

interface Report {
  readonly found: Readonly<Record<string, string>>;
  readonly processes: readonly string[];
  readonly sockets: readonly string[];
  readonly commands: readonly { readonly command: string; readonly code: number; readonly as?: string }[];
  readonly saved: Readonly<Record<string, string>>;
  readonly identities: readonly {
    readonly where: string;
    readonly name: string;
    readonly onBehalfOf?: string;
    readonly attempts: Readonly<Record<string, string>>;
  }[];
  readonly native: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}

/** Commands that need no server and tell nothing about anybody. */
const LOCAL = new Set(["completion", "help"]);

skipUnless(found.available && hasCommand("psql"), "PostgreSQL 18 and psql").describe("a hostile child", () => {
  let postgres: PostgresServer;
  let server: Tidewaiter;
  let home: TempDir;
  let agents: TempDir;
  /** What the person has: in files of the CLI and of libpq. */
  let human: readonly string[];

  const run = (args: readonly string[], env: Record<string, string | undefined> = {}, input?: string) =>
    tw(home.path, args, { env: { XDG_RUNTIME_DIR: agents.path, ...env }, input });

  async function attack(confine: "always" | "never", commands: boolean): Promise<Report> {
    const target = {
      home: home.path,
      bin: BIN,
      baseUrl: server.baseUrl,
      agentsBase: agents.path,
      places: [],
      commands,
    };
    const secretsOfPerson = {
      TIDEWAITER_PASSWORD: "the-persons-own-password-1",
      PGPASSWORD: "of-the-person",
      TIDEWAITER_PROFILE: "ana",
    };
    const env = { ...secretsOfPerson, HOSTILE_PORT: String(server.port) };
    const child = [process.execPath, HOSTILE, JSON.stringify(target)];
    const result = await run(
      ["exec", "--as-agent", "coder", "--ttl", "10m", "--confine", confine, "--", ...child],
      env,
    );
    expect(result.code, result.stderr).toBe(0);
    return JSON.parse(result.stdout) as Report;
  }

  beforeAll(async () => {
    home = tempDir("hostile");
    agents = tempDir("hostile-agents");
    postgres = await startPostgres({ version: "18" });
    server = await startTidewaiter({
      target: { host: postgres.host, port: postgres.port, user: postgres.superuser, database: "postgres" },
      principals: [
        { name: "ana", type: "user", level: "write" },
        { name: "coder", type: "ai_agent", level: "read" },
        { name: "ci", type: "service", level: "read" },
      ],
    });
    const { target, agent } = (await server.api("GET", "/v1/resources/prod-db")) as { target: object; agent: string };
    await server.api("POST", "/v1/resources", { name: "vault-db", protocol: "postgres", target, agent });
    const credential = { type: "trust", username: postgres.superuser };
    await server.api("PUT", "/v1/resources/vault-db/credentials/read", credential);
    for (const principal of ["ana", "coder"]) {
      await server.api("POST", "/v1/grants", { principal, resource: "vault-db" });
    }
    const login = await run(
      ["login", "--server", server.baseUrl, "--as", "ana", "--password-stdin"],
      {},
      `${server.userPassword}\n`,
    );
    expect(login, login.stderr).toMatchObject({ code: 0 });
    // saved connections of both, made while a secret for vault-db took nobody's presence yet
    for (const resource of ["prod-db", "vault-db"]) {
      expect(await run(["connect", resource])).toMatchObject({ code: 0 });
    }
    await server.api("PATCH", "/v1/resources/vault-db", { secrets: { presence: "required" } });
    await mkdir(join(home.path, "work"), { recursive: true });
    await writeFile(join(home.path, "work", "README"), "the agent's work is here");
    const files = [".config/tidewaiter/profiles/ana.json", ".pgpass"];
    const texts = await Promise.all(files.map((file) => readFile(join(home.path, file), "utf8")));
    human = texts.flatMap((text) => text.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+|tw[a-z]_[A-Za-z0-9_-]{30,}/g) ?? []);
    expect(human.length).toBeGreaterThanOrEqual(3);
  });
  afterAll(async () => {
    await server?.stop();
    await postgres?.stop();
    await home?.remove();
    await agents?.remove();
  });

  const expectNoVariables = ({ environment }: Report) => {
    expect(environment).not.toHaveProperty("TIDEWAITER_PASSWORD");
    expect(environment).not.toHaveProperty("TIDEWAITER_PROFILE");
    expect(environment).not.toHaveProperty("PGPASSWORD");
    expect(environment.TIDEWAITER_CONFIG_DIR).toContain(agents.path);
  };
  /** Whoever it is: what takes a person's presence, or more rights, it does not get. */
  const expectNoEscalation = (report: Report) => {
    for (const { name, attempts } of report.identities) {
      for (const what of [
        "a secret for vault-db",
        "a delegation for vault-db",
        "an API key",
        "a new password of ana",
        "a weaker vault-db",
        "a grant",
        "all principals",
      ]) {
        expect(attempts[what], `${name}: ${what}`).toMatch(REFUSED);
      }
      expect(attempts["vault-db by token"], name).toMatch(/somebody's presence|there is no resource/);
    }
    for (const [how, answer] of Object.entries(report.native)) expect(answer, how).not.toMatch(/^in:/);
    expect(report.saved["vault-db"]).not.toMatch(/^in:/);
  };

  skipUnless(problem === undefined, problem ?? "").describe("that is confined", () => {
    let report: Report;
    beforeAll(async () => {
      report = await attack("always", true);
    }, 300_000);

    it("finds none of the person's tokens and secrets in any file, variable, process or socket", () => {
      expect(Object.keys(report.found).filter((secret) => human.includes(secret))).toEqual([]);
      expect(report.sockets).toEqual([]);
      expectNoVariables(report);
    });

    it("finds its own delegation, which is nobody but the agent for the person", () => {
      expect(report.identities.map(({ name, onBehalfOf }) => [name, onBehalfOf])).toEqual([["coder", "ana"]]);
    });

    it("sees no process but its own", () => {
      expect(report.processes.filter((line) => line.includes("exec --as-agent") && !line.startsWith("bwrap"))).toEqual(
        [],
      );
    });

    it("is nobody to every command of the CLI with the person's configuration", () => {
      expect(report.commands.length).toBeGreaterThan(60);
      const done = report.commands.filter(({ code, command }) => code === 0 && !LOCAL.has(command));
      expect(done).toEqual([]);
    });

    it("opens none of the person's saved connections, and nothing that takes a presence", () => {
      expect(report.saved["prod-db"]).not.toMatch(/^in:/);
      expectNoEscalation(report);
    });

    it("makes no more of its delegation than it is", () => {
      const attempts = report.identities[0]?.attempts ?? {};
      expect(attempts["a longer delegation"]).toMatch(/^403/);
      expect(attempts["a secret for ana"]).toMatch(/^403/);
      expect(attempts["all sessions"]).not.toContain("ana");
      expect(attempts["prod-db by token"]).toMatch(/^in:/);
    });
  });

  describe("that is not confined", () => {
    let report: Report;
    beforeAll(async () => {
      report = await attack("never", false);
    }, 300_000);

    it("reads the person's files: what lies there opens what takes no presence (as the documentation says)", () => {
      const stolen = Object.keys(report.found).filter((secret) => human.includes(secret));
      expect(stolen.length).toBe(human.length);
      expect(report.identities.map(({ name }) => name)).toContain("ana");
      expect(report.saved["prod-db"]).toMatch(/^in:/);
    });

    it("gets no secret, session, delegation or key for what takes a presence, with all of them", () => {
      expect(report.identities.length).toBeGreaterThanOrEqual(2);
      expect(report.identities.find(({ name }) => name === "ana")?.attempts["a secret for vault-db"]).toBe(
        "403 step_up_required",
      );
      expectNoEscalation(report);
    });

    it("has no variable of the person's", () => expectNoVariables(report));
  });
});
