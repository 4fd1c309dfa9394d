import { SQLSTATE } from "../errors.ts";
import type { AccessLevel } from "./options.ts";
import { Refusal } from "./refusal.ts";

/** The literal user of a client whose password is an access token. */
export const TOKEN_USER = "token";
/** The literal user of a client without any secret, for which somebody signs in by browser. */
export const LOGIN_USER = "login";
/** Longest user and database name, in characters. */
export const MAX_NAME_LENGTH = 256;
const CONTROL = /\p{Cc}/u;
const LEVELS: readonly AccessLevel[] = ["read", "write", "admin"];

/**
 * user = NAME [ "/" LEVEL ]; NAME is that of a principal, or the literal `token` or `login`; LEVEL is read, write or admin.
 * @throws Refusal `bad_user`
 */
export function parseUser(text: string): { readonly user: string; readonly level?: AccessLevel } {
  if (text.length > MAX_NAME_LENGTH || CONTROL.test(text)) throw badUser("the user name is not valid");
  const slash = text.indexOf("/");
  const user = slash < 0 ? text : text.slice(0, slash);
  if (user === "") throw badUser("the user name is empty");
  if (slash < 0) return { user };
  const level = LEVELS.find((one) => one === text.slice(slash + 1));
  if (level === undefined) throw badUser("the access level behind the slash is unknown");
  return { user, level };
}

function badUser(message: string): Refusal {
  const hint = "Write the user as NAME or NAME/LEVEL, where LEVEL is read, write or admin.";
  return new Refusal("bad_user", { code: SQLSTATE.invalidAuthorization, message, hint });
}
