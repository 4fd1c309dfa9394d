import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import { creationOptions, type RelyingParty, verifyCreation } from "./passkeys.ts";
import { newChallenge, PENDING_SECONDS, totpPlace } from "./service.ts";
import { newTotpSecret, totpStep, totpUri } from "./totp.ts";

interface Owner {
  readonly id: string;
  readonly name: string;
}

export interface EnrolmentParts {
  readonly store: ControlPlaneStore;
  readonly sealer: Sealer;
  readonly now: () => number;
  readonly web: () => string;
}

/** The secret of an authenticator app that waits for its first code. */
export interface OfferedTotp {
  /** Base32, for typing. */
  readonly secret: string;
  /** For a QR code. */
  readonly uri: string;
}

/** Adding factors. Whether the person may is asked before (`requireStepUp`, or a sign-in that needs one). */
export class FactorEnrolment {
  readonly #parts: EnrolmentParts;

  constructor(parts: EnrolmentParts) {
    this.#parts = parts;
  }

  async offerTotp(owner: Owner): Promise<OfferedTotp> {
    const { sealer, store } = this.#parts;
    const secret = newTotpSecret();
    await sealer.sealing(async () => {
      const { sealed, dataKey } = sealer.seal(totpPlace(owner.id), secret);
      await store.units.factors.offerTotp({ principalId: owner.id, sealed, dataKey });
    });
    return this.#shown(owner, secret);
  }

  /** The one that waits, to show it again. */
  async offeredTotp(owner: Owner): Promise<OfferedTotp | undefined> {
    const row = await this.#parts.store.units.factors.totp({ principalId: owner.id });
    if (row === undefined || row.confirmedAt !== null) return undefined;
    return this.#shown(owner, (await this.#parts.sealer.open(totpPlace(owner.id), row.sealed)).toString());
  }

  /** False when the code does not fit. */
  async confirmTotp(owner: Owner, code: string): Promise<boolean> {
    const { factors } = this.#parts.store.units;
    const row = await factors.totp({ principalId: owner.id });
    if (row === undefined || row.confirmedAt !== null) return false;
    const secret = (await this.#parts.sealer.open(totpPlace(owner.id), row.sealed)).toString();
    const step = totpStep(secret, code, this.#parts.now());
    return step !== undefined && (await factors.confirmTotp({ principalId: owner.id, step, sealed: row.sealed }));
  }

  /** PublicKeyCredentialCreationOptionsJSON, for one answer within five minutes. */
  async offerPasskey(site: RelyingParty, owner: Owner, signInId: string) {
    const { factors } = this.#parts.store.units;
    const challenge = newChallenge();
    const expiresAt = new Date(this.#parts.now() + PENDING_SECONDS * 1000).toISOString();
    const row = { id: enrolId(signInId), principalId: owner.id, challenge, proven: null, attemptsLeft: 1, expiresAt };
    await factors.ask({ challenge: row });
    const { passkeys } = await factors.status({ principalId: owner.id });
    const known = passkeys.map(({ id }) => id);
    return creationOptions(site, owner, known, challenge);
  }

  /** @throws `bad_request` when the answer is none to what was offered */
  async addPasskey(
    site: RelyingParty,
    owner: Owner,
    given: { readonly signInId: string; readonly name: string; readonly answer: string },
  ): Promise<void> {
    const { factors } = this.#parts.store.units;
    const row = await factors.answering({ id: enrolId(given.signInId), nextChallenge: newChallenge() });
    const fits = row !== undefined && row.principalId === owner.id;
    const passkey = fits ? await verifyCreation(site, row.challenge, given.answer) : undefined;
    if (passkey === undefined) {
      throw new TidewaiterError("bad_request", "the passkey was not added", { next: "Go back and try once more." });
    }
    await factors.addPasskey({ passkey: { ...passkey, principalId: owner.id, name: given.name } });
  }

  #shown(owner: Owner, secret: string): OfferedTotp {
    const { host } = new URL(this.#parts.web());
    return { secret, uri: totpUri(secret, owner.name, `Tidewaiter ${host}`) };
  }
}

function enrolId(signInId: string): string {
  return `enrol ${signInId}`;
}
