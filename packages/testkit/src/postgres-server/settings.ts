import type { CertificateAuthority, PemCertificate } from "../certificates.ts";
import { certificateAuthority } from "../certificates.ts";
import { superuser, writeClusterFile } from "./cluster.ts";

/** How the server asks TCP clients to prove who they are; `scram` and `md5` also choose how passwords are stored. */
export type PostgresAuth = "trust" | "scram" | "md5" | "password" | "cert";

export interface PostgresTls extends PemCertificate {
  /** Present when the fixture made the certificate: issues client certificates that the server accepts. */
  readonly authority?: CertificateAuthority;
}

const hbaMethods: Record<PostgresAuth, string> = {
  trust: "trust",
  scram: "scram-sha-256",
  md5: "md5",
  password: "password",
  cert: "cert",
};

/** Local sockets stay `trust` (their folder is private), so that the fixture can always prepare the server. */
export function hostBasedAuth(auth: PostgresAuth, tlsOnly: boolean): string {
  const host = tlsOnly || auth === "cert" ? "hostssl" : "host";
  const rules = [
    "local all all trust",
    "local replication all trust",
    `${host} all all 127.0.0.1/32 ${hbaMethods[auth]}`,
  ];
  return `${rules.join("\n")}\n`;
}

export async function serverTls(tls: boolean | PemCertificate | undefined, auth: PostgresAuth) {
  if (typeof tls === "object") return tls as PostgresTls;
  if (tls !== true && auth !== "cert") return undefined;
  const authority = await certificateAuthority();
  const request = { commonName: "localhost", names: ["localhost", "127.0.0.1"], usage: "server" } as const;
  return { ...(await authority.issue(request)), authority } satisfies PostgresTls;
}

export function writeTlsFiles(dataDir: string, tls: PemCertificate): void {
  writeClusterFile(dataDir, "server.crt", tls.certPem);
  writeClusterFile(dataDir, "server.key", tls.keyPem);
  writeClusterFile(dataDir, "root.crt", tls.caPem);
}

const notDurable = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };
const tlsOn = { ssl: "on", ssl_cert_file: "server.crt", ssl_key_file: "server.key", ssl_ca_file: "root.crt" };

/** Server settings, later ones winning: small and quick by default, then what the caller asked for. */
export function serverSettings(options: {
  readonly auth: PostgresAuth;
  readonly tls: boolean;
  readonly fsync: boolean;
  readonly own: Readonly<Record<string, string>>;
}): Record<string, string> {
  return {
    listen_addresses: "127.0.0.1",
    max_connections: "100",
    shared_buffers: "32MB",
    timezone: "UTC",
    log_timezone: "UTC",
    lc_messages: "C",
    log_line_prefix: "%m [%p] %u@%d %a ",
    password_encryption: options.auth === "md5" ? "md5" : "scram-sha-256",
    ...(options.fsync ? {} : notDurable),
    ...(options.tls ? tlsOn : {}),
    ...options.own,
  };
}

export function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** Password of the superuser on every fixture, needed over TCP unless `auth` is `trust` or `cert`. */
export const superuserPassword = `${superuser}-of-the-fixture`;
