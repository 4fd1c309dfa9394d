import type { CipherAlgorithm, CompressionAlgorithm, KexAlgorithm, MacAlgorithm, ServerHostKeyAlgorithm } from "ssh2";
import ssh2 from "ssh2";

export interface SshAlgorithms {
  readonly kex: KexAlgorithm[];
  readonly cipher: CipherAlgorithm[];
  readonly hmac: MacAlgorithm[];
  readonly compress: CompressionAlgorithm[];
  readonly serverHostKey: ServerHostKeyAlgorithm[];
}

/** `mlkem768x25519-sha256` with our patch of ssh2, where this Node has ML-KEM; otherwise none. */
export const POST_QUANTUM_KEX: readonly KexAlgorithm[] =
  (ssh2 as { readonly postQuantumKex?: readonly KexAlgorithm[] }).postQuantumKex ?? [];

/**
 * What is used towards targets by default, and with clients: no SHA-1, no CBC, no group under 2048 bits. In the order of
 * preference of OpenSSH 10, as far as ssh2 has it.
 */
export const MODERN: SshAlgorithms = {
  kex: [
    ...POST_QUANTUM_KEX,
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
    "diffie-hellman-group14-sha256",
  ],
  cipher: [
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
  ],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
  compress: ["none"],
  serverHostKey: [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
  ],
};

/**
 * To clients: what ssh-audit finds no failure in, and no group whose exchange costs the gateway more than a few milliseconds
 * (group 18: 25). OpenSSH since 6.5, PuTTY, paramiko and Dropbear have curve25519; groups 16 and 14 are for clients that
 * may use nothing but FIPS 140. libssh2 before 1.11, which is curl's in Debian 12, has neither MACs after encryption nor GCM.
 */
export const OFFERED: SshAlgorithms = {
  ...MODERN,
  kex: MODERN.kex.filter((name) => !name.startsWith("ecdh-") && name !== "diffie-hellman-group18-sha512"),
  hmac: [...MODERN.hmac, "hmac-sha2-256", "hmac-sha2-512"],
};

/** Towards a target that an administrator has said needs it. */
export const LEGACY: SshAlgorithms = {
  ...MODERN,
  kex: [
    ...MODERN.kex,
    "diffie-hellman-group-exchange-sha256",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "diffie-hellman-group1-sha1",
  ],
  cipher: [...MODERN.cipher, "aes256-cbc", "aes128-cbc", "3des-cbc"],
  hmac: [...MODERN.hmac, "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1"],
  serverHostKey: [...MODERN.serverHostKey, "ssh-rsa", "ssh-dss"],
};
