import { describe, expect, it } from "vitest";
import { parseCommand } from "./options.ts";

const REQUIRED = ["run", "--url", "wss://gw.example", "--state-dir", "state"];

describe("parseCommand", () => {
  it("reads repeated options", () => {
    const command = parseCommand([...REQUIRED, "--url", "ws://b", "--allow", "a:1", "--allow", "*:2", "--json"]);
    expect(command).toMatchObject({
      kind: "run",
      options: { urls: ["wss://gw.example", "ws://b"], allow: ["a:1", "*:2"], allowSecret: [], json: true },
    });
  });

  it.each([
    ["no command", []],
    ["another command", ["walk"]],
    ["no url", ["run", "--state-dir", "s"]],
    ["no state directory", ["run", "--url", "wss://a"]],
    ["an unknown option", [...REQUIRED, "--token", "secret"]],
    ["a url of another kind", ["run", "--url", "ftp://a", "--state-dir", "s"]],
    ["a secret in the url", ["run", "--url", "wss://u:p@a", "--state-dir", "s"]],
  ])("refuses %s", (_name, args) => {
    expect(() => parseCommand(args)).toThrow(expect.objectContaining({ code: "usage" }));
  });
});
