import { HOST_KEY_ALIAS, quoted, type SshAccess } from "./open-ssh.ts";

/** ssh_config(5). The user name says which host is meant; the certificate says who you are. */
export function configText(access: SshAccess, hosts: readonly string[]): string {
  const certificate = (name: string): string => quoted(access.certificateFile(name));
  const each = hosts.map((name) => `Host ${name}.tw\n  User ${name}\n  CertificateFile ${certificate(name)}\n`);
  const common = [
    "Host *.tw",
    `  HostName ${access.host}`,
    `  Port ${access.port}`,
    `  IdentityFile ${quoted(access.identityFile)}`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile ${quoted(access.knownHostsFile)}`,
    `  HostKeyAlias ${HOST_KEY_ALIAS}`,
    "  StrictHostKeyChecking yes",
  ];
  return `# Written by tw ssh-config\n${each.join("")}${common.join("\n")}\n`;
}
