import { join } from "node:path";
import { hasCommand, runCommand, skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { expect, it, vi } from "vitest";
import { startWorld } from "./world.ts";

vi.setConfig({ testTimeout: 30_000 });

const ready = sshdMissing() === undefined && hasCommand("plink") && hasCommand("puttygen");

skipUnless(ready, "sshd, plink (Debian package putty-tools)").describe("PuTTY", () => {
  it("plink runs a command with a registered key", async () => {
    await using world = await startWorld([]);
    const key = join(world.folder.path, "id");
    const ppk = join(world.folder.path, "id.ppk");
    await runCommand("puttygen", [key, "-O", "private", "-o", ppk]);
    const shown = await runCommand("ssh-keygen", ["-l", "-f", join(world.folder.path, "host.pub")]);
    const fingerprint = shown.stdout.split(" ")[1] ?? "";
    const result = await runCommand("plink", [
      ...["-batch", "-ssh", "-P", String(world.gateway.port), "-i", ppk, "-hostkey", fingerprint],
      ...["web-1@127.0.0.1", "echo out; echo err >&2; exit 5"],
    ]);
    expect(result).toMatchObject({ code: 5, stdout: "out\n" });
    expect(result.stderr).toContain("err");
  });
});
