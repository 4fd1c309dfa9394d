import { createHash, randomBytes } from "node:crypto";
import { TidewaiterError } from "@tidewaiter/core/errors";
import type { Sealer } from "../../seal/sealer.ts";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Attempts } from "../login/attempts.ts";
import type { Caller, LoginService } from "../login/service.ts";
import { type FactorProof, type FactorStatus, type FirstProof, hasFactor } from "./factor.ts";
import { credentialIdOf, type RelyingParty, relyingParty, requestOptions, verifyAssertion } from "./passkeys.ts";
import { hashRecoveryCode, newRecoveryCodes } from "./recovery-codes.ts";
import { requirePerson, requireStepUp } from "./require-step-up.ts";
import type { ChallengeRow } from "./store.ts";
import { totpStep } from "./totp.ts";

export interface SecondFactorParts {
  readonly store: ControlPlaneStore;
  readonly sealer: Sealer;
  readonly login: LoginService;
  readonly attempts: Attempts;
  readonly now: () => number;
  /** Base URL under which browsers find us. */
  readonly web: () => string;
  /** Whoever signs in with a password needs a factor; without one, the sign-in is where it is added. */
  readonly required: boolean;
}

/** How long a sign-in waits for its second factor. */
export const PENDING_SECONDS = 300;
const ANSWERS = 5;
/**
 * Codes of one person from addresses where that person never signed in: 50, then one each 72 s. A code has a million
 * values, so that an attacker who has the password needs months however many addresses there are. The person is not
 * kept out by it: at a known address, and with a passkey or a recovery code, it does not count.
 */
const UNKNOWN_ADDRESSES = { burst: 50, refillMs: 72_000 };

export type Need = "none" | "ask" | "enrol";

/** Who answers, and to what. */
interface Answering {
  readonly principalId: string;
  /** Of WebAuthn; without one no passkey can answer. */
  readonly challenge?: string;
  readonly address: string;
  readonly purpose: "sign_in" | "step_up";
}

/** Second factors of people: asking for them and checking what is given. Adding and removing is `FactorEnrolment`. */
export class SecondFactors {
  readonly #parts: SecondFactorParts;

  constructor(parts: SecondFactorParts) {
    this.#parts = parts;
  }

