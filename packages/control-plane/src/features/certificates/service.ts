import type { AuthenticationResult, CertificateUse } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import type { ControlPlaneStore } from "../../storage/open-store.ts";
import type { Caller } from "../login/service.ts";
import { loginName } from "../mandates/login-name.ts";
import { ownOf } from "../mandates/own.ts";
import { refOf } from "../principals/routes.ts";
import type { SecretView } from "../secrets/store.ts";
import { CERTIFICATE_USES, type CertificateAuthorities } from "./authorities.ts";
import { checkClientCertificate, issueClientCertificate, requestedKey } from "./client-certificate.ts";

export interface CertificateRequest {
  /** PKCS #10, PEM. */
  readonly request: string;
  readonly resource: string;
  readonly ttlSeconds?: number | undefined;
  readonly uses?: number | undefined;
}

export class CertificateService {
  readonly #store: ControlPlaneStore;
  readonly #authorities: CertificateAuthorities;
  readonly #now: () => number;

  constructor(store: ControlPlaneStore, authorities: CertificateAuthorities, now: () => number) {
    this.#store = store;
    this.#authorities = authorities;
    this.#now = now;
  }

  /** A client certificate for PostgreSQL: one more kind of connection secret, listed and revoked like the others. */
  async issue(caller: Caller, wanted: CertificateRequest): Promise<SecretView & { readonly certificatePem: string }> {
    const publicKey = await requestedKey(wanted.request);
    const { secrets } = this.#store.units;
    const { resource, ttlSeconds, uses } = wanted;
    const terms = await secrets.terms({ principal: caller.name, resource, ttlSeconds, uses });
    const { privateKey, certificate } = await this.#authorities.issuer("postgres-client");
    if (certificate === null) throw new TidewaiterError("internal", "a certificate authority has no certificate");
    const id = newId("sec");
    const now = new Date(this.#now());
    // To the second, as it stands in the certificate.
    const wantedEnd = Math.min(
      now.getTime() + terms.ttlSeconds * 1000,
      Date.parse(caller.mandate?.expiresAt ?? "9999-01-01"),
    );
    const expiresAt = new Date(Math.floor(wantedEnd / 1000) * 1000);
    const person = caller.mandate?.type === "delegation" ? (caller.principal.onBehalfOf?.name ?? null) : null;
    const facts = { principal: loginName(caller.name, person), secretId: id, resource };
    const authority = { privateKey, certificate };
    const { certificatePem, fingerprint } = await issueClientCertificate({
      authority,
      publicKey,
      facts,
      now,
      expiresAt,
    });
    const view = await secrets.create({
      by: refOf(caller),
      mandate: caller.mandate,
      ownerId: ownOf(caller).ownerId,
      signInId: caller.signInId,
      id,
      kind: "certificate",
      principal: caller.name,
      resource,
      proof: { fingerprint },
      expiresAt: expiresAt.toISOString(),
      uses: terms.uses,
    });
    return { ...view, certificatePem };
  }

  /** The client holds the key: TLS has shown it. */
  async authenticate(principalName: string, certificate: string): Promise<AuthenticationResult> {
    const der = Buffer.from(certificate, "base64");
    const authorities = await this.#authorities.published("postgres-client");
    const checked = checkClientCertificate(der, authorities, this.#now());
    if (!checked.ok) return { ok: false, reason: "foreign" };
    const { secretId: id, fingerprint } = checked;
    const result = await this.#store.units.secrets.use({
      kind: "certificate",
      id,
      principal: principalName,
      fingerprint,
    });
    if (result.ok || result.reason !== "unknown" || checked.expiredAt === undefined) return result;
    // Its record is gone with the time; it is ours all the same.
    return { ok: false, reason: "expired", expiredAt: checked.expiredAt };
  }

  async rotate(by: Caller, use: CertificateUse): Promise<{ readonly id: string }> {
    const { kid } = await (await this.#authorities.ring(use)).rotate();
    const data = { by: by.name, id: kid, use };
    await this.#store.units.audit.append({ type: "certificate_authority.rotated", principalId: by.id, data });
    return { id: kid };
  }

  async published(use: CertificateUse | undefined) {
    const uses = use === undefined ? CERTIFICATE_USES : [use];
    return (await Promise.all(uses.map((one) => this.#authorities.published(one)))).flat();
  }
}
