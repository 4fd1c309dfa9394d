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
};
const CELL = 128;
const BYTES = 64 * 1024 * 1024;
const SETS = { all: detectorSet(DETECTOR_NAMES), "email alone": detectorSet(["email"]) };

const shown: Record<string, Record<string, number>> = {};
for (const [name, unit] of Object.entries(TEXTS)) {
  const buffer = Buffer.from(unit.repeat(Math.ceil((1 << 20) / unit.length)).slice(0, 1 << 20));
  const row: Record<string, number> = {};
  for (const [of, set] of Object.entries(SETS)) {
    const began = performance.now();
    let found = 0;
    for (let done = 0; done < BYTES; done += buffer.length)
      for (let at = 0; at < buffer.length; at += CELL)
        found += findSensitive(buffer, at, Math.min(at + CELL, buffer.length), set).length;
    row[`${of}, MB/s`] = Math.round(BYTES / 1e6 / ((performance.now() - began) / 1000));
    row[`${of}, found per MB`] = Math.round(found / (BYTES / 1e6));
  }
  shown[name] = row;
}
console.table(shown);
