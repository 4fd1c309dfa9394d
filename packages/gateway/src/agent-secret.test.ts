import { expect, it } from "vitest";
import { completeCredential } from "./agent-secret.ts";
import { TunnelHubError } from "./tunnel-hub/index.ts";

const asked = {
  type: "agent_secret",
  username: "reader",
  name: "env:SHOP",
  form: "password",
  secretGrant: "jws",
} as const;
const hub = (answer: () => string) => ({ fetchSecret: async () => Buffer.from(answer()) });
const failing = (error: TunnelHubError) =>
  hub(() => {
    throw error;
  });

it("asks the agent for what only it can read, and leaves other credentials alone", async () => {
  const password = { type: "password", username: "reader", password: "p" } as const;
  expect(
    await completeCredential(
      password,
      "agt",
      hub(() => "x"),
    ),
  ).toBe(password);
  expect(
    await completeCredential(
      asked,
      "agt",
      hub(() => "from the site\n"),
    ),
  ).toEqual({
    type: "password",
    username: "reader",
    password: "from the site",
  });
});

it.each([
  ["an old agent", new TunnelHubError("agent_refused", "", { code: "grant_invalid", text: "" }), "does not support"],
  ["not allowed", new TunnelHubError("agent_refused", "", { code: "not_allowed", text: "" }), "--allow-secret"],
  ["no answer", new TunnelHubError("agent_timeout", ""), "did not give"],
])("says what the agent said: %s", async (_name, error, text) => {
  const failed = completeCredential(asked, "agt", failing(error));
  await expect(failed).rejects.toMatchObject({ code: "secret_unavailable", detail: expect.stringContaining(text) });
});

it("tells an offline agent apart", async () => {
  const offline = completeCredential(asked, "agt", failing(new TunnelHubError("agent_offline", "")));
  await expect(offline).rejects.toMatchObject({ code: "agent_offline" });
});
