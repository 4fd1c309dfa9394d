import { eventually } from "@tidewaiter/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Connection, person, type Told, told, World } from "./world.ts";

const WITHIN_MS = 5_000;

let world: World;
/** A session that nothing here is about. */
let other: Connection;

beforeAll(async () => {
  world = await World.start({
    principals: ["ana", "bo", "cleo", "dan", "eva", "fay"].map((name) => ({ name, type: "user", level: "write" })),
  });
  await world.apply(
    { kind: "principal", name: "gil", type: "user" },
    ...person("hal", "prod-db"),
    { kind: "group", name: "readers", members: ["gil"] },
    { kind: "grant", name: "readers-prod-db", group: "readers", resource: "prod-db", level: "read" },
  );
  for (const name of ["gil", "hal"])
    await world.api("PUT", `/v1/principals/${name}/password`, { password: world.tidewaiter.userPassword });
  other = await world.connect("ana");
});
afterAll(() => world[Symbol.asyncDispose]());

/** Two resources of their own, for what deletes one. */
async function resource(name: string): Promise<void> {
  const { host, port } = world.target;
  const target = { host, port, database: "postgres", tls: { mode: "disable" } };
  await world.apply(
    { kind: "resource", name, protocol: "postgres", agent: "site", target },
    { kind: "grant", name: `hal-${name}`, principal: "hal", resource: name, level: "read" },
  );
  await world.api("PUT", `/v1/resources/${name}/credentials/read`, { type: "trust", username: "postgres" });
}

async function ownSecret(name: string): Promise<{ id: string; secret: string }> {
  return (await world.api("POST", "/v1/connection-secrets", {}, name)) as { id: string; secret: string };
}

interface Requested {
  readonly id: string;
  readonly shortId: string;
}

/** Somebody without a right who asks for one, and gets it from ana. */
async function requested(name: string, on: string): Promise<{ request: Requested; secret: string }> {
  await world.apply(
    { kind: "principal", name, type: "user" },
    {
      kind: "access_rule",
      name: `ask-${on}`,
      requesters: [`principal:${name}`],
      resources: [on],
      maxDuration: "1h",
      reviewers: { by: ["principal:ana"] },
    },
  );
  await world.api("PUT", `/v1/principals/${name}/password`, { password: world.tidewaiter.userPassword });
  const body = { resource: on, durationSeconds: 600, reason: "a test of lifecycles" };
  const request = (await world.api("POST", "/v1/access-requests", body, name)) as Requested;
  await world.api("POST", `/v1/access-requests/${request.id}/approve`, {}, "ana");
  const { secret } = await ownSecret(name);
  return { request, secret };
}

const grantOf = ({ shortId }: Requested) => `request-${shortId.toLowerCase()}`;

