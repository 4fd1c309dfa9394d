import { describe, expect, it } from "vitest";
import { MAX_USER_NAME, parseUserName } from "./user-name.ts";

const name = (part: Partial<NonNullable<ReturnType<typeof parseUserName>>>) => ({
  principal: undefined,
  level: undefined,
  login: undefined,
  resource: "web-1",
  ...part,
});

describe("the user name of an SSH client", () => {
  it.each([
    ["web-1", {}],
    ["deploy@web-1", { login: "deploy" }],
    ["ana+web-1", { principal: "ana" }],
    ["ana/write+web-1", { principal: "ana", level: "write" }],
    ["ana/write+deploy@web-1", { principal: "ana", level: "write", login: "deploy" }],
    ["coder+ana+web-1", { principal: "coder+ana" }],
    // a login at the target, not a person
    ["coder+ana@web-1", { principal: "coder", login: "ana" }],
    ["coder+ana+ana@web-1", { principal: "coder+ana", login: "ana" }],
    ["coder+ana/admin+web-1", { principal: "coder+ana", level: "admin" }],
    ["coder+ana/read+deploy@web-1", { principal: "coder+ana", level: "read", login: "deploy" }],
    ["a.b_c-1+ana.lima+web-1", { principal: "a.b_c-1+ana.lima" }],
  ] as const)("%s", (text, parts) => {
    expect(parseUserName(text)).toEqual(name(parts));
  });

  it.each(
    [
      ["", "+web-1", "ana+", "ana++web-1", "++web-1", "coder+ana+"],
      ["coder+ana+eve+web-1", "coder/write+ana+web-1", "coder/read+ana/write+web-1", "coder+/write+web-1"],
      ["ana/root+web-1", "ana/+web-1", "ana/WRITE+web-1", "Ana+web-1", "coder+Ana+web-1"],
      ["deploy@ana+web-1", "@web-1", "deploy@", "a@b@web-1", "web 1", "web-1\n", "wéb"],
    ].flat(),
  )("refuses %j", (text) => {
    expect(parseUserName(text)).toBeUndefined();
  });

  it("takes the longest of each part, and nothing longer", () => {
    const long = "a".repeat(63);
    const longest = `${long}+${long}/write+${long}@${long}`;
    expect(longest).toHaveLength(MAX_USER_NAME);
    expect(parseUserName(longest)).toEqual({
      principal: `${long}+${long}`,
      level: "write",
      login: long,
      resource: long,
    });
    expect(parseUserName(`a${longest}`)).toBeUndefined();
    expect(parseUserName(`${long}+a${long}+web-1`)).toBeUndefined();
  });
});
