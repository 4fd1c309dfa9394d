import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { LiveSession, TargetCredential } from "@tidewaiter/core";
import { identityHeaders } from "../connect-target/identity-headers.ts";
import {
  createUpstream,
  KubernetesTargetError,
  type Upgraded,
  type Upstream,
  type UpstreamRequest,
} from "../connect-target/upstream.ts";
import { kubernetesTargetSchema } from "../target-schema.ts";

/** A token that is kept elsewhere is fetched anew after that: those of service accounts turn over. */
const CREDENTIAL_MS = 5 * 60_000;
const UNAUTHORIZED = 401;

/** The API server as one session may use it: each request carries the gateway's credential and the person's name. */
export interface Target {
  /** @throws KubernetesTargetError, or an AbortError when `signal` is */
  request(request: UpstreamRequest): Promise<IncomingMessage>;
  upgrade(request: Omit<UpstreamRequest, "body">): Promise<Upgraded>;
  close(): void;
}

interface Access {
  readonly upstream: Upstream;
  readonly credential: TargetCredential;
  readonly until: number;
}

export function createTarget(session: LiveSession<Duplex>): Target {
  const { resource } = session.authorized;
  const target = kubernetesTargetSchema.parse(resource.target);
  let access: Promise<Access> | undefined;
  let certified: { readonly pem: string; readonly upstream: Upstream } | undefined;
  let byToken: Upstream | undefined;

  /** A certificate belongs to its connections, a token to each request. */
  const upstreamFor = (credential: TargetCredential): Upstream => {
    const make = () => createUpstream({ target, credential, dial: () => session.dial(), resource: resource.name });
    if (credential.type !== "certificate") {
      byToken ??= make();
      return byToken;
    }
    if (certified?.pem !== credential.certificatePem) {
      certified?.upstream.close();
      certified = { pem: credential.certificatePem, upstream: make() };
    }
    return certified.upstream;
  };

  const openAccess = async (refused: boolean): Promise<Access> => {
    const credential = await session.openCredential(refused ? { refused } : {});
    if (credential.type !== "token" && credential.type !== "certificate")
      throw unusable(`the credential of ${resource.name} is neither a token nor a certificate`);
    return { upstream: upstreamFor(credential), credential, until: Date.now() + CREDENTIAL_MS };
  };

  const current = async (refused: boolean): Promise<Access> => {
    const kept = refused ? undefined : await access?.catch(() => undefined);
    if (kept !== undefined && kept.until > Date.now()) return kept;
    access = openAccess(refused);
    return access;
  };

  /** Groups may have changed since the last request. */
  const headersFor = (credential: TargetCredential): OutgoingHttpHeaders => {
    const { principal, level } = session.authorized;
    const who = identityHeaders({ target, credential, principal, level });
    if (who.ok) return who.headers;
    throw new KubernetesTargetError(
      "identity",
      `${principal.name} is not introduced to ${resource.name}: ${who.reason}`,
    );
  };

  /** Once more with a credential that is fetched anew, where the first one is not taken. */
  async function send<T>(
    attempt: (upstream: Upstream, headers: OutgoingHttpHeaders) => Promise<T>,
    answerOf: (result: T) => IncomingMessage | undefined,
    repeatable: boolean,
  ): Promise<T> {
    for (const refused of repeatable ? [false, true] : [false]) {
      const { upstream, credential } = await current(refused);
      const result = await attempt(upstream, headersFor(credential));
      const answer = answerOf(result);
      if (answer?.statusCode !== UNAUTHORIZED) return result;
      answer.resume();
    }
    throw unusable(
      `${resource.name} does not take the credential that is kept for it. Its administrator gives it a new one: tw credentials set ${resource.name}`,
    );
  }

  return {
    request: (asked) =>
      send(
        (upstream, headers) => upstream.request({ ...asked, headers: { ...asked.headers, ...headers } }),
        (response) => (asked.forwarded ? undefined : response),
        asked.body === undefined || asked.body instanceof Uint8Array,
      ),
    upgrade: (asked) =>
      send(
        (upstream, headers) => upstream.upgrade({ ...asked, headers: { ...asked.headers, ...headers } }),
        (upgraded) => (upgraded.ok ? undefined : upgraded.response),
        true,
      ),
    close() {
      byToken?.close();
      certified?.upstream.close();
    },
  };
}

function unusable(message: string): KubernetesTargetError {
  return new KubernetesTargetError("credential", message);
}
