import type { ReachableResource } from "@tidewaiter/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ResourceMenu } from "./resource-menu.ts";

const SIZE = { rows: 24, cols: 80 };
const host = (name: string, tags: Record<string, string> = {}): ReachableResource => ({ name, tags, levels: ["read"] });
const HOSTS = [
  host("db-1"),
  host("web-1", { env: "prod" }),
  host("web-12", { env: "test" }),
  host("web-2", { team: "Core" }),
];
const menu = (hosts: readonly ReachableResource[] = HOSTS, size = SIZE) =>
  new ResourceMenu(hosts, { heading: "Where to, ana?", size });
const type = (keys: string, hosts = HOSTS) => menu(hosts).take(Buffer.from(keys));
const chosen = (keys: string, hosts = HOSTS) => {
  const answer = type(keys, hosts);
  return answer?.type === "chosen" ? answer.name : answer?.type;
};

describe("the menu of hosts", () => {
  it.each([
    ["\r", "db-1"],
    ["2\r", "web-1"],
    ["12\r", "web-12"],
    ["web\r", "web-1"],
    ["web-2\n", "web-2"],
    ["PROD\r", "web-1"],
    ["core web\r", "web-2"],
    ["env=test\r", "web-12"],
    ["webx\u007f-2\r", "web-2"],
    ["nothing\u0015db\r", "db-1"],
    ["\u001b[B\u001b[B\r", "web-12"],
    ["\u001bOB\u001b[A\u001b[A\r", "db-1"],
    ["\u001b[1;5B\u001b[200~2\r", "web-1"],
    ["nothing\r", undefined],
    ["we\u0003", "left"],
    ["\u0004", "left"],
    ["w\u0004eb-2\r", "web-2"],
  ])("takes %j as %s", (keys, name) => expect(chosen(keys)).toBe(name));

  it("gives back what was typed behind Enter", () => {
    expect(type("2\r\nuptime\r")).toEqual({ type: "chosen", name: "web-1", rest: Buffer.from("uptime\r") });
  });

  it("shows what fits, the marked one always", () => {
    const many = Array.from({ length: 500 }, (_, n) => host(`host-${n + 1}`));
    const long = menu(many, { rows: 10, cols: 30 });
    expect(long.draw()).toContain("494 more: type to narrow");
    for (let n = 0; n < 300; n++) long.take(Buffer.from("\u001b[B"));
    expect(long.draw()).toContain("> 301  host-301");
    expect(long.draw().split("\r\n").length).toBeLessThanOrEqual(10);
    long.resize({ rows: 0, cols: 0xffff_ffff });
    expect(long.draw()).toContain("> 301  host-301");
  });

  it("says nothing to the terminal for whoever wrote a tag", () => {
    const hostile = menu([host("web-1", { note: "\u001b]0;owned\u0007\u009b2J\u202e" })]);
    expect(hostile.draw()).toContain("note=\\e]0;owned\\u{7}\\u{9b}2J\\u{202e}");
  });

  it("takes any bytes in any pieces", () => {
    const keys = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x1b, 0x5b, 0x41, 0x7f, 0x31)), {
      maxLength: 80,
    });
    fc.assert(
      fc.property(keys, (bytes) => {
        const whole = menu();
        const pieces = menu();
        const answer = whole.take(Buffer.from(bytes));
        const one = bytes.map((byte) => pieces.take(Buffer.from([byte]))).find((each) => each !== undefined);
        expect(one?.type).toBe(answer?.type);
        if (answer === undefined) expect(pieces.draw()).toBe(whole.draw());
        const picture = whole.draw().replaceAll("\u001b[H\u001b[J", "").replaceAll("\r\n", "");
        expect(picture).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
