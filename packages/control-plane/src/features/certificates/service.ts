import { createPublicKey } from "node:crypto";
import type {
  AuthenticationResult,
  CertificateUse,
  ConnectionSecretKind,
  SshHostCertificate,
  SshHostCertificateRequest,
} from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import { ed25519PublicKey, formatPublicKeyLine } from "@tidewaiter/toolkit/ssh-certificate/public-key";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Caller } from "../login/service.ts";
import { loginName } from "../mandates/login-name.ts";
import { ownOf } from "../mandates/own.ts";
import { refOf } from "../principals/routes.ts";
import type { SecretView } from "../secrets/store.ts";
import { CERTIFICATE_USES, type CertificateAuthorities } from "./authorities.ts";
import { checkClientCertificate, issueClientCertificate, requestedKey } from "./client-certificate.ts";
import {
  checkSshUserCertificate,
  issueSshHostCertificate,
  issueSshUserCertificate,
  sshPublicKey,
} from "./ssh-certificates.ts";

interface CertificateTerms {
  readonly resource: string;
  readonly ttlSeconds?: number | undefined;
  readonly uses?: number | undefined;
}

/** What stands in a certificate of either format. */
interface Terms {
  readonly id: string;
  /** The user name of a native client. */
  readonly principal: string;
  readonly resource: string;
  readonly now: Date;
  /** To the second, as it stands in the certificate. */
  readonly expiresAt: Date;
  readonly uses: number | undefined;
}

type Issued<Extra> = SecretView & Extra;

/** Certificates are one more kind of connection secret: listed, limited and revoked like the others. */
/** Renewed by the gateway every day. */
const HOST_CERTIFICATE_MS = 7 * 24 * 3600 * 1000;

export class CertificateService {
  readonly #store: ControlPlaneStore;
  readonly #authorities: CertificateAuthorities;
  readonly #now: () => number;

  constructor(store: ControlPlaneStore, authorities: CertificateAuthorities, now: () => number) {
    this.#store = store;
    this.#authorities = authorities;
    this.#now = now;
  }

  /**
   * A client certificate for PostgreSQL.
   * @param wanted `request`: PKCS #10, PEM
   */
  async issue(
    caller: Caller,
    wanted: CertificateTerms & { readonly request: string },
  ): Promise<Issued<{ readonly certificatePem: string }>> {
    const publicKey = await requestedKey(wanted.request);
    const { id: secretId, principal, resource, now, expiresAt, ...terms } = await this.#terms(caller, wanted);
    const { privateKey, certificate } = await this.#authorities.issuer("postgres-client");
    if (certificate === null) throw new TidewaiterError("internal", "a certificate authority has no certificate");
    const facts = { principal, secretId, resource };
    const authority = { privateKey, certificate };
    const made = await issueClientCertificate({ authority, publicKey, facts, now, expiresAt });
    const all = { ...terms, id: secretId, principal, resource, now, expiresAt };
    const view = await this.#record(caller, all, "certificate", made.fingerprint);
    return { ...view, certificatePem: made.certificatePem };
  }

  /**
   * An OpenSSH user certificate for the gateway.
   * @param wanted `publicKey`: as in a .pub file
   */
  async issueSshUser(
    caller: Caller,
    wanted: CertificateTerms & { readonly publicKey: string },
  ): Promise<Issued<{ readonly certificateLine: string }>> {
    const publicKey = sshPublicKey(wanted.publicKey);
    const terms = await this.#terms(caller, wanted);
    const { id: secretId, principal, resource } = terms;
    const { privateKey } = await this.#authorities.issuer("ssh-user");
    const times = { now: terms.now.getTime(), expiresAt: terms.expiresAt.getTime() };
    const made = issueSshUserCertificate({ publicKey, principal, secretId, resource, ...times }, privateKey);
    const view = await this.#record(caller, terms, "ssh_certificate", made.fingerprint);
    return { ...view, certificateLine: made.line };
  }

  async #terms(caller: Caller, { resource, ttlSeconds, uses }: CertificateTerms): Promise<Terms> {
    const asked = {
      principal: caller.name,
      resource,
      ttlSeconds,
      uses,
      mandated: caller.mandate !== undefined,
      mandateId: caller.mandate?.id,
    };
    const terms = await this.#store.units.secrets.terms(asked);
    const now = new Date(this.#now());
    const end = now.getTime() + terms.ttlSeconds * 1000;
    const latest = caller.mandate === undefined ? end : Math.min(end, Date.parse(caller.mandate.expiresAt));
    const person = caller.mandate?.type === "delegation" ? (caller.principal.onBehalfOf?.name ?? null) : null;
    return {
      id: newId("sec"),
      principal: loginName(caller.name, person),
      resource,
      now,
      expiresAt: new Date(Math.floor(latest / 1000) * 1000),
      uses: terms.uses,
    };
  }

