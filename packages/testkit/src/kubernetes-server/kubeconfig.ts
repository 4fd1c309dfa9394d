import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PemCertificate } from "../certificates.ts";

export interface Kubeconfigs {
  /** Writes a kubeconfig of its own for a user of `tokens` or a certificate, and resolves to its path. */
  kubeconfig(as?: string | PemCertificate, namespace?: string): string;
}

interface Server {
  readonly folder: string;
  readonly port: number;
  readonly caPem: string;
  readonly tokens: Readonly<Record<string, string>>;
}

export function createKubeconfigs(server: Server): Kubeconfigs {
  let written = 0;
  return {
    kubeconfig(as = "admin", namespace = "default") {
      const user = typeof as === "string" ? { token: tokenOf(server, as) } : certificateLogin(as);
      const path = join(server.folder, `${++written}.kubeconfig`);
      const text = kubeconfigText({ server: `https://127.0.0.1:${server.port}`, caPem: server.caPem, user, namespace });
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    },
  };
}

/** A kubeconfig of one context, as JSON, which every client reads as well as YAML. `user` is a kubeconfig's user entry. */
export function kubeconfigText(parts: {
  readonly server: string;
  readonly caPem: string;
  readonly user: Readonly<Record<string, unknown>>;
  readonly namespace?: string;
}): string {
  const cluster = { server: parts.server, "certificate-authority-data": base64(parts.caPem) };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user: parts.user }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test", namespace: parts.namespace ?? "default" } }],
    "current-context": "test",
  });
}

function tokenOf(server: Server, user: string): string {
  const token = server.tokens[user];
  if (token === undefined) throw new Error(`the cluster was started without a user ${user}`);
  return token;
}

function certificateLogin(certificate: PemCertificate) {
  return {
    "client-certificate-data": base64(certificate.certPem),
    "client-key-data": base64(certificate.keyPem),
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
