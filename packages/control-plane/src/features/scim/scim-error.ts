/** RFC 7644, table 9. */
export type ScimType =
  | "invalidFilter"
  | "tooMany"
  | "uniqueness"
  | "mutability"
  | "invalidSyntax"
  | "invalidPath"
  | "noTarget"
  | "invalidValue";

/** Plain data, so that a unit of work can give it back. */
export interface ScimRefusal {
  readonly status: 400 | 401 | 404 | 409 | 412 | 413 | 500 | 501 | 503;
  readonly scimType?: ScimType;
  readonly detail: string;
}

/** Leaves through the SCIM routes as an error body of RFC 7644 section 3.12; it never crosses to other features. */
export class ScimError extends Error {
  readonly refusal: ScimRefusal;

  constructor(refusal: ScimRefusal) {
    super(refusal.detail);
    this.name = "ScimError";
    this.refusal = refusal;
  }
}

/** A request that is wrong in itself. */
export function invalid(scimType: ScimType, detail: string): ScimError {
  return new ScimError({ status: scimType === "uniqueness" ? 409 : 400, scimType, detail });
}

/** RFC 7644 section 3.12: the status is a string. */
export function errorBody({ status, scimType, detail }: ScimRefusal) {
  const kind = scimType === undefined ? {} : { scimType };
  return { schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: String(status), ...kind, detail };
}
