import { eventually } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, told, World } from "./world.ts";

const LABELS = 'labels:\n  pii.email: { columns: ["public.people.email"] }\n';
const MASK = '  - { id: mask-email, match: { labels: ["pii.*"] }, mask: { default: constant } }\n';
const NO_DELETE = `  - { id: no-delete, deny: nothing is deleted here, when: 'sql.kinds.exists(k, k == "DELETE")' }\n`;

const LOOSE = `version: 1\n${LABELS}rules:\n${MASK}`;
const STRICT = `version: 1\n${LABELS}rules:\n${MASK}${NO_DELETE}`;

let world: World;
let ana: Connection;

beforeAll(async () => {
  world = await World.start({
    target: {
      sql: ["create table people (id int primary key, email text)", "insert into people values (1, 'a@example.com')"],
    },
    policies: [{ name: "policy.yaml", source: LOOSE }],
  });
  ana = await world.connect("ana");
});
afterAll(() => world[Symbol.asyncDispose]());

const email = async () => (await ana.client.query<{ email: string }>("select email from people")).rows[0]?.email;
const inForce = async () => ((await world.api("GET", "/v1/policies")) as { version: number }).version;

/** At its next statements, within 5 s. */
const soon = (check: () => Promise<boolean>) => eventually(check, { within: 5_000 });
const deletes = () =>
  ana.client.query("delete from people where id = 0").then(
    () => "done",
    (error: { code: string }) => error.code,
  );

describe("a policy that is broken", () => {
  const broken: [string, string, RegExp][] = [
    ["is no YAML", "version: 1\nrules:\n  - { id: [", /policy\.yaml:\d+:\d+/],
    ["has an unknown field", `version: 1\n${LABELS}ruls: []\n`, /policy\.yaml:4:\d+.*ruls/s],
    [
      "has a condition with an unknown name",
      `version: 1\nrules:\n  - id: bad\n    deny: never\n    when: '"x" in principal.group'\n`,
      /policy\.yaml:5:\d+.*principal\.group/s,
    ],
  ];
  it.each(broken)("%s: refused with its line, and the last good one stays in force", async (_name, source, problem) => {
    const version = await inForce();
    await expect(world.applyPolicy(source)).rejects.toThrow(problem);
    expect(await inForce()).toBe(version);
    expect(await email()).not.toContain("a@");
    expect(await deletes()).toBe("done");
  });
});

describe("a live session feels a change at its next statement", () => {
  it("that is stricter", async () => {
    expect(await deletes()).toBe("done");
    await world.applyPolicy(STRICT);
    await soon(async () => (await deletes()) === "42501");
    const refused = await told(ana.client.query("delete from people where id = 0"));
    expect(refused).toMatchObject({ severity: "ERROR", message: expect.stringContaining("[no-delete]") });
    expect(await email()).not.toContain("a@");
  });

  it("that is stricter about a statement prepared before", async () => {
    await world.applyPolicy(LOOSE);
    await soon(async () => (await deletes()) === "done");
    const prepared = () =>
      ana.client.query({ name: "drop-one", text: "delete from people where id = $1", values: [0] });
    await prepared();
    await world.applyPolicy(STRICT);
    await soon(async () => (await deletes()) === "42501");
    expect(await told(prepared())).toMatchObject({ code: "42501" });
  });

  it("that is looser", async () => {
    await world.applyPolicy(LOOSE);
    await soon(async () => (await deletes()) === "done");
  });

  it("of labels, both ways", async () => {
    await world.applyPolicy("version: 1\nrules: []\n");
    await soon(async () => (await email()) === "a@example.com");
    await world.applyPolicy(LOOSE);
    await soon(async () => (await email())?.includes("a@") === false);
    // masks tighten while a statement runs; the next one is judged by the new version
    await email();
  });

  it("and its recording names the version that each statement was judged by", async () => {
    // the one before may have been judged by the old version and masked by the new one
    await email();
    await ana.client.end();
    await world.ended(ana.sessionId);
    const events = (await world.recording(ana.sessionId)) as { type: string; policyVersion?: number }[];
    const versions = new Set(
      events.flatMap(({ type, policyVersion }) => (type === "operation" ? [policyVersion] : [])),
    );
    expect(versions.size).toBeGreaterThanOrEqual(4);
    expect(await inForce()).toBe(Math.max(...[...versions].map(Number)));
  });
});
