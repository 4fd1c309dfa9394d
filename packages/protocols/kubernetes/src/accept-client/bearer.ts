import { ACCESS_LEVELS, type AccessLevel } from "@tidewaiter/core/resource";

/** What a bearer token says: who, at which level, and the connection secret that proves it. */
export interface Bearer {
  /** `ana`, or `coder+ana` for one who acts for a person. */
  readonly principal: string;
  readonly level: AccessLevel | undefined;
  readonly secret: string;
}

const MAX_TOKEN = 512;
/** None of the characters of RFC 6750, section 2.1, but `~` stands in neither a name nor a secret. */
const TOKEN = /^([a-z0-9._-]{1,63}(?:\+[a-z0-9._-]{1,63})?)(?:\/([a-z]+))?~([A-Za-z0-9._+/=-]{1,256})$/;

/** `Authorization: Bearer PRINCIPAL[+PERSON][/LEVEL]~SECRET`; undefined for anything else. */
export function parseBearer(header: string | undefined): Bearer | undefined {
  const match = /^bearer +(\S+)$/i.exec(header ?? "");
  const token = match?.[1] ?? "";
  if (token.length > MAX_TOKEN) return undefined;
  const [, principal = "", levelText, secret = ""] = TOKEN.exec(token) ?? [];
  if (principal === "") return undefined;
  const level = ACCESS_LEVELS.find((each) => each === levelText);
  if (levelText !== undefined && level === undefined) return undefined;
  return { principal, level, secret };
}
