import { and, eq } from "../../storage/drizzle.ts";
import { principals, scimUsers } from "../../storage/schema.ts";
import { selectOne, type Work } from "../../storage/statement.ts";
import { ENTERPRISE_SCHEMA } from "./attributes.ts";
import { isObject, type Json, type JsonObject } from "./match.ts";
import type { Values } from "./read-values.ts";

/** What a provider says about a person; other attributes of the principal are an administrator's. */
const PROVIDED = ["department", "division", "organization", "title", "manager"] as const;

const LENGTH_LIMIT = 200;

/** The principal's attributes: `manager` is the name of a principal of the same provider. */
export function* factsOf(
  provider: string,
  values: Values,
  before: Readonly<Record<string, string>>,
): Work<Record<string, string>> {
  const extension = values[ENTERPRISE_SCHEMA];
  const enterprise = isObject(extension) ? extension : {};
  const manager = isObject(enterprise.manager) ? enterprise.manager.value : undefined;
  const said: JsonObject = { ...enterprise, title: values.title, manager: yield* managerName(provider, manager) };
  const facts = Object.fromEntries(
    PROVIDED.flatMap((name) => {
      const value = said[name];
      return typeof value === "string" && value !== "" ? [[name, value.slice(0, LENGTH_LIMIT)]] : [];
    }),
  );
  const kept = Object.entries(before).filter(([name]) => !PROVIDED.some((provided) => provided === name));
  return { ...Object.fromEntries(kept), ...facts };
}

function* managerName(provider: string, id: Json | undefined): Work<string | undefined> {
  if (typeof id !== "string") return undefined;
  const user = yield* selectOne(scimUsers, and(eq(scimUsers.provider, provider), eq(scimUsers.principalId, id)));
  const principal = user === undefined ? undefined : yield* selectOne(principals, eq(principals.id, user.principalId));
  return principal?.name;
}
