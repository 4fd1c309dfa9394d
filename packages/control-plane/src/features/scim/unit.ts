import type { Work } from "../../storage/statement.ts";
import { type UnitContext, type UnitDefinition, write } from "../../storage/unit.ts";
import { ScimError, type ScimRefusal } from "./scim-error.ts";

/** A refusal is an answer; an error would lose its kind on the way out of the store's thread. */
export type ScimOutcome<Result> =
  | { readonly ok: true; readonly value: Result }
  | { readonly ok: false; readonly refusal: ScimRefusal };

/** A unit that is taken back as a whole when its body throws a ScimError. */
export function scimWrite<Args, Result>(
  body: (unit: UnitContext, args: Args) => Work<Result>,
): UnitDefinition<Args, ScimOutcome<Result>> {
  return write(function* (unit, args: Args): Work<ScimOutcome<Result>> {
    try {
      return { ok: true, value: yield* body(unit, args) };
    } catch (error) {
      if (!(error instanceof ScimError)) throw error;
      unit.discard();
      return { ok: false, refusal: error.refusal };
    }
  });
}

export function notFound(noun: "user" | "group", id: string): ScimError {
  return new ScimError({ status: 404, detail: `there is no ${noun} ${id.slice(0, 100)} of this provider` });
}

/** RFC 7644 section 3.14: `If-Match` with the version that the provider has seen. */
export function requireVersion(row: { readonly version: number }, wanted: string | undefined): void {
  if (wanted === undefined || wanted === "*") return;
  const versions = wanted.split(",").map((version) => version.trim());
  if (versions.includes(versionOf(row))) return;
  throw new ScimError({ status: 412, detail: "it changed meanwhile: the version is another one" });
}

export function versionOf({ version }: { readonly version: number }): string {
  return `W/"${version}"`;
}
