import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { ed25519PublicKey, formatPublicKeyLine } from "@tidewaiter/toolkit/ssh-certificate/public-key";
import type { ParsedKey } from "ssh2";
import ssh2 from "ssh2";

const TYPE = "ssh-ed25519-cert-v01@openssh.com";

/**
 * A certificate and the Ed25519 key that it certifies, as ssh2 takes a key to log in with: under the name and with the
 * bytes of the certificate, signing as the key. Needs our patch of ssh2, which names the signature after the key.
 * @param certificate the blob in base64
 */
export function certifiedKey(certificate: string, privateKeyPem: string): ParsedKey {
  const privateKey = createPrivateKey(privateKeyPem);
  const plain = plainKey(privateKey);
  const blob = Buffer.from(certificate, "base64");
  return Object.create(plain, {
    type: { value: TYPE },
    getPublicSSH: { value: () => blob },
    isPrivateKey: { value: () => true },
    sign: { value: (data: Buffer) => sign(null, data, privateKey) },
  });
}

export function certificatesSupported(): boolean {
  return "certificates" in ssh2;
}

function plainKey(privateKey: KeyObject): ParsedKey {
  const key = ssh2.utils.parseKey(formatPublicKeyLine(ed25519PublicKey(createPublicKey(privateKey)), ""));
  if (key instanceof Error) throw key;
  return key;
}
