import type { Caller } from "../login/service.ts";

/** Whose things a caller sees: of a delegated AI agent only those of the same person, of a person also those of its AI agents. */
export interface Own {
  readonly principalId: string;
  readonly ownerId?: string;
}

export function ownOf({ id, principal, mandate }: Caller): Own {
  const person = mandate?.type === "delegation" ? principal.onBehalfOf : undefined;
  return person === undefined ? { principalId: id } : { principalId: id, ownerId: person.id };
}
