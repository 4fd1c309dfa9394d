import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { openApi } from "../../api/client.ts";
import { fakeContext } from "../../fake-context.test-data.ts";
import { signInByPassword } from "./sign-in-by-password.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

const GRANTED = { accessToken: "t", expiresAt: "2026-11-24T12:05:00Z", principal: { name: "ana" }, roles: [] };
const ASKED = {
  type: "urn:tidewaiter:error:second_factor_required",
  title: "A second factor is needed",
  status: 401,
  detail: "a code",
  code: "second_factor_required",
};

/** A stand-in for the one address that this needs: it wants a code. */
async function signingIn(settings: { variables?: Record<string, string>; answers?: string[] }) {
  const bodies: unknown[] = [];
  const made = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    bodies.push(body);
    const good = "code" in body || "recoveryCode" in body;
    response.writeHead(good ? 200 : 401, { "content-type": good ? "application/json" : "application/problem+json" });
    response.end(JSON.stringify(good ? GRANTED : ASKED));
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
  const variables = { TIDEWAITER_PASSWORD: "a-password", ...settings.variables };
  const { context } = fakeContext({ ...(settings.answers && { answers: settings.answers }), variables });
  const place = { api: openApi({ server: url }), server: url, known: undefined };
  const result = signInByPassword(context, { as: "ana" } as never, place as never);
  return { result, bodies };
}

it("gives the code from the variable", async () => {
  const { result, bodies } = await signingIn({ variables: { TIDEWAITER_CODE: "123 456" } });
  expect(await result).toMatchObject({ accessToken: "t" });
  expect(bodies.at(-1)).toEqual({ name: "ana", password: "a-password", code: "123 456" });
});

it("asks for it, and takes a recovery code as well", async () => {
  const { result, bodies } = await signingIn({ answers: ["k7qf2-9dm4x-p0s3w-6hntv"] });
  expect(await result).toMatchObject({ accessToken: "t" });
  expect(bodies.at(-1)).toMatchObject({ recoveryCode: "k7qf2-9dm4x-p0s3w-6hntv" });
});

it("says what is missing where nobody can be asked", async () => {
  const { result } = await signingIn({});
  await expect(result).rejects.toMatchObject({ exit: "not_signed_in" });
});
