import { TidewaiterError } from "@tidewaiter/core/errors";
import { Expiring } from "../../expiring.ts";
import { type HttpAnswer, jsonOf, sendRequest, textAt } from "../../http-request.ts";
import { readText } from "../../local-secret.ts";
import { wordsFor } from "../../store-answer.ts";
import { loginRequest } from "./vault-auth.ts";
import type { VaultSettings } from "./vault-settings.ts";

export interface VaultDeps {
  readonly readVariable: (name: string) => string | undefined;
  readonly now: () => number;
}

interface VaultToken {
  readonly token: string;
  readonly renewable: boolean;
}

const DEADLINE_MS = 10_000;
/** A token without an end (a root token, a periodic one that somebody else renews) is read again after this. */
const ENDLESS_MS = 5 * 60_000;

/**
 * HTTP API of Vault or OpenBao (https://developer.hashicorp.com/vault/api-docs). Signs in when needed. Leases end with the
 * token that they were made under, so the token is renewed for as long as Vault lets it.
 */
export class VaultClient {
  readonly #settings: VaultSettings;
  readonly #deps: VaultDeps;
  readonly #token: Expiring<VaultToken>;
  #renewal: NodeJS.Timeout | undefined;
  #renewed: { readonly value: VaultToken; readonly expiresAt: number } | undefined;

  constructor(settings: VaultSettings, deps: VaultDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#token = new Expiring((signal) => this.#currentToken(signal), deps.now);
  }

  /** @param path below `/v1/`, in clear text */
  async call(
    method: "GET" | "PUT" | "POST",
    path: string,
    { query = "", body, signal }: { readonly query?: string; readonly body?: object; readonly signal: AbortSignal },
  ): Promise<HttpAnswer> {
    const token = await this.#token.get(signal);
    const answer = await this.#send(method, `${path}${query}`, { body, token: token.token, signal });
    if (answer.status !== 403) return answer;
    // The token may have been revoked; if it was not, a new one is refused just the same.
    this.#token.drop(token);
    this.#renewed = undefined;
    const again = await this.#token.get(signal);
    return again.token === token.token
      ? answer
      : this.#send(method, `${path}${query}`, { body, token: again.token, signal });
  }

  close(): void {
    clearTimeout(this.#renewal);
  }

  async #send(
    method: "GET" | "PUT" | "POST",
    path: string,
    {
      body,
      token,
      signal,
    }: { readonly body?: object | undefined; readonly token?: string; readonly signal: AbortSignal },
  ): Promise<HttpAnswer> {
    const { address, namespace, caFile } = this.#settings;
    return sendRequest({
      method,
      url: `${address.replace(/\/+$/, "")}/v1/${path}`,
      headers: {
        "x-vault-request": "true",
        ...(token !== undefined && { "x-vault-token": token }),
        ...(namespace !== undefined && { "x-vault-namespace": namespace }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ca: caFile === undefined ? undefined : await readText(caFile),
      signal,
    });
  }

  async #currentToken(signal: AbortSignal): Promise<{ readonly value: VaultToken; readonly expiresAt: number }> {
    const renewed = this.#renewed;
    if (renewed !== undefined && renewed.expiresAt - this.#deps.now() > DEADLINE_MS) return renewed;
    const login = await loginRequest(this.#settings.auth, this.#deps.readVariable);
    if ("token" in login) {
      return { value: { token: login.token, renewable: false }, expiresAt: this.#deps.now() + ENDLESS_MS };
    }
    const answer = await this.#send("POST", login.path, { body: login.body, signal });
    return this.#accept(answer, "its login");
  }

  /** https://developer.hashicorp.com/vault/api-docs/auth/approle#login-with-approle and alike: `auth` of the answer. */
  #accept(answer: HttpAnswer, what: string): { readonly value: VaultToken; readonly expiresAt: number } {
    const auth = answer.status === 200 ? jsonOf(answer.text)?.auth : undefined;
    const token = textAt(auth, "client_token");
    if (token === undefined) {
      throw new TidewaiterError("secret_unavailable", `Vault refused ${what}: ${wordsFor(answer.status)}`);
    }
    const { lease_duration: seconds, renewable } = auth as Record<string, unknown>;
    const life = typeof seconds === "number" && seconds > 0 ? seconds * 1000 : ENDLESS_MS;
    const value = { token, renewable: renewable === true };
    if (value.renewable) this.#renewLater(value, life);
    return { value, expiresAt: this.#deps.now() + life };
  }

  #renewLater(value: VaultToken, life: number): void {
    clearTimeout(this.#renewal);
    const wait = Math.min(Math.max(1_000, (life * 2) / 3), 2 ** 31 - 1);
    this.#renewal = setTimeout(async () => {
      try {
        const signal = AbortSignal.timeout(DEADLINE_MS);
        const answer = await this.#send("POST", "auth/token/renew-self", { body: {}, token: value.token, signal });
        this.#renewed = this.#accept(answer, "to renew its token");
      } catch {
        // The next use signs in anew.
      }
    }, wait);
    this.#renewal.unref();
  }
}
