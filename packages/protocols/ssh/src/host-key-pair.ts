import ssh2 from "ssh2";

/** A new Ed25519 key of a gateway, in OpenSSH's PEM. */
export function newHostKey(): string {
  return ssh2.utils.generateKeyPairSync("ed25519").private;
}

/** As in known_hosts: type and base64. Throws for a text that is no private key. */
export function hostKeyLine(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return `${key.type} ${key.getPublicSSH().toString("base64")}`;
}
