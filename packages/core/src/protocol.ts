import type { Duplex } from "./stream.ts";
import type { AuthorizedSession, ControlPlane } from "./control-plane.ts";

/** Adding a protocol = adding a folder that exports one value of this shape. */
export interface Protocol<Target> {
  readonly name: string;
  /** Validates the API body of a resource's target and draws the web form. */
  readonly targetSchema: TargetSchema<Target>;
  /** One client connection, start to end. Reads top to bottom; resolves when the connection is over; never rejects. */
  serve(stream: Duplex, host: SessionHost): Promise<void>;
}

export interface TargetSchema<Target> {
  /** Throws a TidewaiterError `bad_request` that names the field. */
  parse(value: unknown): Target;
  /** JSON Schema of the target, for OpenAPI and forms. */
  readonly jsonSchema: Readonly<Record<string, unknown>>;
  /** The one address an agent may be asked to dial for it: `host:port` or `unix:/path`. */
  address(target: Target): string;
}

/** What the gateway lends to a protocol while it serves one connection. */
export interface SessionHost {
  readonly controlPlane: ControlPlane;
  readonly gatewayId: string;
  readonly clientAddress: string;
  /** Aborted when the gateway shuts down. */
  readonly signal: AbortSignal;
  /** A byte pair to the session's target, through its agent. Several dials per session are fine while its grant lives. */
  dial(session: AuthorizedSession): Promise<Duplex>;
}
