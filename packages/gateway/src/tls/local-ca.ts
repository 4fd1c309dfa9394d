import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRoot, issueLeaf, type KeyedCertificate } from "./certificate-authority.ts";

/** A leaf is renewed when less than this of its life is left. */
const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;
/** `*.localhost` works with libpq and OpenSSL; Node refuses a wildcard over one label, so name such hosts one by one for it. */
const ALWAYS = ["localhost", "*.localhost", "127.0.0.1", "::1"];

export interface LocalTls {
  /** The root that clients trust; the CLI hands out this one. */
  readonly caPem: string;
  /** Certificate and key of the listener. */
  readonly certPem: string;
  readonly keyPem: string;
}

/**
 * TLS for a gateway that was given no certificate: a root of its own, made once and kept in `dir`, and a server certificate
 * for localhost, 127.0.0.1, ::1, each host name and one level below it (`*.name`, for resources by server name).
 * The server certificate is made anew when it nears its end, lacks a name, or does not belong to the root; the root never
 * is while it is valid, since clients trust it. Files (0600, directory 0700): ca.crt, ca.key, server.crt, server.key.
 *
 * @param now for tests
 * @throws the file system's error when `dir` cannot be read or written
 */
export async function ensureLocalCa(dir: string, hostnames: readonly string[], now = new Date()): Promise<LocalTls> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const names = wantedNames(hostnames);
  const root = await ensure(
    dir,
    "ca",
    (kept) => isUsable(kept, now),
    () => createRoot(rootName(), now),
  );
  const fits = (kept: KeyedCertificate) => isUsable(kept, now) && isSignedBy(kept, root) && covers(kept, names);
  const leaf = await ensure(dir, "server", fits, () => issueLeaf(root, names, now));
  return { caPem: root.certPem, certPem: leaf.certPem, keyPem: leaf.keyPem };
}

/** Two installations on one machine must not look the same in a list of trusted roots. */
function rootName(): string {
  return `Tidewaiter local root ${randomBytes(4).toString("hex")}`;
}

function wantedNames(hostnames: readonly string[]): string[] {
  const given = hostnames.map((name) => name.toLowerCase().replace(/\.$/, "")).filter((name) => name !== "");
  const wildcards = given.filter((name) => /^[a-z0-9.-]*[a-z][a-z0-9.-]*$/.test(name)).map((name) => `*.${name}`);
  return [...new Set([...given, ...ALWAYS, ...wildcards])];
}

async function ensure(
  dir: string,
  name: string,
  isGood: (kept: KeyedCertificate) => boolean,
  make: () => Promise<KeyedCertificate>,
): Promise<KeyedCertificate> {
  const [certFile, keyFile] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  const kept = await readPair(certFile, keyFile);
  if (kept !== undefined && isGood(kept)) return kept;
  const made = await make();
  await replaceFile(keyFile, made.keyPem);
  await replaceFile(certFile, made.certPem);
  return made;
}

async function readPair(certFile: string, keyFile: string): Promise<KeyedCertificate | undefined> {
  try {
    const [certPem, keyPem] = await Promise.all([readFile(certFile, "utf8"), readFile(keyFile, "utf8")]);
    return { certPem, keyPem };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Never leaves half a file behind, nor one that others could read for a moment. */
async function replaceFile(path: string, content: string): Promise<void> {
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(fresh, content, { mode: 0o600, flag: "wx" });
  await rename(fresh, path);
}

/** Readable, in force for a while yet, and its key belongs to it (a crash between the two files leaves a wrong pair). */
function isUsable({ certPem, keyPem }: KeyedCertificate, now: Date): boolean {
  try {
    const certificate = new X509Certificate(certPem);
    const inForce =
      certificate.validFromDate <= now && certificate.validToDate.getTime() - now.getTime() > RENEW_BEFORE_MS;
    return inForce && certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return false;
  }
}

function isSignedBy(leaf: KeyedCertificate, root: KeyedCertificate): boolean {
  return new X509Certificate(leaf.certPem).verify(new X509Certificate(root.certPem).publicKey);
}

function covers(leaf: KeyedCertificate, names: readonly string[]): boolean {
  const present = new Set((new X509Certificate(leaf.certPem).subjectAltName ?? "").split(", "));
  return names.every((name) => present.has(`DNS:${name}`) || present.has(`IP Address:${printedAddress(name)}`));
}

/** OpenSSL prints IPv6 addresses in full. */
function printedAddress(name: string): string {
  return name === "::1" ? "0:0:0:0:0:0:0:1" : name;
}
