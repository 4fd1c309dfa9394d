import type { ControlPlane } from "@tidewaiter/core";
import type { HostKey } from "./accept-client/certified-host-key.ts";
import { hostKeyLine } from "./host-key-pair.ts";

const RENEW_MS = 24 * 3600 * 1000;
const RETRY_MS = 60_000;

/** The host key of a gateway with a certificate that is renewed every day; without the control plane the last one stays. */
export class GatewayHostKey {
  readonly #privateKey: string;
  readonly #controlPlane: Pick<ControlPlane, "issueSshHostCertificate">;
  readonly #names: readonly string[];
  #certificate: Uint8Array | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** As in a .pub file, for `@cert-authority` of known_hosts. */
  authority: string | undefined;

  constructor(
    privateKey: string,
    controlPlane: Pick<ControlPlane, "issueSshHostCertificate">,
    names: readonly string[],
  ) {
    this.#privateKey = privateKey;
    this.#controlPlane = controlPlane;
    this.#names = names;
  }

  get line(): string {
    return hostKeyLine(this.#privateKey);
  }

  keys(): readonly HostKey[] {
    const certificate = this.#certificate;
    return [{ privateKey: this.#privateKey, ...(certificate !== undefined && { certificate }) }];
  }

  /** Never rejects: clients that know the key itself get along without a certificate. */
  async renew(): Promise<void> {
    let next = RENEW_MS;
    try {
      const request = { publicKey: this.line, names: this.#names };
      const { certificate, authority } = await this.#controlPlane.issueSshHostCertificate(request);
      this.#certificate = Buffer.from(certificate, "base64");
      this.authority = authority;
    } catch {
      next = RETRY_MS;
    }
    this.#timer = setTimeout(() => void this.renew(), next);
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
