import { ACCESS_LEVELS, type AccessLevel } from "@tidewaiter/core/resource";

/** What the user name of an SSH client says. */
export interface SshUserName {
  /** `PERSON`, or `AGENT+PERSON` for one who acts for a person. Undefined: a key or certificate says who it is. */
  readonly principal: string | undefined;
  readonly level: AccessLevel | undefined;
  /** Login at the target; undefined = that of the access level. */
  readonly login: string | undefined;
  readonly resource: string;
}

/** The longest that has all parts: four names, a level, and what stands between them. */
export const MAX_USER_NAME = 4 * 63 + "/write+".length + "+@".length;

/**
 * `[PRINCIPAL[+PERSON][/LEVEL]+][LOGIN@]RESOURCE`: `web-1`, `deploy@web-1`, `ana+web-1`, `ana/write+web-1`,
 * `coder+ana+web-1`. No name holds a `+`, so the last one ends the principal, and one before it makes it an AI agent's
 * for a person. Undefined for anything else.
 */
export function parseUserName(text: string): SshUserName | undefined {
  if (text.length > MAX_USER_NAME) return undefined;
  const match =
    /^(?:([a-z0-9._-]{1,63}(?:\+[a-z0-9._-]{1,63})?)(?:\/([a-z]+))?\+)?(?:([A-Za-z0-9._-]{1,63})@)?([A-Za-z0-9._-]{1,63})$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, principal, levelText, login, resource = ""] = match;
  const level = ACCESS_LEVELS.find((each) => each === levelText);
  if (levelText !== undefined && level === undefined) return undefined;
  return { principal, level, login, resource };
}