  get site(): RelyingParty | undefined {
    return relyingParty(this.#parts.web());
  }

  /** Whoever signs in with a password needs one. */
  get required(): boolean {
    return this.#parts.required;
  }

  /** As the function of this name, by the service's clock. */
  requireStepUp(caller: Caller, options: { readonly withinMs: number }): void {
    requireStepUp(caller, { ...options, now: this.#parts.now() });
  }

  status(principalId: string): Promise<FactorStatus> {
    return this.#parts.store.units.factors.status({ principalId });
  }

  async need(principalId: string): Promise<Need> {
    if (hasFactor(await this.status(principalId))) return "ask";
    return this.#parts.required ? "enrol" : "none";
  }

  /** Keeps a sign-in whose password was right until the factor is given; resolves to what the browser holds for it. */
  async begin(first: FirstProof): Promise<string> {
    const pending = randomBytes(32).toString("base64url");
    await this.#ask({ id: pendingId(pending), principalId: first.principalId, proven: first });
    return pending;
  }

  async pending(pending: string | undefined): Promise<ChallengeRow | undefined> {
    if (pending === undefined) return undefined;
    return this.#parts.store.units.factors.question({ id: pendingId(pending) });
  }

  /** What the sign-in has proven now. @throws `unauthenticated` when it does not fit or waited too long, `rate_limited` */
  async finish(pending: string, proof: FactorProof, address: string): Promise<FirstProof> {
    const { factors } = this.#parts.store.units;
    const row = await factors.answering({ id: pendingId(pending), nextChallenge: newChallenge() });
    if (row?.proven === undefined || row.proven === null) throw signInAgain();
    const { principalId, challenge, proven } = row;
    const methods = await this.verify({ principalId, challenge, address, purpose: "sign_in" }, proof);
    if (!(await factors.answered({ id: row.id }))) throw signInAgain();
    return { ...proven, methods: [...proven.methods, ...methods] };
  }

  /** As `finish`, where the factor is added in the course of it. Undefined when the code does not fit. */
  async finishEnrolment(pending: string, address: string, confirm: () => Promise<boolean>) {
    const { factors } = this.#parts.store.units;
    const row = await factors.answering({ id: pendingId(pending), nextChallenge: newChallenge() });
    if (row?.proven === undefined || row.proven === null) throw signInAgain();
    if (!(await this.trying(row.principalId, address, confirm))) return undefined;
    if (!(await factors.answered({ id: row.id }))) throw signInAgain();
    return { ...row.proven, methods: [...row.proven.methods, "otp", "mfa"] };
  }

  /** Slows guessing of a first code down. @throws `rate_limited` */
  async trying(principalId: string, address: string, confirm: () => Promise<boolean>): Promise<boolean> {
    this.#parts.attempts.check(address, principalId);
    const good = await confirm();
    if (good) this.#parts.attempts.succeeded(address, principalId);
    return good;
  }

  /** For a sign-in that is over at once, as of the API. @throws `second_factor_required` */
  async complete(first: FirstProof, proof: FactorProof): Promise<FirstProof> {
    const need = await this.need(first.principalId);
    if (need === "none") return first;
    const { principalId, address } = first;
    if (need === "enrol") {
      throw new TidewaiterError("second_factor_required", "a second factor is required and you have none yet", {
        next: `Sign in once in a browser: ${this.#parts.web()}/sign-in`,
      });
    }
    if (!proof.code && !proof.recoveryCode) {
      throw new TidewaiterError("second_factor_required", "a code of your authenticator app, or a recovery code");
    }
    const methods = await this.verify({ principalId, address, purpose: "sign_in" }, proof);
    return { ...first, methods: [...first.methods, ...methods] };
  }

  /** The question of a step-up, made when there is none. */
  async question(caller: Caller): Promise<ChallengeRow> {
    const id = stepUpId(caller);
    const known = await this.#parts.store.units.factors.question({ id });
    return known !== undefined && known.attemptsLeft > 0 ? known : this.#ask({ id, principalId: caller.id });
  }

  /** PublicKeyCredentialRequestOptionsJSON for a question, or undefined where no passkey can answer it. */
  async passkeyOptions(row: ChallengeRow, status: FactorStatus) {
    const { site } = this;
    if (site === undefined || status.passkeys.length === 0) return undefined;
    const ids = status.passkeys.map(({ id }) => id);
    return requestOptions(site, ids, row.challenge);
  }

  /** Proof by a factor or, for whoever has none, by the password. Resolves to its methods. */
  async prove(caller: Caller, proof: FactorProof & { password?: string | undefined }, address: string) {
    const { factors } = this.#parts.store.units;
    requirePerson(caller);
    if (!proof.assertion && !proof.code && !proof.recoveryCode && !proof.password) {
      throw new TidewaiterError("bad_request", "a code, a recovery code or a password is needed");
    }
    if (!hasFactor(await this.status(caller.id))) return this.#provePassword(caller, proof.password ?? "", address);
    const row = await factors.answering({ id: stepUpId(caller), nextChallenge: newChallenge() });
    const challenge = row === undefined ? {} : { challenge: row.challenge };
    return this.verify({ principalId: caller.id, ...challenge, address, purpose: "step_up" }, proof);
  }

  /** @throws `unauthenticated` when it does not fit, `rate_limited` */
  async verify(answering: Answering, proof: FactorProof): Promise<readonly string[]> {
    const { attempts, store } = this.#parts;
    const { principalId, address, purpose } = answering;
    attempts.check(address, principalId);
    const methods = await this.#methods(answering, proof);
    if (methods === undefined) {
      await store.units.audit.append({ type: "second_factor.refused", principalId, data: { address, purpose } });
      throw new TidewaiterError("unauthenticated", "that does not fit");
    }
    attempts.succeeded(address, principalId);
    return methods;
  }

  /** Ten new codes; those before them end. */
  async newRecoveryCodes(principalId: string): Promise<readonly string[]> {
    const codes = newRecoveryCodes();
    await this.#parts.store.units.factors.setRecoveryCodes({ principalId, hashes: codes.map(hashRecoveryCode) });
    return codes;
  }

  /** RFC 8176 values, or undefined. */
  async #methods(answering: Answering, proof: FactorProof): Promise<readonly string[] | undefined> {
    const { principalId } = answering;
    if (proof.assertion) return this.#passkey(answering, proof.assertion);
    if (proof.code) return this.#totp(answering, proof.code);
    if (!proof.recoveryCode) return undefined;
    const hash = hashRecoveryCode(proof.recoveryCode);
    const good = await this.#parts.store.units.factors.useRecoveryCode({ principalId, hash });
    return good ? ["otp", "mfa"] : undefined;
  }

  async #totp({ principalId, address }: Answering, code: string) {
    const { store, sealer, now, attempts } = this.#parts;
    const { factors } = store.units;
    const known = await factors.signedInFrom({ principalId, address });
    if (!known && !attempts.take(`totp ${principalId}`, UNKNOWN_ADDRESSES)) {
      throw new TidewaiterError("rate_limited", "too many codes from addresses where you never signed in", {
        next: "Use a passkey or a recovery code, or sign in where you did before.",
      });
    }
    const row = await factors.totp({ principalId });
    if (row === undefined || row.confirmedAt === null) return undefined;
    const secret = (await sealer.open(totpPlace(principalId), row.sealed)).toString();
    const step = totpStep(secret, code, now());
    const good = step !== undefined && (await factors.useTotp({ principalId, step }));
    return good ? ["otp", "mfa"] : undefined;
  }

  async #passkey({ principalId, challenge }: Answering, assertion: string) {
    const { factors } = this.#parts.store.units;
    const { site } = this;
    const id = credentialIdOf(assertion);
    if (site === undefined || challenge === undefined || id === undefined) return undefined;
    const passkey = await factors.passkey({ principalId, id });
    const verified = passkey && (await verifyAssertion(site, challenge, assertion, passkey));
    if (verified === undefined) return undefined;
    await factors.passkeyUsed({ id, signCount: verified.signCount });
    return [verified.method, "mfa"];
  }

