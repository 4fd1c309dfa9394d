import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TempDir, tempDir } from "@tidewaiter/testkit";
import { startTidewaiter, type Tidewaiter } from "@tidewaiter/testkit/tidewaiter";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tw } from "./tw.ts";

const POLICY = `version: 1
rules:
  - id: no-removal
    when: '"rm" in ssh.programs'
    deny: nothing is removed here
    tests:
      - { ssh: "sudo rm -rf /srv", expect: denied }
      - { ssh: uptime, expect: denied }
  - id: no-passwords
    when: 'ssh.path == "/etc/shadow" && ssh.user == "deploy"'
    deny: password hashes stay
    tests:
      - { ssh: { channel: sftp, direction: download, path: /etc/shadow, user: deploy }, expect: denied }
      - { ssh: { channel: sftp, direction: download, path: /etc/shadow, user: ana }, expect: allowed }
  - id: no-namespace
    when: 'kube.resource == "namespaces" && kube.verb == "delete"'
    deny: namespaces stay
    tests:
      - { kube: "delete namespace/payments", expect: denied }
      - { kube: "delete pods web-1", expect: allowed }
  - id: deletes-need-where
    when: 'sql.where == "none"'
    deny: a WHERE is missing
    tests:
      - { sql: "delete from t", expect: denied }
`;
const resource = (name: string, protocol: string, target: object) =>
  JSON.stringify({ kind: "resource", name, protocol, agent: "site", target });

/** The CLI against a real server; no target is there, as none is asked. */
describe("policies by the CLI", () => {
  let server: Tidewaiter;
  let home: TempDir;

  const run = (...args: readonly string[]) => tw(home.path, args);
  const explain = (...args: readonly string[]) => run("policy", "explain", ...args);

  beforeAll(async () => {
    home = tempDir("policy");
    server = await startTidewaiter({
      target: { host: "127.0.0.1", port: 9, user: "app", database: "shop" },
      policies: [{ name: "rules.yaml", source: POLICY }],
    });
    const login = ["login", "--server", server.baseUrl, "--password-stdin", "--as", "admin"];
    expect(await tw(home.path, login, { input: `${server.adminPassword}\n` })).toMatchObject({ code: 0 });
    const file = join(home.path, "access.yaml");
    const hosts = [
      resource("web-1", "ssh", { host: "127.0.0.1", port: 9, hostKeys: [] }),
      resource("prod", "kubernetes", { server: "https://127.0.0.1:9" }),
    ];
    await writeFile(file, hosts.join("\n---\n"));
    expect(await run("apply", "-f", file)).toMatchObject({ code: 0 });
    const body = { type: "password", username: "deploy", password: "p" };
    await server.api("PUT", "/v1/resources/web-1/credentials/read", body);
  });
  afterAll(async () => {
    await server?.stop();
    await home?.remove();
  });

  it("runs tests of every protocol, and shows what was tested where one fails", async () => {
    const { code, stdout } = await run("policy", "test");
    expect(code).toBe(9);
    expect(stdout).toContain("rules.yaml:8  [no-removal]\n        uptime\n        expected denied, is allowed\n");
    expect(stdout).toContain("6 of 7 tests passed");
    const { results } = JSON.parse((await run("policy", "test", "--json")).stdout) as { results: object[] };
    expect(results).toContainEqual(
      expect.objectContaining({ type: "kube", text: "delete namespace/payments", actual: "denied", ok: true }),
    );
  });

  it("refuses a test that could not be asked, with its line and what was meant", async () => {
    const file = join(home.path, "wrong.yaml");
    await writeFile(file, POLICY.replace("delete namespace/payments", "delete namespaec/payments"));
    const { code, stderr } = await run("policy", "test", "-f", file);
    expect(code).toBe(8);
    expect(stderr).toMatch(
      /wrong\.yaml:19:\d+ {2}rule "no-namespace": test there is no resource "namespaec"; did you mean "namespace"\?/,
    );
    expect(stderr).toContain("^^^^^^^^^");
  });

  it("explains a command, with the files that it moves and the login that it has", async () => {
    const { code, stdout } = await explain("--resource", "web-1", "--ssh", "sudo cat /etc/shadow; cat < /etc/shadow");
    expect(code).toBe(0);
    expect(stdout).toContain("judged as 3 operations; the strictest verdict decides\n  allow   ssh exec\n");
    expect(stdout).toContain("ssh exec by admin on web-1 at level read\nverdict  allow\n");
    expect(stdout).toContain(
      "ssh redirect by admin on web-1 at level read\nverdict  deny [no-passwords] password hashes stay",
    );
    const json = await explain("--resource", "web-1", "--ssh", "cat /etc/shadow", "--as", "ana", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({
      operation: "ssh redirect",
      verdict: { outcome: "deny", ruleId: "no-passwords" },
      judged: [{ operation: "ssh exec", verdict: { outcome: "allow" } }, { operation: "ssh redirect" }],
    });
  });

  it("explains a request at the level that it is asked at", async () => {
    const reads = await explain("--resource", "prod", "--kube", "delete namespace/payments");
    expect(reads.stdout).toContain(
      "kube delete namespaces by admin on prod at level read\nverdict  deny [no-namespace]",
    );
    const pods = ["--resource", "prod", "--kube", "delete pods web-1 -n payments"];
    expect((await explain(...pods)).stdout).toContain("verdict  deny [read-level]");
    expect((await explain(...pods, "--level", "write")).stdout).toContain("verdict  allow");
  });

  it("judges each of several statements", async () => {
    const { stdout } = await explain("--resource", "prod-db", "--level", "write", "--sql", "select 1; delete from t");
    expect(stdout).toContain("SELECT by admin on prod-db at level write\nverdict  allow");
    expect(stdout).toContain("DELETE by admin on prod-db at level write\nverdict  deny [deletes-need-where]");
    const many = await explain("--resource", "prod-db", "--sql", "select 1;".repeat(101));
    expect(many).toMatchObject({ code: 2, stderr: expect.stringContaining("judged as 101 operations, more than 100") });
  });

  it.each<[readonly string[], string]>([
    [["--resource", "web-1", "--sql", "select 1"], "web-1 speaks ssh, which is not asked sql"],
    [["--resource", "prod-db", "--ssh", "id"], "prod-db speaks postgres, which is not asked ssh"],
    [["--resource", "prod", "--kube", "remove pods web-1"], 'kube: "remove" is no verb of the API'],
    [["--resource", "prod", "--kube", "get pod", "--ssh", "id"], "one of --sql, --ssh and --kube"],
  ])("says what does not fit: %j", async (args, message) => {
    expect(await explain(...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});
