import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import type { Sealer } from "../seal/sealer.ts";
import type { ControlPlaneStore } from "../storage/open-store.ts";
import type { SigningPurpose } from "./purpose.ts";
import type { SigningKeyRow } from "./store.ts";

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** Of a certificate authority for X.509: PEM. */
  readonly certificate: string | null;
}

export interface NewKey {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly certificate?: string;
}

export interface NewKeyPublished {
  readonly kid: string;
  readonly signsFrom: string;
}

export interface KeyRingOptions {
  readonly store: ControlPlaneStore;
  readonly sealer: Sealer;
  readonly purpose: SigningPurpose;
  readonly now: () => number;
  /** A new key is published this long before it signs, so that every verifier has it by then. */
  readonly announceMs: number;
  /** How long the older keys still verify after that: longer than anything signed with them lives. */
  readonly overlapMs: number;
  /** Default: Ed25519. */
  readonly newKey?: (kid: string) => Promise<NewKey>;
}

/** Another process may have rotated: look again after this long, and at once for a kid that is not known. */
const REFRESH_MS = 30_000;
const REFRESH_LIMIT_MS = 1000;

/** Keys for one purpose: private halves sealed in the store, rotation with overlap. */
export class SigningKeyRing {
  readonly #options: KeyRingOptions;
  #rows: readonly SigningKeyRow[] = [];
  #readAt = 0;
  readonly #privateKeys = new Map<string, KeyObject>();

  private constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  static async open(options: KeyRingOptions): Promise<SigningKeyRing> {
    const ring = new SigningKeyRing(options);
    await ring.#refresh();
    if (ring.#rows.length === 0) await ring.#add("first");
    return ring;
  }

  /** The newest key whose time has come. */
  async current(): Promise<SigningKey> {
    if (this.#options.now() - this.#readAt > REFRESH_MS) await this.#refresh();
    const now = new Date(this.#options.now()).toISOString();
    const usable = this.#rows
      .filter((row) => row.signsFrom <= now)
      .sort((a, b) => (a.signsFrom < b.signsFrom ? 1 : -1));
    const row = usable[0] ?? this.#rows[0];
    if (row === undefined) throw new TidewaiterError("internal", `there is no ${this.#options.purpose} key`);
    return { kid: row.kid, privateKey: await this.#open(row), certificate: row.certificate };
  }

  /** The key that has been published for longest. */
  async oldest(): Promise<SigningKey> {
    const [row] = [...this.#rows].sort((a, b) => (a.signsFrom < b.signsFrom ? -1 : 1));
    if (row === undefined) throw new TidewaiterError("internal", `there is no ${this.#options.purpose} key`);
    return { kid: row.kid, privateKey: await this.#open(row), certificate: row.certificate };
  }

  async verifier(kid: string): Promise<KeyObject | undefined> {
    const row = this.#find(kid) ?? (await this.#refreshed(kid));
    return row === undefined ? undefined : createPublicKey({ key: row.publicJwk, format: "jwk" });
  }

  async publicKeys(): Promise<readonly Record<string, unknown>[]> {
    if (this.#options.now() - this.#readAt > REFRESH_MS) await this.#refresh();
    return this.#rows.map((row) => ({ ...row.publicJwk, kid: row.kid, alg: "EdDSA", use: "sig" }));
  }

  /** Every key that verifies something, those that will sign later among them. */
  async published(): Promise<readonly SigningKeyRow[]> {
    if (this.#options.now() - this.#readAt > REFRESH_MS) await this.#refresh();
    return this.#rows;
  }

  /** Adds a key that signs once it has been published long enough; the older ones verify for the overlap. */
  async rotate(announceMs = this.#options.announceMs): Promise<NewKeyPublished> {
    return this.#add("next", announceMs);
  }

  async #add(as: "first" | "next", announceMs = 0): Promise<NewKeyPublished> {
    const { store, sealer, purpose, now, overlapMs } = this.#options;
    const kid = newId("kid");
    const pair: NewKey = (await this.#options.newKey?.(kid)) ?? generateKeyPairSync("ed25519");
    const certificate = pair.certificate ?? null;
    const der = pair.privateKey.export({ type: "pkcs8", format: "der" });
    const signsFrom = new Date(now() + announceMs).toISOString();
    await sealer.sealing(async () => {
      const { sealed, dataKey } = sealer.seal({ noun: "signing_key", id: kid, field: "private" }, der);
      const publicJwk = { ...pair.publicKey.export({ format: "jwk" }) };
      const key = { kid, purpose, publicJwk, sealedPrivate: sealed, signsFrom, verifiesUntil: null, certificate };
      const olderVerifyUntil = new Date(now() + announceMs + overlapMs).toISOString();
      await store.units.signing.add({
        key,
        dataKey,
        as: as === "first" ? { type: as } : { type: as, olderVerifyUntil },
      });
    });
    der.fill(0);
    await this.#refresh();
    return { kid, signsFrom };
  }

  #find(kid: string): SigningKeyRow | undefined {
    const now = new Date(this.#options.now()).toISOString();
    return this.#rows.find((row) => row.kid === kid && (row.verifiesUntil === null || row.verifiesUntil > now));
  }

  async #refreshed(kid: string): Promise<SigningKeyRow | undefined> {
    if (this.#options.now() - this.#readAt < REFRESH_LIMIT_MS) return undefined;
    await this.#refresh();
    return this.#find(kid);
  }

  async #refresh(): Promise<void> {
    this.#rows = await this.#options.store.units.signing.list({ purpose: this.#options.purpose });
    this.#readAt = this.#options.now();
  }

  async #open(row: SigningKeyRow): Promise<KeyObject> {
    const known = this.#privateKeys.get(row.kid);
    if (known !== undefined) return known;
    const place = { noun: "signing_key", id: row.kid, field: "private" };
    const der = await this.#options.sealer.open(place, row.sealedPrivate);
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    der.fill(0);
    this.#privateKeys.set(row.kid, key);
    return key;
  }
}