  async #provePassword(caller: Caller, password: string, address: string): Promise<readonly string[]> {
    const { principalId, methods } = await this.#parts.login.checkPassword(caller.name, password, address);
    if (principalId !== caller.id) throw new TidewaiterError("unauthenticated", "that does not fit");
    return methods;
  }

  async #ask(question: { id: string; principalId: string; proven?: FirstProof }): Promise<ChallengeRow> {
    const { id, principalId, proven = null } = question;
    const expiresAt = new Date(this.#parts.now() + PENDING_SECONDS * 1000).toISOString();
    const row = { id, principalId, challenge: newChallenge(), proven, attemptsLeft: ANSWERS, expiresAt };
    await this.#parts.store.units.factors.ask({ challenge: row });
    return row;
  }
}

export function newChallenge(): string {
  return randomBytes(32).toString("base64url");
}

export function totpPlace(principalId: string) {
  return { noun: "totp", id: principalId, field: "secret" };
}

function pendingId(pending: string): string {
  return `sign_in ${createHash("sha256").update(pending).digest("hex")}`;
}

function stepUpId(caller: Caller): string {
  requirePerson(caller);
  return `step_up ${caller.signInId}`;
}

function signInAgain(): TidewaiterError {
  return new TidewaiterError("unauthenticated", "the sign-in waited too long, or had too many wrong answers", {
    next: "Sign in again.",
  });
}
