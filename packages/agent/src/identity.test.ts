import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { StateDirectory } from "./identity.ts";

const IDENTITY = {
  agentId: "a",
  name: "edge",
  gatewayId: "g",
  tunnelUrls: ["wss://gw.example"],
  grantKeys: { keys: [{ kty: "OKP", crv: "Ed25519", x: "abc", kid: "k" }] },
};

describe("StateDirectory", () => {
  let path: string;
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), "agent-state-")), "state");
  });
  afterEach(() => rm(join(path, ".."), { recursive: true }));

  it("keeps key and identity with modes 0700 and 0600", async () => {
    const state = await StateDirectory.open(path);
    expect(await state.loadIdentity()).toBeUndefined();
    const key = await state.loadOrCreateKey();
    await state.saveIdentity(IDENTITY);
    const again = await StateDirectory.open(path);
    expect((await again.loadOrCreateKey()).equals(key)).toBe(true);
    expect(await again.loadIdentity()).toEqual(IDENTITY);
    const modes = await Promise.all(
      [path, join(path, "agent-key.pem"), join(path, "identity.json")].map((each) => stat(each)),
    );
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600, 0o600]);
  });

  it("refuses a directory or a key that others can read, and damaged files", async () => {
    const state = await StateDirectory.open(path);
    await state.loadOrCreateKey();
    await writeFile(join(path, "identity.json"), '{"agentId":""}', { mode: 0o600 });
    await expect(state.loadIdentity()).rejects.toMatchObject({ code: "state" });
    await chmod(join(path, "agent-key.pem"), 0o644);
    await expect(state.loadOrCreateKey()).rejects.toMatchObject({ code: "state" });
    await chmod(path, 0o755);
    await expect(StateDirectory.open(path)).rejects.toMatchObject({ code: "state" });
  });
});
