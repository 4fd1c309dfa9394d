/** Prints megabytes per second of the content layer: `node src/content/content.bench.ts`. */
import { DETECTOR_NAMES } from "./detector.ts";
import { detectorSet } from "./detector-set.ts";
import { findSensitive } from "./find-sensitive.ts";

const PROSE =
  "The customer called about the delayed order and was told that the parcel leaves on Monday. She asked for a refund of the shipping costs. ";
const TEXTS: Readonly<Record<string, string>> = {
  prose: PROSE,
  "prose, an address in every tenth cell": `${PROSE.repeat(9)}${PROSE.slice(0, 100)} ann@example.com `,
  "timestamps and numbers": "2024-01-15 12:34:56.123456+00, 17000000000, 1.25, 99001 ",
  json: '{"id":123456,"status":"shipped","items":[{"sku":"AB-1002","n":2}],"at":"2024-01-15T12:34:56Z"} ',
  "hexadecimal digests": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 ",
  "dense: a finding in every cell":
    "Ann Miller, ann@example.com, 536-90-4399, +1 415 555 0142, 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00; ",
};
const CELL = 128;
const BYTES = 4 * 1024 * 1024;
const ROUNDS = 7;
const EXAMPLES = ["email", "us_ssn", "phone", "payment_card"];
const FIRST_SEVEN = [...EXAMPLES, "iban", "jwt", "private_key"];
const SETS = {
  "email alone": detectorSet(["email"]),
  "example policy": detectorSet(EXAMPLES),
  "first seven": detectorSet(FIRST_SEVEN),
  "and keys": detectorSet([...FIRST_SEVEN, ...DETECTOR_NAMES.filter((name) => /_(key|token)$/.test(name))]),
  "and a pattern": detectorSet(FIRST_SEVEN, { patterns: [{ name: "badge", pattern: "EMP-[0-9]{6}" }] }),
  "seven, phones of US": detectorSet(FIRST_SEVEN, { phoneRegions: ["US"] }),
  all: detectorSet(DETECTOR_NAMES),
};

/** Best of the rounds, which take turns: what else the machine does makes a round slower, never faster. */
const best: Record<string, Record<string, number>> = {};
for (let round = 0; round < ROUNDS; round++)
  for (const [name, unit] of Object.entries(TEXTS)) {
    const buffer = Buffer.from(unit.repeat(Math.ceil((1 << 20) / unit.length)).slice(0, 1 << 20));
    best[name] ??= {};
    for (const [of, set] of Object.entries(SETS)) {
      const began = performance.now();
      for (let done = 0; done < BYTES; done += buffer.length)
        for (let at = 0; at < buffer.length; at += CELL)
          findSensitive(buffer, at, Math.min(at + CELL, buffer.length), set);
      const rate = Math.round(BYTES / 1e6 / ((performance.now() - began) / 1000));
      best[name][of] = Math.max(best[name][of] ?? 0, rate);
    }
  }
console.log("megabytes per second, cells of 128 bytes");
console.table(best);
