import { spawn } from "node:child_process";
import { once } from "node:events";
import { hasCommand, skipUnless } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { World } from "./world.ts";

const WITHIN_MS = 5_000;
const GROUP = "shop-readers";

let world: World;
let token: string;

beforeAll(async () => {
  world = await World.start();
  const provider = { kind: "identity_provider", name: "okta", type: "oidc", issuer: "https://okta.example" };
  await world.apply({ ...provider, clientId: "tw" });
  const made = await world.api("POST", "/v1/identity-providers/okta/scim-tokens", {});
  token = (made as { token: string }).token;
});
afterAll(() => world[Symbol.asyncDispose]());

async function scim(method: string, path: string, body?: object): Promise<{ id: string }> {
  const answer = await fetch(`${world.tidewaiter.baseUrl}/scim/v2${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  expect(answer.ok, text).toBe(true);
  return text === "" ? { id: "" } : (JSON.parse(text) as { id: string });
}

const operation = (one: object) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
  Operations: [one],
});

/** A person whom the provider pushed, with a secret of their own. */
async function pushed(name: string) {
  const { id } = await scim("POST", "/Users", { userName: `${name}@example.com`, active: true });
  const { userPassword } = world.tidewaiter;
  await world.api("PUT", `/v1/principals/${name}/password`, { password: userPassword });
  const { secret } = (await world.api("POST", "/v1/connection-secrets", {}, name)) as { secret: string };
  return { id, secret };
}

/** psql in the middle of a statement, and what it will have said on its way out. */
async function psql(name: string, secret: string): Promise<{ readonly said: Promise<string> }> {
  const { port, tidewaiter } = world;
  const url = `host=127.0.0.1 port=${port} user=${name} dbname=${tidewaiter.database}`;
  const child = spawn(
    "psql",
    ["-X", "-v", "VERBOSITY=verbose", "-c", "select 'begun'", "-c", "select pg_sleep(30)", url],
    {
      env: { ...process.env, PGPASSWORD: secret, PGSSLMODE: "prefer" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const closed = once(child, "close");
  const begun = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.includes("begun")) resolve();
    });
    void closed.then(() => reject(new Error(said)));
  });
  await begun;
  return { said: closed.then(() => said) };
}

describe("a push of the identity provider ends a live psql within 5 s", () => {
  const test = skipUnless(hasCommand("psql"), "psql").it;
  let groupId: string;
  const people = new Map<string, { id: string; secret: string }>();

  beforeAll(async () => {
    for (const name of ["deactivated", "deleted", "regrouped"]) people.set(name, await pushed(name));
    const members = [...people.values()].map(({ id }) => ({ value: id }));
    groupId = (await scim("POST", "/Groups", { displayName: "Shop Readers", members })).id;
    await world.apply({ kind: "grant", name: GROUP, group: GROUP, resource: "prod-db", level: "read" });
  });

  const ends = async (name: string, reason: string, push: (id: string) => Promise<unknown>) => {
    const { id, secret } = people.get(name) ?? { id: "", secret: "" };
    const { said } = await psql(name, secret);
    const began = performance.now();
    await push(id);
    expect(await said).toContain(`FATAL:  57P01: terminating connection: ${reason}`);
    expect(performance.now() - began).toBeLessThan(WITHIN_MS);
  };

  test("active: false, as Entra ID writes it", async () => {
    await ends("deactivated", "the principal was suspended by the identity provider okta", (id) =>
      scim("PATCH", `/Users/${id}`, operation({ op: "Replace", path: "active", value: "False" })),
    );
    // What was given out before stays worthless after the return.
    const { id, secret } = people.get("deactivated") ?? { id: "", secret: "" };
    await scim("PATCH", `/Users/${id}`, operation({ op: "replace", value: { active: true } }));
    await expect(world.connect("deactivated", { secret })).rejects.toMatchObject({ code: "28P01" });
  });

  test("the user is deleted", async () => {
    await ends("deleted", "the principal was deleted", (id) => scim("DELETE", `/Users/${id}`));
  });

  test("the group loses the member, as Okta writes it", async () => {
    await ends("regrouped", "the grant does not cover it any more", (id) =>
      scim("PATCH", `/Groups/${groupId}`, operation({ op: "remove", path: `members[value eq "${id}"]` })),
    );
  });

  it("a user who was not touched lives on", async () => {
    const ana = await world.connect("ana");
    expect((await ana.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await ana.client.end();
  });
});
