import { getCACertificates, setDefaultCACertificates } from "node:tls";

/** `fetch` takes its roots from the process: they are added once, never replaced. */
export function trustAlso(pem: string): void {
  const known = getCACertificates("default");
  if (!known.includes(pem)) setDefaultCACertificates([...known, pem]);
}
