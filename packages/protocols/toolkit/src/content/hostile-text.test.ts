import { describe, expect, it } from "vitest";
import { DETECTOR_NAMES } from "./detector.ts";
import { detectorSet } from "./detector-set.ts";
import { findSensitive } from "./find-sensitive.ts";

const set = detectorSet(DETECTOR_NAMES, {
  phoneRegions: ["US", "DE", "FR", "BR"],
  patterns: [
    { name: "employee", pattern: "EMP-[0-9]{6}" },
    { name: "ambiguous", pattern: "(?:a|aa){1,40}b" },
  ],
});
const named = { ...set, detectors: set.detectors.map((detector) => ({ ...detector, named: true })) };

/** Counts every byte that is read: time on a shared machine proves nothing. */
function bytesRead(bytes: Uint8Array): number {
  let read = 0;
  const counting = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) read++;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  findSensitive(counting, 0, bytes.length, named);
  return read;
}

/** Each of them is quadratic in a careless scan. */
const UNITS = [
  "@",
  "a@",
  "a@b.",
  "a.b@",
  "1",
  "1 ",
  "12-",
  "123 ",
  "4242 ",
  "123-45-",
  "eyJ.",
  "eyJa",
  "-----BEGIN PRIVATE KEY-----",
  "DE89 ",
  "+1",
  "+1 (",
  "+49 30 9018 ",
  "(415) 555 ",
  "0",
  "01 23 ",
  "1.2.3.",
  "10.0.0.1.",
  ":",
  "a:",
  "2001:db8:",
  "::1",
  "AB12",
  "AB 12 34 ",
  "850709-",
  "RSSMRA85",
  "AKIA",
  "ghp_",
  "ghp_a",
  "sk-",
  "xoxb-1-",
  "hooks.slack.com/services/",
  "EMP-",
  "EMP-12345",
  "\\n1",
  "ssn ",
];

describe("findSensitive on hostile text", () => {
  it.each(UNITS)("reads a bounded number of times each byte of %j, over and over", (unit) => {
    const times = Math.ceil(4096 / unit.length);
    const short = Buffer.from(unit.repeat(times));
    const long = Buffer.from(unit.repeat(times * 4));
    const [few, many] = [bytesRead(short), bytesRead(long)];
    // four times the bytes, four times the reads
    expect(many).toBeLessThan(few * 4.5);
    expect(many / long.length).toBeLessThan(1500);
  });

  it("finishes a megabyte of letters that an ambiguous pattern could backtrack over", () => {
    const bytes = Buffer.from("a".repeat(1 << 18));
    expect(
      findSensitive(
        bytes,
        0,
        bytes.length,
        detectorSet([], { patterns: [{ name: "ambiguous", pattern: "(?:a|aa){1,40}b" }] }),
      ),
    ).toEqual([]);
  });
});
