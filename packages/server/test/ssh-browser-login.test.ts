import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, runCommand, skipUnless, sshdMissing, startSshd, tempDir } from "@tidewaiter/testkit";
import { startTidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { expect, it, vi } from "vitest";
import { FormBrowser } from "./browser-login.ts";

vi.setConfig({ testTimeout: 60_000 });
const missing = sshdMissing();

skipUnless(missing === undefined, missing ?? "sshd").describe("an ssh client without any key", () => {
  it("is let in by a browser, under the code that it shows", async () => {
    await using sshd = await startSshd();
    await using folder = tempDir("ssh-browser");
    await using tidewaiter = await startTidewaiter({
      target: { host: "127.0.0.1", port: 1, user: "nobody", database: "none" },
      principals: [{ name: "ana", type: "user", level: "read" }],
      ssh: { port: sshd.port, user: sshd.user, privateKey: sshd.privateKey, hostKeys: [sshd.hostKey] },
    });
    const { endpoints } = (await tidewaiter.api("GET", "/v1/me")) as { endpoints: { ssh: { hostKey: string } } };
    const knownHosts = join(folder.path, "known_hosts");
    writeFileSync(knownHosts, `[127.0.0.1]:${tidewaiter.sshPort} ${endpoints.ssh.hostKey}\n`);
    const signIn = async (user: string, env: Record<string, string | undefined>) => {
      let shown = "";
      const options = ["-o", `UserKnownHostsFile=${knownHosts}`, "-o", "PreferredAuthentications=keyboard-interactive"];
      const ssh = runCommand(
        "ssh",
        ["-F", "none", "-p", String(tidewaiter.sshPort), ...options, `${user}@127.0.0.1`, "echo", "in"],
        {
          onStderr: (chunk) => {
            shown += chunk.toString();
          },
          env,
        },
      );
      const link = await eventually(() => /Sign in to reach web-1: (\S+)/.exec(shown)?.[1], { within: 15_000 });
      const code = /code (\S+)\./.exec(shown)?.[1] ?? "";
      const browser = new FormBrowser(tidewaiter.baseUrl);
      const page = await browser.signIn(new URL(link).pathname, "ana", tidewaiter.userPassword);
      await browser.submit(page, { decision: "approve", code, covers: "connection" });
      return ssh;
    };
    expect(await signIn("web-1", { SSH_ASKPASS: undefined })).toMatchObject({ code: 0, stdout: "in\n" });
    // asked for a secret, since a person is named, this one answers nothing
    const empty = { SSH_ASKPASS: "/bin/true", SSH_ASKPASS_REQUIRE: "force" };
    expect(await signIn("ana+web-1", empty)).toMatchObject({ code: 0, stdout: "in\n" });
  });
});