  #record(caller: Caller, terms: Terms, kind: ConnectionSecretKind, fingerprint: string): Promise<SecretView> {
    const { id, resource, expiresAt, uses } = terms;
    return this.#store.units.secrets.create({
      by: refOf(caller),
      mandate: caller.mandate,
      ownerId: ownOf(caller).ownerId,
      signInId: caller.signInId,
      id,
      kind,
      principal: caller.name,
      resource,
      proof: { fingerprint },
      expiresAt: expiresAt.toISOString(),
      uses,
    });
  }

  /** The client holds the key: TLS has shown it. */
  async authenticate(principalName: string, certificate: string): Promise<AuthenticationResult> {
    const der = Buffer.from(certificate, "base64");
    const authorities = await this.#authorities.published("postgres-client");
    const checked = checkClientCertificate(der, authorities, this.#now());
    if (!checked.ok) return { ok: false, reason: "foreign" };
    const { secretId: id, fingerprint, expiredAt } = checked;
    const kind = "certificate";
    const result = await this.#store.units.secrets.use({ kind, id, principal: principalName, fingerprint });
    if (result.ok || result.reason !== "unknown" || expiredAt === undefined) return result;
    // Its record is gone with the time; it is ours all the same.
    return { ok: false, reason: "expired", expiredAt };
  }

  /** For a gateway's own listener: clients that trust the authority need no prompt. */
  async issueSshHost({ publicKey, names }: SshHostCertificateRequest): Promise<SshHostCertificate> {
    const key = sshPublicKey(publicKey);
    const { privateKey } = await this.#authorities.issuer("ssh-host");
    const now = this.#now();
    const expiresAt = new Date(now + HOST_CERTIFICATE_MS);
    const blob = issueSshHostCertificate({ key, names, now, expiresAt: expiresAt.getTime() }, privateKey);
    const authority = formatPublicKeyLine(ed25519PublicKey(createPublicKey(privateKey)), "tidewaiter-ssh-host");
    const data = { names: names.join(" "), expiresAt: expiresAt.toISOString() };
    await this.#store.units.audit.append({ type: "host_certificate.issued", data });
    return { certificate: blob.toString("base64"), expiresAt: expiresAt.toISOString(), authority };
  }

  /** The client holds the key: its signature in SSH has shown it. */
  async authenticateSsh(principalName: string, certificate: string, address: string): Promise<AuthenticationResult> {
    const blob = Buffer.from(certificate, "base64");
    const authorities = (await this.#authorities.published("ssh-user")).map(({ publicJwk }) => publicJwk);
    const now = this.#now();
    const checked = checkSshUserCertificate({ blob, authorities, principal: principalName, address, now });
    if (checked.ok) {
      const { secretId: id, fingerprint } = checked;
      return this.#store.units.secrets.use({ kind: "ssh_certificate", id, principal: principalName, fingerprint });
    }
    const { problem, expiredAt, secretId = "" } = checked;
    if (problem === "foreign") return { ok: false, reason: "foreign" };
    const data = { principal: principalName, secret: secretId, kind: "ssh_certificate", reason: problem, address };
    await this.#store.units.audit.append({ type: "authentication.refused", data });
    if (problem === "expired")
      return { ok: false, reason: "expired", ...(expiredAt === undefined ? {} : { expiredAt }) };
    return { ok: false, reason: problem === "other_principal" ? problem : "unknown" };
  }

  /** @param afterSeconds when the new key begins to sign; default: when everybody who checks should have it */
  async rotate(
    by: Caller,
    use: CertificateUse,
    afterSeconds?: number,
  ): Promise<{ readonly id: string; readonly issuesFrom: string }> {
    const ring = await this.#authorities.ring(use);
    const { kid, signsFrom } = await ring.rotate(afterSeconds === undefined ? undefined : afterSeconds * 1000);
    const data = { by: by.name, id: kid, use, issuesFrom: signsFrom };
    await this.#store.units.audit.append({ type: "certificate_authority.rotated", principalId: by.id, data });
    return { id: kid, issuesFrom: signsFrom };
  }

  async published(use: CertificateUse | undefined) {
    const uses = use === undefined ? CERTIFICATE_USES : [use];
    return (await Promise.all(uses.map((one) => this.#authorities.published(one)))).flat();
  }
}
