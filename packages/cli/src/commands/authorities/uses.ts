import type { paths } from "@tidewaiter/contract";

export type CertificateUse = paths["/v1/certificate-authorities/{use}/rotate"]["post"]["parameters"]["path"]["use"];

export const USES = [
  "postgres-client",
  "ssh-user",
  "ssh-host",
  "ssh-target",
  "kubernetes-client",
] as const satisfies readonly CertificateUse[];

export function isCertificateUse(text: string): text is CertificateUse {
  return USES.some((use) => use === text);
}
