import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connectTarget } from "@tidewaiter/ssh/connect-target/connect-target";
import { sshTargetSchema } from "@tidewaiter/ssh/target-schema";
import {
  eventually,
  type SshServer,
  skipUnless,
  sshdMissing,
  startSshd,
  type TempDir,
  tempDir,
} from "@tidewaiter/testkit";
import { issueCertificate, type NewCertificate } from "@tidewaiter/toolkit/ssh-certificate/issue-certificate";
import { ed25519PublicKey, formatPublicKeyLine } from "@tidewaiter/toolkit/ssh-certificate/public-key";
import { afterAll, beforeAll, expect, it } from "vitest";

const missing = sshdMissing();

skipUnless(missing === undefined, missing ?? "sshd").describe("logging in to a real sshd by certificate", () => {
  const authority = generateKeyPairSync("ed25519");
  const other = generateKeyPairSync("ed25519");
  let sshd: SshServer;
  let folder: TempDir;
  let trust: readonly string[];

  beforeAll(async () => {
    folder = tempDir("target-authority");
    const file = join(folder.path, "authority.pub");
    writeFileSync(file, `${formatPublicKeyLine(ed25519PublicKey(authority.publicKey))}\n`);
    trust = [`TrustedUserCAKeys ${file}`, "AuthorizedKeysFile none"];
    sshd = await startSshd({ config: trust });
  });
  afterAll(async () => {
    await sshd?.stop();
    await folder?.remove();
  });

  const login = async (more: Partial<NewCertificate> = {}, signer = authority.privateKey, host = sshd) => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const now = BigInt(Math.floor(Date.now() / 1000));
    const certificate = issueCertificate(
      {
        key: ed25519PublicKey(createPublicKey(privateKey)),
        kind: "user",
        keyId: "ses_1 ana",
        principals: [sshd.user],
        validAfter: now - 60n,
        validBefore: now + 300n,
        criticalOptions: new Map(),
        extensions: new Map([["permit-pty", ""]]),
        ...more,
      },
      signer,
    );
    const target = sshTargetSchema.parse({ host: "127.0.0.1", port: host.port, hostKeys: [host.hostKey] });
    const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const credential = { type: "ssh_certificate", certificate: certificate.toString("base64"), privateKeyPem } as const;
    const stream = connect({ host: "127.0.0.1", port: host.port });
    const { client } = await connectTarget({
      stream,
      target,
      credential: { ...credential, username: host.user },
      resource: "web-1",
    });
    client.end();
  };

  it("is let in, and the host's log names the session and the person", async () => {
    await login({ keyId: "ses_42 coder+ana" });
    await eventually(() =>
      /Accepted publickey .* ED25519-CERT .* ID ses_42 coder\+ana \(serial \d+\)/.test(sshd.log()),
    );
  });

  it.each([
    ["an expired one", { validAfter: 1n, validBefore: 1000n }],
    ["one for another login", { principals: ["root"] }],
    ["a host's", { kind: "host" }],
    [
      "one with an option that the host does not know, as people's own have",
      { criticalOptions: new Map([["resource@tidewaiter", "web-1"]]) },
    ],
  ] as const)("is refused with %s", async (_what, more) => {
    await expect(login(more as Partial<NewCertificate>)).rejects.toMatchObject({ code: "login" });
  });

  it("is refused with one of another authority", async () => {
    await expect(login({}, other.privateKey)).rejects.toMatchObject({ code: "login" });
  });

  it("is let in by a host that asks for its own name only with a certificate for that", async () => {
    const command = "AuthorizedPrincipalsCommand /bin/echo %u@web-1";
    const runs = `AuthorizedPrincipalsCommandUser ${process.getuid?.() === 0 ? "nobody" : sshd.user}`;
    await using strict = await startSshd({ config: [...trust, command, runs] });
    const named = (resource: string) => ({ principals: [sshd.user, `${sshd.user}@${resource}`] });
    await login(named("web-1"), authority.privateKey, strict);
    await expect(login(named("web-2"), authority.privateKey, strict)).rejects.toMatchObject({ code: "login" });
  });
});