/** Ends within 5 s with 57P01 and the reason, which the session and the recording keep; the other session lives. */
async function endsWith(
  connection: Connection,
  reason: string,
  change: () => Promise<unknown>,
  hears: Promise<Told> = connection.ended,
): Promise<void> {
  const began = performance.now();
  await change();
  expect(await hears).toMatchObject({
    severity: "FATAL",
    code: "57P01",
    message: `terminating connection: ${reason}`,
  });
  expect(performance.now() - began).toBeLessThan(WITHIN_MS);
  const session = await world.ended(connection.sessionId);
  expect(session.endReason).toContain(reason);
  const [ended] = (await world.audit("session.ended")).filter(({ sessionId }) => sessionId === connection.sessionId);
  expect(ended?.data.reason).toContain(reason);
  expect((await world.recording(connection.sessionId)).at(-1)).toMatchObject({
    type: "session_ended",
    reason: expect.stringContaining(reason),
  });
  expect(await world.verifyRecording(connection.sessionId)).toMatchObject({ ok: true, tail: "complete" });
  expect((await other.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
}

describe("a live session ends when its right does", () => {
  it("killed by an administrator, in the middle of a statement", async () => {
    const bo = await world.connect("bo");
    const running = told(bo.client.query("select pg_sleep(30)"));
    const kill = () => world.api("POST", `/v1/sessions/${bo.sessionId}/kill`, { reason: "lunch" });
    await endsWith(bo, "ended by admin: lunch", kill, running);
    const left = "select 1 from pg_stat_activity where state = 'active' and query = 'select pg_sleep(30)'";
    await eventually(async () => (await world.target.sql(left)).length === 0);
  });

  it("its principal is disabled", async () => {
    await endsWith(await world.connect("cleo"), "the principal was disabled", () =>
      world.api("PATCH", "/v1/principals/cleo", { disabled: true }),
    );
  });

  it("its principal is deleted", async () => {
    await endsWith(await world.connect("eva"), "the principal was deleted", () =>
      world.api("DELETE", "/v1/principals/eva"),
    );
  });

  it("its grant is deleted", async () => {
    const dan = await world.connect("dan");
    const { grants } = (await world.api("GET", "/v1/grants")) as { grants: { id: string; principal: string | null }[] };
    const grant = grants.find(({ principal }) => principal === "dan");
    await endsWith(dan, "the grant was removed", () => world.api("DELETE", `/v1/grants/${grant?.id}`));
  });

  it("the group no longer carries the grant", async () => {
    const { secret } = await ownSecret("gil");
    await endsWith(await world.connect("gil", { secret }), "the grant does not cover it any more", () =>
      world.api("PUT", "/v1/groups/readers/members", { members: [] }),
    );
  });

  it("its secret is revoked", async () => {
    const { id, secret } = await ownSecret("fay");
    const others = await world.connect("fay");
    await endsWith(await world.connect("fay", { secret }), "the connection secret was revoked", () =>
      world.api("DELETE", `/v1/connection-secrets/${id}`),
    );
    // the same person by another secret
    expect((await others.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    await others.client.end();
  });

  it("its resource is deleted", async () => {
    await resource("short-db");
    const { secret } = await ownSecret("hal");
    await endsWith(await world.connect("hal", { secret, database: "short-db" }), "the resource was deleted", () =>
      world.api("DELETE", "/v1/resources/short-db"),
    );
  });

  it("its resource gets another address", async () => {
    await resource("moving-db");
    const { secret } = await ownSecret("hal");
    const target = { host: "127.0.0.1", port: 1, database: "postgres", tls: { mode: "disable" } };
    await endsWith(
      await world.connect("hal", { secret, database: "moving-db" }),
      "the resource has another address now",
      () => world.api("PATCH", "/v1/resources/moving-db", { target }),
    );
  });

  it("its credential is deleted", async () => {
    await resource("bare-db");
    const { secret } = await ownSecret("hal");
    await endsWith(
      await world.connect("hal", { secret, database: "bare-db" }),
      "the credential was replaced or removed",
      () => world.api("DELETE", "/v1/resources/bare-db/credentials/read"),
    );
  });

  it("its agent is deleted", async () => {
    const agent = await world.addAgent("leaving", `${world.target.host}:${world.target.port}`);
    await resource("left-db");
    await world.api("PATCH", "/v1/resources/left-db", { agent: "leaving" });
    const { secret } = await ownSecret("hal");
    await endsWith(await world.connect("hal", { secret, database: "left-db" }), "the agent was removed", () =>
      world.api("DELETE", "/v1/agents/leaving"),
    );
    await agent.stop();
  });

  it("its access request is given back", async () => {
    await resource("asked-db");
    const { request, secret } = await requested("ivy", "asked-db");
    await endsWith(await world.connect("ivy", { secret, database: "asked-db" }), "the grant was removed", () =>
      world.api("POST", `/v1/access-requests/${request.id}/return`, undefined, "ivy"),
    );
  });

  it("the time of its access request is over", async () => {
    await resource("timed-db");
    const { request, secret } = await requested("jon", "timed-db");
    const jon = await world.connect("jon", { secret, database: "timed-db" });
    // The shortest time that may be asked for is a minute; the same clock ends this one in seconds.
    const until = new Date(Date.now() + 2_000).toISOString();
    await world.apply({
      kind: "grant",
      name: grantOf(request),
      principal: "jon",
      resource: "timed-db",
      expiresAt: until,
    });
    await endsWith(jon, "the time of your access request is over", async () => {});
  });

  it("its emergency is ended, and its identity deleted", async () => {
    await resource("night-db");
    const identity = { name: "night", resource: "night-db", level: "read" };
    const made = (await world.api("POST", "/v1/emergency/identities", identity)) as { codes: string[] };
    const use = async (code = "") => {
      const body = { name: "night", code, reason: "a test of emergencies", claimedName: "hal" };
      const answer = await fetch(`${world.tidewaiter.baseUrl}/v1/emergency/use`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(201);
      const { shortId, secret, username } = (await answer.json()) as Record<"shortId" | "secret" | "username", string>;
      return { shortId, connection: await world.connect(username, { secret, database: "night-db" }) };
    };
    const first = await use(made.codes[0]);
    await endsWith(first.connection, "the principal was disabled", () =>
      world.api("POST", `/v1/emergency/uses/${first.shortId}/end`),
    );
    const second = await use(made.codes[1]);
    await endsWith(second.connection, "the principal was deleted", () =>
      world.api("DELETE", "/v1/emergency/identities/night"),
    );
  });

  it("the person that an AI agent acts for loses the right, or is disabled", async () => {
    await resource("shared-db");
    await world.apply(
      { kind: "principal", name: "hals-bot", type: "ai_agent", onBehalfOf: "hal" },
      { kind: "grant", name: "hals-bot", principal: "hals-bot", resource: "shared-db", level: "read" },
    );
    const bot = async () => {
      const made = (await world.api("POST", "/v1/connection-secrets", { forPrincipal: "hals-bot" }, "hal")) as {
        secret: string;
      };
      return world.connect("hals-bot", { secret: made.secret, database: "shared-db" });
    };
    await endsWith(await bot(), "the person it acts for has no such grant any more", () =>
      world.api("DELETE", "/v1/grants/hal-shared-db"),
    );
    await world.apply({ kind: "grant", name: "hal-shared-db", principal: "hal", resource: "shared-db", level: "read" });
    await endsWith(await bot(), "the person it acts for was disabled", () =>
      world.api("PATCH", "/v1/principals/hal", { disabled: true }),
    );
    await world.api("PATCH", "/v1/principals/hal", { disabled: false });
  });

  it("its password is set anew: tokens, and the secrets that they made, end", async () => {
    await resource("token-db");
    const { secret } = await ownSecret("hal");
    const hal = await world.connect("hal", { secret, database: "token-db" });
    await endsWith(hal, "your password was changed", () =>
      world.api("PUT", "/v1/principals/hal/password", { password: world.tidewaiter.userPassword }),
    );
  });
});

it("the audit log tells all of it, and its chain is whole", async () => {
  expect(await world.verifyAudit()).toMatchObject({ ok: true, problems: [] });
});
