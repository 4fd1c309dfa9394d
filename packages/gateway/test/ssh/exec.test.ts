import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { skipUnless, sshdMissing } from "@tidewaiter/testkit";
import { expect, it, vi } from "vitest";
import { startWorld } from "./world.ts";

const POLICY = `version: 1
labels:
  pii.email: { detect: [email] }
rules:
  - id: no-curl
    when: '"curl" in ssh.programs'
    deny: '"curl" to outside hosts is stopped in prod'
  - id: restart-needs-a-person
    when: 'ssh.programs.exists(p, p == "systemctl")'
    review: { by: ["group:reviewers"] }
  - id: mask-pii
    mask: { default: constant }
`;

vi.setConfig({ testTimeout: 30_000 });

const missing = sshdMissing();

skipUnless(missing === undefined, missing ?? "sshd").describe("ssh with a command", () => {
  it("is as it is without the gateway: output, error, exit, stdin, environment", async () => {
    await using world = await startWorld([]);
    const result = await world.ssh(["echo out; echo err >&2; exit 7"]);
    expect(result).toMatchObject({ code: 7, stdout: "out\n", stderr: "err\n" });
    expect(
      (
        await world.ssh(["cat; printenv LC_TEST TIDEWAITER_PRINCIPAL"], {
          input: "hello",
          env: { LC_TEST: "x" },
        })
      ).stdout,
    ).toBe("helloana\n");
    expect(world.gateway.events.filter(({ type }) => type === "operation")).toHaveLength(2);
  });

  it("masks what it prints, refuses and holds by rule, and goes on", async () => {
    await using world = await startWorld([{ name: "ssh.yaml", source: POLICY }]);
    const file = join(world.sshd.home, "customers.csv");
    writeFileSync(file, "1,ana.lopez@example.com\n");
    const shown = await world.ssh([`cat ${file}`]);
    expect(shown).toMatchObject({ code: 0, stdout: "1,[mail]\n", stderr: "" });
    const refused = await world.ssh(["echo before; curl https://example.com"]);
    expect(refused.code).toBe(126);
    expect(refused.stdout).toBe("");
    expect(refused.stderr).toBe(
      'tidewaiter: not run on web-1: "curl" to outside hosts is stopped in prod [no-curl]. The session stays open.\n',
    );
    const opened = world.gateway.nextReview();
    const held = world.ssh(["systemctl --version >/dev/null; echo ran"]);
    await world.gateway.decide(await opened, "approve", "mia", "ticket 812");
    const result = await held;
    expect(result.stdout).toBe("ran\n");
    expect(result.stderr).toContain("waiting for a person; this has NOT run [restart-needs-a-person]");
    expect(result.stderr).toContain('approved by mia: "ticket 812". Running.');
  });
});
