import type { TargetSchema } from "@tidewaiter/core";
import { TidewaiterError } from "@tidewaiter/core/errors";

/** By protocol name. */
export type TargetSchemas = Readonly<Record<string, TargetSchema<unknown>>>;

/** Checks a target by its protocol's schema and says which address an agent will be asked to dial for it. */
export function resolveTarget(schemas: TargetSchemas, protocol: string, target: unknown) {
  const schema = Object.hasOwn(schemas, protocol) ? schemas[protocol] : undefined;
  if (schema === undefined) {
    const known = Object.keys(schemas).join(", ");
    throw new TidewaiterError("bad_request", `protocol: there is no ${protocol}; known: ${known}`);
  }
  const checked = schema.parse(target);
  return { target: checked, address: schema.address(checked) };
}
