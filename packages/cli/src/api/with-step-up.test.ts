import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { fakeContext } from "../fake-context.test-data.ts";
import { openApi } from "./client.ts";
import { withStepUp } from "./with-step-up.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

interface Person {
  /** Has an authenticator app, which shows 123456. */
  readonly totp?: boolean;
  readonly answers?: readonly string[];
}

/** A stand-in for the addresses of the API that this needs. */
async function contextAsking(looksUntilDone: number, interactive: boolean, { totp, answers = [] }: Person = {}) {
  let looks = 0;
  const made = createServer(async (request, response) => {
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (request.url === "/v1/me/second-factors") {
      const since = "2026-11-01T12:00:00Z";
      return json(200, { ...(totp ? { totp: { since } } : {}), passkeys: [], recoveryCodes: 0 });
    }
    if (request.url === "/v1/step-up") {
      const { code } = JSON.parse(Buffer.concat(await request.toArray()).toString());
      if (code === "123456") return response.writeHead(204).end();
      return json(401, { code: "unauthenticated", title: "no", status: 401, detail: "that does not fit" });
    }
    const link = { id: "x".repeat(43), url: "https://gw.example/step-up?link=x", expiresAt: "2026-11-24T12:05:00Z" };
    const body = request.method === "POST" ? link : { completed: ++looks >= looksUntilDone };
    return json(request.method === "POST" ? 201 : 200, body);
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
  const { context, written } = fakeContext(interactive ? { answers } : {});
  const asking: CommandContext = { ...context, api: async () => openApi({ server: url, accessToken: "t" }) };
  return { asking, written, looks: () => looks };
}

const refused = () =>
  new CliError("refused", "a secret for vault-db takes your presence", { code: "step_up_required" });

it("shows a link, waits for the touch, and does it again", async () => {
  const { asking, written, looks } = await contextAsking(2, true);
  let tries = 0;
  const result = await withStepUp(asking, async () => {
    if (++tries === 1) throw refused();
    return "made";
  });
  expect([result, tries, looks()]).toEqual(["made", 2, 2]);
  expect(written.stderr).toContain("a secret for vault-db takes your presence");
  expect(written.stderr).toContain("https://gw.example/step-up?link=x");
});

it("takes a code of the person's app at the terminal, and asks again for one that does not fit", async () => {
  const { asking, written, looks } = await contextAsking(1, true, { totp: true, answers: ["000000", "123456"] });
  let tries = 0;
  const result = await withStepUp(asking, async () => {
    if (++tries === 1) throw refused();
    return "made";
  });
  expect([result, tries, looks()]).toEqual(["made", 2, 0]);
  expect(written.stderr).toContain("does not fit");
  expect(written.stderr).not.toContain("https://gw.example");
});

it("shows the link to whoever types no code, and ends after three that do not fit", async () => {
  const { asking, written } = await contextAsking(1, true, { totp: true, answers: [""] });
  let tries = 0;
  await withStepUp(asking, async () => {
    if (++tries === 1) throw refused();
  });
  expect(written.stderr).toContain("https://gw.example/step-up?link=x");
  const wrong = await contextAsking(1, true, { totp: true, answers: ["000000", "000001", "000002", "123456"] });
  await expect(withStepUp(wrong.asking, () => Promise.reject(refused()))).rejects.toMatchObject({
    code: "unauthenticated",
  });
});

it("asks nobody where there is nobody, and for nothing else", async () => {
  const { asking, looks } = await contextAsking(1, false);
  await expect(withStepUp(asking, () => Promise.reject(refused()))).rejects.toThrow("takes your presence");
  const other = new CliError("refused", "no", { code: "permission_missing" });
  const { asking: person } = await contextAsking(1, true);
  await expect(withStepUp(person, () => Promise.reject(other))).rejects.toBe(other);
  expect(looks()).toBe(0);
});
