/** What the tests use of it; the package brings no types. */
declare module "oidc-provider" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  export class Provider {
    constructor(issuer: string, configuration: unknown);
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    on(event: string, listener: (...args: never[]) => void): this;
    readonly Session: { findByUid(uid: string): Promise<{ destroy(): Promise<void> } | undefined> };
    readonly Client: { find(id: string): Promise<OidcClient | undefined> };
    readonly Grant: { adapter: unknown };
  }

  interface OidcClient {
    readonly clientId: string;
    backchannelLogout(subject: string, sid: string): Promise<void>;
  }
}
