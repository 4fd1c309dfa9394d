import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type PeerCertificate } from "node:tls";
import { fileURLToPath } from "node:url";
import { certificateAuthority, spawnNode, tempDir } from "@tidewaiter/testkit";
import { expect, it } from "vitest";

const SERVER = fileURLToPath(new URL("../bin/tidewaiter-server.js", import.meta.url));
const DOMAIN = "kube.tidewaiter.internal";

interface Listening {
  readonly web: string;
  readonly kubernetes: { readonly port: number };
}

/** The certificate that is shown for a name, verified by these roots. */
function shown(port: number, servername: string, ca: string): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, servername, ca, ALPNProtocols: ["h2"] }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.once("error", reject);
  });
}

it("certifies clusters itself, and shows the operator's certificate for the gateway's own name", async () => {
  await using folder = tempDir("kubernetes-certificates");
  const authority = await certificateAuthority("Operator");
  const own = await authority.issue({ commonName: "gw.example", names: ["gw.example"], usage: "server" });
  const [cert, key] = [join(folder.path, "cert.pem"), join(folder.path, "key.pem")];
  writeFileSync(cert, own.certPem);
  writeFileSync(key, own.keyPem, { mode: 0o600 });
  const any = "127.0.0.1:0";
  const listeners = ["--http", any, "--postgres", any, "--kubernetes", any];
  const server = spawnNode(SERVER, {
    args: ["--data-dir", join(folder.path, "data"), ...listeners, "--tls-cert", cert, "--tls-key", key, "--json"],
    env: { TIDEWAITER_ADMIN_PASSWORD: "a-password-of-the-test", LOG_LEVEL: "warn" },
  });
  try {
    const { web, kubernetes } = JSON.parse((await server.line(/^\{"listening".*\}$/))[0]) as Listening;
    const call = async (path: string, init: RequestInit) =>
      (await fetch(`${web}${path}`, init)).json() as Promise<never>;
    const login = { name: "admin", password: "a-password-of-the-test" };
    const headers = { "content-type": "application/json" };
    const signedIn: { accessToken: string } = await call("/v1/login", {
      method: "POST",
      headers,
      body: JSON.stringify(login),
    });
    const me: { endpoints: { kubernetes: { domain: string; caPem: string }; postgres: { caPem?: string } } } =
      await call("/v1/me", { headers: { authorization: `Bearer ${signedIn.accessToken}` } });
    expect(me.endpoints.postgres.caPem).toBeUndefined();
    const { caPem, domain } = me.endpoints.kubernetes;
    expect(domain).toBe(DOMAIN);
    const { port } = kubernetes;
    expect((await shown(port, `prod-cluster.${DOMAIN}`, caPem)).subjectaltname).toContain(`DNS:*.${DOMAIN}`);
    expect((await shown(port, `PROD-CLUSTER.${DOMAIN.toUpperCase()}`, caPem)).subjectaltname).toContain(`*.${DOMAIN}`);
    expect((await shown(port, "gw.example", authority.caPem)).subject.CN).toBe("gw.example");
    await expect(shown(port, `prod-cluster.${DOMAIN}`, authority.caPem)).rejects.toThrow();
    await expect(shown(port, "gw.example", caPem)).rejects.toThrow();
  } finally {
    await server.stop();
  }
}, 30_000);
