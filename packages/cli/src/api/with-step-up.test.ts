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

/** A stand-in for the two addresses of the API that this needs. */
async function contextAsking(looksUntilDone: number, interactive: boolean) {
  let looks = 0;
  const made = createServer((request, response) => {
    const link = { id: "x".repeat(43), url: "https://gw.example/step-up?link=x", expiresAt: "2026-11-24T12:05:00Z" };
    const body = request.method === "POST" ? link : { completed: ++looks >= looksUntilDone };
    response.writeHead(request.method === "POST" ? 201 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
  const { context, written } = fakeContext(interactive ? { answers: [] } : {});
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

it("asks nobody where there is nobody, and for nothing else", async () => {
  const { asking, looks } = await contextAsking(1, false);
  await expect(withStepUp(asking, () => Promise.reject(refused()))).rejects.toThrow("takes your presence");
  const other = new CliError("refused", "no", { code: "permission_missing" });
  const { asking: person } = await contextAsking(1, true);
  await expect(withStepUp(person, () => Promise.reject(other))).rejects.toBe(other);
  expect(looks()).toBe(0);
});
