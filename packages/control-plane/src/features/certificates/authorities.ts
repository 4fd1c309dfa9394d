import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { CertificateUse } from "@tidewaiter/core";
import type { Sealer } from "../../seal/sealer.ts";
import { SigningKeyRing } from "../../signing/key-ring.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { MAX_SECRET_TTL } from "../shapes.ts";
import { authorityLine } from "./ssh-certificates.ts";
import { createAuthority } from "./x509-authority.ts";

export const CERTIFICATE_USES = [
  "postgres-client",
  "ssh-user",
  "ssh-host",
  "ssh-target",
  "kubernetes-client",
] as const satisfies readonly CertificateUse[];

/** SSH has formats and algorithms of its own: no X.509 there. */
export function isX509(use: CertificateUse): boolean {
  return use === "postgres-client" || use === "kubernetes-client";
}

/** Everybody who checks certificates has the new key before it signs: gateways at once, hosts when somebody brings it. */
const ANNOUNCE_MS = 60_000;
const ANNOUNCE_TO_HOSTS_MS = 24 * 3600 * 1000;
/** The old key is trusted until the last certificate under it has ended. */
const OVERLAP_MS = (MAX_SECRET_TTL + 3600) * 1000;

export interface AuthorityView {
  readonly id: string;
  readonly use: CertificateUse;
  readonly issuesFrom: string;
  readonly trustedUntil: string | null;
  /** Of X.509, PEM. */
  readonly certificate: string | null;
  /** Of SSH, as in a .pub file. */
  readonly publicKey: string | null;
  readonly publicJwk: Readonly<Record<string, unknown>>;
}

/** One certificate authority for each use, made when it is needed first; keys sealed, rotation with overlap. */
export class CertificateAuthorities {
  readonly #parts: { readonly store: ControlPlaneStore; readonly sealer: Sealer; readonly now: () => number };
  readonly #rings = new Map<CertificateUse, Promise<SigningKeyRing>>();

  constructor(parts: { readonly store: ControlPlaneStore; readonly sealer: Sealer; readonly now: () => number }) {
    this.#parts = parts;
  }

  ring(use: CertificateUse): Promise<SigningKeyRing> {
    const known = this.#rings.get(use);
    if (known !== undefined) return known;
    const { now } = this.#parts;
    const opened = SigningKeyRing.open({
      ...this.#parts,
      purpose: use,
      announceMs: use === "ssh-target" ? ANNOUNCE_TO_HOSTS_MS : ANNOUNCE_MS,
      overlapMs: OVERLAP_MS,
      newKey: async (kid) => {
        if (!isX509(use)) return generateKeyPairSync("ed25519");
        const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
        return { ...pair, certificate: await createAuthority({ kid, use, pair, now: new Date(now()) }) };
      },
    });
    this.#rings.set(use, opened);
    // A store that was away now may be there the next time.
    opened.catch(() => this.#rings.delete(use));
    return opened;
  }

  /** What to trust: every key that has signed, or will sign, something still valid. */
  async published(use: CertificateUse): Promise<AuthorityView[]> {
    const rows = await (await this.ring(use)).published();
    return rows.map(({ kid, signsFrom, verifiesUntil, certificate, publicJwk }) => {
      const publicKey = isX509(use) ? null : authorityLine(publicJwk, use);
      return { id: kid, use, issuesFrom: signsFrom, trustedUntil: verifiesUntil, certificate, publicKey, publicJwk };
    });
  }

  async issuer(use: CertificateUse): Promise<{ kid: string; privateKey: KeyObject; certificate: string | null }> {
    return (await this.ring(use)).current();
  }
}
