import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "@tidewaiter/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { World } from "./world.ts";

const POLICY = `version: 1
labels:
  pii.email: { columns: ["public.people.email"] }
rules:
  - id: addresses-need-a-person
    reason: addresses leave the house
    match: { labels: ["pii.*"] }
    review: { by: ["group:owners"], count: 1, expires: 5m }
`;

let world: World;
const posted: { body: string }[] = [];
const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  posted.push({ body: Buffer.concat(chunks).toString() });
  response.end("ok");
});

beforeAll(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  process.env.HOOK_SECRET = "a-secret-of-at-least-24-bytes";
  world = await World.start({
    target: {
      sql: [
        "create table people (id int primary key, email text)",
        "insert into people values (1, 'quentin@example.com')",
      ],
    },
    principals: [
      { name: "ana", type: "user", level: "write" },
      { name: "mia", type: "user", level: "read", groups: ["owners"], roles: ["user", "reviewer"] },
    ],
    policies: [{ name: "policy.yaml", source: POLICY }],
    serverArgs: ["--notify-network", "127.0.0.0/8", "--secret-env", "HOOK_SECRET"],
  });
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  receiver.close();
});

/** A browser's requests: cookie, origin, form token. */
async function signedIn(name: string) {
  const { baseUrl, userPassword } = world.tidewaiter;
  const send = (path: string, form: Record<string, string>, cookie = "") =>
    fetch(`${baseUrl}${path}`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie, origin: baseUrl, "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form),
    });
  const answer = await send("/sign-in", { name, password: userPassword, next: "/" });
  const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
  const get = async (path: string) => (await fetch(`${baseUrl}${path}`, { headers: { cookie } })).text();
  return {
    get,
    async post(path: string, form: Record<string, string>) {
      const [, token = ""] = /name="_form" value="([^"]+)"/.exec(await get(path)) ?? [];
      return send(path, { ...form, _form: token }, cookie);
    },
  };
}

it("a held statement is told by a channel without its values, approved on the page it leads to, and then runs", async () => {
  const { port } = receiver.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/hook`;
  await world.apply({ kind: "notification_channel", name: "hook", type: "webhook", url, secret: "env:HOOK_SECRET" });
  const ana = await world.connect("ana");
  const rows = ana.client.query("select email from people where email = $1", ["quentin@example.com"]);
  const [told] = await eventually(() => (posted.length > 0 ? posted : undefined));
  expect(told?.body).not.toContain("quentin");
  const { data } = JSON.parse(told?.body ?? "{}") as { data: { link: string; title: string; statement: string } };
  expect(data.title).toMatch(/^ana asks to run 1 statement on prod-db/);
  expect(data.statement).toBe("select email from people where email = ?");
  const path = new URL(data.link).pathname;
  const mia = await signedIn("mia");
  const page = await mia.get(path);
  expect(page).toContain("ana asks to run 1 statement on prod-db");
  expect(page).toContain("(pii.email, 19 characters)");
  expect(page).not.toContain("quentin");
  const done = await mia.post(path, { decision: "approve", comment: "ticket 812" });
  expect([done.status, done.headers.get("location")]).toEqual([303, path]);
  // Approved is not unmasked: the label's own rule holds.
  expect((await rows).rows).toEqual([{ email: "***" }]);
  expect(await mia.get(path)).toContain("Approved, and used.");
  await ana.client.end();
});
