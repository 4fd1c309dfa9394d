import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createEnvStore, createFileStore } from "@tidewaiter/secret-stores";
import { tempDir } from "@tidewaiter/testkit";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./running.ts";
import { openSession, setTheScene } from "./scene.ts";

const SECRET = "kept-elsewhere-5b1d";

describe("credentials that are kept elsewhere", () => {
  let harness: Harness;
  let anaId: string;
  const folder = tempDir("references");
  const log: string[] = [];
  const variables: Record<string, string> = { SHOP: SECRET, OTHER: "not-allowed" };

  beforeAll(async () => {
    mkdirSync(join(folder.path, "secrets"));
    const secretStores = [
      createEnvStore(["SHOP", "LATER"], (name) => variables[name]),
      createFileStore([join(folder.path, "secrets")]),
    ];
    harness = await startHarness("sqlite", { secretStores, log: { write: (line) => log.push(line) } });
    ({ anaId } = await setTheScene(harness));
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
    await folder.remove();
  });

  const set = (body: object) => harness.call("PUT", "/v1/resources/shop/credentials/read", body);
  const apply = (credentials: object, token?: string, protocol = "postgres") => {
    const resource = {
      kind: "resource",
      name: "shop",
      protocol,
      target: { host: "db.internal" },
      agent: "site",
    };
    const source = JSON.stringify({ ...resource, tags: { env: "prod" }, credentials });
    return harness.call("POST", "/v1/apply", { documents: [{ name: "shop.yaml", source }] }, token);
  };

  it("are resolved when a session opens them, and shown by their reference", async () => {
    expect((await set({ type: "password", username: "reader", reference: "env:SHOP" })).status).toBe(204);
    const session = await openSession(harness, anaId);
    expect(await harness.port.openCredential(session.id)).toEqual({
      type: "password",
      username: "reader",
      password: SECRET,
    });
    const { credentials } = (await harness.call("GET", "/v1/resources/shop")).json;
    expect(credentials).toEqual([{ level: "read", type: "password", username: "reader", reference: "env:SHOP" }]);
    const audit = (await harness.call("GET", "/v1/audit?type=credential.set")).text;
    expect(audit).toContain("env:SHOP");
    expect(audit + log.join()).not.toContain(SECRET);
  });

  it("take the user from the secret, and a change of the file without a restart", async () => {
    const file = join(folder.path, "secrets", "shop.json");
    writeFileSync(file, JSON.stringify({ username: "from_file", password: "first" }));
    await set({ type: "password", reference: `file:${file}#password` });
    const session = await openSession(harness, anaId);
    expect(await harness.port.openCredential(session.id)).toMatchObject({ username: "from_file", password: "first" });
    writeFileSync(file, JSON.stringify({ username: "from_file", password: "second" }));
    expect(await harness.port.openCredential(session.id, { refused: true })).toMatchObject({ password: "second" });
  });

  it("say what is missing where they are kept, when they are opened", async () => {
    await set({ type: "password", username: "reader", reference: "env:LATER" });
    const session = await openSession(harness, anaId);
    const opening = harness.port.openCredential(session.id);
    await expect(opening).rejects.toMatchObject({ code: "secret_unavailable" });
  });

  it.each([
    ["a variable that is not allowed", { reference: "env:OTHER" }, /not one that the server may read/],
    ["a file elsewhere", { reference: "file:/etc/passwd" }, /not below a directory/],
    ["a scheme that is not set up", { reference: "vault:secret/data/x" }, /not set up for vault:/],
    ["a secret where a reference belongs", { reference: "hunter2-in-the-wrong-place" }, /SCHEME:PATH/],
    ["both a secret and a reference", { reference: "env:SHOP", password: "x" }, /either/],
    ["neither", {}, /password or reference/],
    ["an agent's secret of another form", { reference: "agent:vault:x" }, /agent:env:NAME/],
  ])("are refused when they are set: %s", async (_name, more, text) => {
    const answer = await set({ type: "password", username: "reader", ...more });
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(text);
    expect(answer.text).not.toContain("hunter2");
  });

  it("of an agent go to the gateway as a grant for that one secret", async () => {
    await set({ type: "password", username: "reader", reference: "agent:env:SITE_SHOP" });
    const session = await openSession(harness, anaId);
    const opened = await harness.port.openCredential(session.id);
    expect(opened).toMatchObject({ type: "agent_secret", username: "reader", name: "env:SITE_SHOP", form: "password" });
    if (opened.type !== "agent_secret") throw new Error("another type");
    const claims = decodeJwt(opened.secretGrant);
    expect(claims).toMatchObject({ sid: session.id, sec: "env:SITE_SHOP", aud: session.agentId, gw: "gw_one" });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(60);
    expect(claims).not.toHaveProperty("addr");
  });

  it("may be bearer tokens, here and at an agent", async () => {
    const user = "system:serviceaccount:tidewaiter:tidewaiter-agent";
    const token = { read: { type: "token", username: user, reference: "env:SHOP" } };
    expect((await apply(token, undefined, "kubernetes")).status).toBe(200);
    const session = await openSession(harness, anaId, { protocol: "kubernetes" });
    expect(await harness.port.openCredential(session.id)).toEqual({ type: "token", username: user, token: SECRET });
    const file = "file:/var/run/secrets/kubernetes.io/serviceaccount/token";
    await set({ type: "token", username: user, reference: `agent:${file}` });
    const another = await openSession(harness, anaId, { protocol: "kubernetes" });
    const opened = await harness.port.openCredential(another.id);
    expect(opened).toMatchObject({ type: "agent_secret", username: user, name: file, form: "token" });
    const documents = { read: { type: "token", username: user, reference: `agent:${file}` } };
    expect((await apply(documents, undefined, "kubernetes")).json.changes[0]).toMatchObject({ action: "none" });
  });

  it("are set by documents, which change nothing the second time", async () => {
    const credentials = { read: { username: "reader", reference: "env:SHOP" } };
    const first = await apply(credentials);
    expect(first.json.changes[0]).toMatchObject({
      action: "update",
      diff: [{ field: "protocol" }, { field: "credentials.read" }],
    });
    expect((await apply(credentials)).json.changes[0]).toMatchObject({ action: "none" });
    const session = await openSession(harness, anaId);
    expect(await harness.port.openCredential(session.id)).toMatchObject({ password: SECRET });
    const refused = await apply({ read: { username: "reader", reference: "env:OTHER" } });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain("shop.yaml:1: credentials.read");
    expect((await apply({ read: { password: "a value" } })).status).toBe(400);
  });
});
