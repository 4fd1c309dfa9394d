import type { TargetCredential, TargetSchema } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";

/** By protocol name. */
export type TargetSchemas = Readonly<Record<string, TargetSchema<unknown>>>;

/** Checks a target by its protocol's schema and says which address an agent will be asked to dial for it. */
export function resolveTarget(schemas: TargetSchemas, protocol: string, target: unknown) {
  const schema = requireSchema(schemas, protocol);
  const checked = schema.parse(target);
  return { target: checked, address: schema.address(checked) };
}

/** A credential that the protocol cannot log in with is refused where it is set, not at the first session. */
export function checkCredentialType(schemas: TargetSchemas, protocol: string, type: TargetCredential["type"]): void {
  const { credentialTypes } = requireSchema(schemas, protocol);
  if (credentialTypes.includes(type)) return;
  const last = credentialTypes.at(-1);
  const taken = credentialTypes.length > 1 ? `${credentialTypes.slice(0, -1).join(", ")} or ${last}` : last;
  throw new TidewaiterError("bad_request", `a credential for ${protocol} is of type ${taken}, not ${type}`);
}

function requireSchema(schemas: TargetSchemas, protocol: string): TargetSchema<unknown> {
  const schema = Object.hasOwn(schemas, protocol) ? schemas[protocol] : undefined;
  if (schema !== undefined) return schema;
  const known = Object.keys(schemas).join(", ");
  throw new TidewaiterError("bad_request", `protocol: there is no ${protocol}; known: ${known}`);
}
