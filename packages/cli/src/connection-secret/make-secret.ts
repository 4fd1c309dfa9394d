import { answer } from "../api/client.ts";
import type { ConnectionSecret } from "../api/shapes.ts";
import { withStepUp } from "../api/with-step-up.ts";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";

export interface SecretWanted {
  readonly resource: string;
  /** Undefined: as the resource says. */
  readonly ttlSeconds: number | undefined;
  readonly uses?: number | undefined;
  /** An AI agent that acts for the caller. */
  readonly forPrincipal?: string | undefined;
}

/** From now on it counts among the live ones of its principal. */
export async function makeSecret(context: CommandContext, wanted: SecretWanted): Promise<ConnectionSecret> {
  const api = await context.api();
  const { resource, ttlSeconds, uses, forPrincipal } = wanted;
  const body = {
    resource,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(uses === undefined ? {} : { uses }),
    ...(forPrincipal === undefined ? {} : { forPrincipal }),
  };
  const make = () => answer(api.POST("/v1/connection-secrets", { body }));
  return withStepUp(context, make).catch((error: unknown) => {
    throw tooMany(error);
  });
}

function tooMany(error: unknown): unknown {
  if (!(error instanceof CliError) || error.exit !== "conflict") return error;
  return new CliError("conflict", error.message, {
    ...(error.why === undefined ? {} : { why: error.why }),
    next: "tw secrets list, then tw secrets revoke ID...",
    cause: error,
  });
}

/** Never fails: a secret that cannot be revoked now ends by itself, and what the caller did is done. */
export async function revokeSecret(context: CommandContext, id: string): Promise<boolean> {
  try {
    await answer((await context.api()).DELETE("/v1/connection-secrets/{id}", { params: { path: { id } } }));
    return true;
  } catch (error) {
    if (error instanceof CliError) return error.exit === "not_found";
    throw error;
  }
}
