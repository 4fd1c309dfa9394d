import type { ParsedKey } from "ssh2";
import ssh2 from "ssh2";

/** A private host key, and certificates of it (blobs) that clients may be shown in its place. */
export interface HostKey {
  /** OpenSSH's PEM. */
  readonly privateKey: string;
  readonly certificate?: Uint8Array;
}

/**
 * The keys as ssh2's server takes them. One with a certificate stands twice: as `...-cert-v01@openssh.com` for clients that
 * know our authority, and as it is. Needs our patch of ssh2; without it the certificate is left out.
 */
export function hostKeysOf(keys: readonly HostKey[]): { key: ParsedKey }[] {
  return keys.flatMap(({ privateKey, certificate }) => {
    const key = ssh2.utils.parseKey(privateKey);
    if (key instanceof Error) throw key;
    if (certificate === undefined || !("certificates" in ssh2)) return [{ key }];
    const certified: ParsedKey = Object.create(key, {
      type: { value: `${key.type}-cert-v01@openssh.com` },
      getPublicSSH: { value: () => Buffer.from(certificate) },
    });
    return [{ key: certified }, { key }];
  });
}
