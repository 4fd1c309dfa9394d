import { PHONE_REGIONS } from "@tidewaiter/core/policy/phone-regions";
import { getCountries, getExampleNumber, parsePhoneNumberFromString } from "libphonenumber-js/core";
import examples from "libphonenumber-js/examples.mobile.json" with { type: "json" };
import metadata from "libphonenumber-js/max/metadata";
import { describe, expect, it } from "vitest";
import type { DetectorName } from "./detector.ts";
import { DETECTOR_NAMES } from "./detector.ts";
import type { DetectorSet } from "./detector-set.ts";
import { detectorSet, setForColumn } from "./detector-set.ts";
import { FOUND, NOT_FOUND } from "./examples.test-data.ts";
import { findSensitive } from "./find-sensitive.ts";
import { internationalPlan, planOf } from "./phone-plans.ts";
import { redactText } from "./redact-text.ts";

function marked(text: string, name: DetectorName): string {
  return shownWith(text, detectorSet([name]));
}

function shownWith(text: string, set: DetectorSet): string {
  const bytes = Buffer.from(text);
  let shown = "";
  let from = 0;
  for (const span of findSensitive(bytes, 0, bytes.length, set)) {
    shown += `${bytes.toString("utf8", from, span.start)}«${bytes.toString("utf8", span.start, span.end)}»`;
    from = span.end;
  }
  return shown + bytes.toString("utf8", from);
}

describe.each(DETECTOR_NAMES)("%s", (name) => {
  it.each(FOUND[name])("finds %s", (text) => {
    expect(marked(text.replaceAll(/[«»]/g, ""), name)).toBe(text);
  });

  it.each(NOT_FOUND[name])("passes %s", (text) => {
    expect(marked(text, name)).toBe(text);
  });
});

describe("column names", () => {
  it.each([
    ["ssn", "us_ssn", "536904399"],
    ["customerSSN", "us_ssn", "536904399"],
    ["social_security_no", "us_ssn", "536904399"],
    ["BSN", "nl_bsn", "111222333"],
    ["aadhaar_number", "in_aadhaar", "234123412346"],
    ["personnummer", "se_personnummer", "8112189876"],
    ["nir", "fr_nir", "2550814168025"],
  ] as const)("%s lets %s find bare digits", (column, name, value) => {
    const set = detectorSet([name]);
    expect(shownWith(value, set)).toBe(value);
    expect(shownWith(value, setForColumn(set, column))).toBe(`«${value}»`);
    for (const other of ["id", "order_no", "description", "lesson", "session"]) {
      expect(setForColumn(set, other)).toBe(set);
    }
  });
});

describe("phone with regions", () => {
  const us = detectorSet(["phone"], { phoneRegions: ["US"] });
  const europe = detectorSet(["phone"], { phoneRegions: ["DE", "FR", "GB", "ES"] });

  it.each([
    "call «(415) 555-0142» or «415-555-0143» or «415.555.0144»",
    "«1-415-555-0142», «+44 20 7946 0958»",
    "tel 4155550142: «415 555 0142»",
    "phone: «4155550142»",
  ])("finds US forms in %s", (text) => {
    const expected = text.replace("tel 4155550142", "tel «4155550142»");
    expect(shownWith(expected.replaceAll(/[«»]/g, ""), us)).toBe(expected);
  });

  it.each([
    "«030 901820», «030/901820» und «01512 3456789»",
    "«01 23 45 67 89»",
    "«0612345678» «07400123456» «015123456789»",
    "«020 7946 0958»",
    "«(020) 7946 0958»",
    "«612 34 56 78»",
  ])("finds European forms in %s", (text) => {
    expect(shownWith(text.replaceAll(/[«»]/g, ""), europe)).toBe(text);
  });

  it.each([
    "2024-01-15 12:34:56",
    "4155550142",
    "order 415-55-50142",
    "100-200-3000",
    "x415-555-0142",
    "415-555-0142-7",
    "10.20.30.40",
    "01-02-2024 10:30",
    "1234567 2345678",
    "0123456789",
    "550e8400-e29b-41d4-a716-446655440000",
  ])("passes %s", (text) => {
    expect(shownWith(text, us)).toBe(text);
    expect(shownWith(text, europe)).toBe(text);
  });

  it("takes any grouping in a column that is called so", () => {
    expect(shownWith("41 55 55 01 42", setForColumn(us, "home_phone"))).toBe("«41 55 55 01 42»");
    expect(shownWith("4155550142", setForColumn(us, "mobile"))).toBe("«4155550142»");
  });

  it("reads the library's metadata as the library does", () => {
    expect([...getCountries(metadata)].sort()).toEqual(PHONE_REGIONS);
    for (const region of getCountries(metadata)) {
      const example = getExampleNumber(region, examples, metadata)?.nationalNumber ?? "";
      for (const digits of [example, `${example}0`, example.slice(0, -1), `1${example.slice(1)}`]) {
        const library = parsePhoneNumberFromString(`+${planOf(region).callingCode}${digits}`, metadata);
        const here = internationalPlan(Buffer.from(`${planOf(region).callingCode}${digits}`)).isValid(digits);
        // the library may take a national prefix away
        if (library?.isValid() === true && library.nationalNumber === digits)
          expect([region, digits, here]).toEqual([region, digits, true]);
      }
    }
  });
});

describe("patterns", () => {
  const patterns = [{ name: "employee_id", pattern: "EMP-[0-9]{6}" }];

  it("finds what the policy's own patterns match", () => {
    const set = detectorSet(["email"], { patterns });
    expect(shownWith("EMP-123456 a@b.co EMP-1234567 emp-123456 EMP-12345", set)).toBe(
      "«EMP-123456» «a@b.co» «EMP-123456»7 emp-123456 EMP-12345",
    );
    expect(redactText("badge EMP-123456", set)).toBe("badge ***");
    expect(redactText("id 12345678", detectorSet([], { patterns: [{ name: "n", pattern: "[0-9]{8}" }] }))).toBe(
      "id [n]",
    );
  });

  it("anchors at the ends of the value", () => {
    const set = detectorSet([], { patterns: [{ name: "x", pattern: "^id:[a-z]{3}$" }] });
    expect(shownWith("id:abc", set)).toBe("«id:abc»");
    expect(shownWith("an id:abc", set)).toBe("an id:abc");
  });

  it("refuses what a policy refuses", () => {
    expect(() => detectorSet([], { patterns: [{ name: "x", pattern: "a*" }] })).toThrow(RangeError);
  });
});

describe("findSensitive", () => {
  const all = detectorSet(DETECTOR_NAMES);

  it("looks only between start and end", () => {
    const bytes = Buffer.from("xann@example.comx536-90-4399");
    expect(findSensitive(bytes, 1, 16, all)).toEqual([{ start: 1, end: 16, detector: "email" }]);
    expect(findSensitive(bytes, 17, 27, all)).toEqual([]);
  });

  it("joins findings that overlap and keeps their order", () => {
    const text = "536-90-4399@example.com and +49 536-90-4399";
    expect(redactText(text, all)).toBe("[mail] and [phone]");
  });

  it("leaves unknown names out of a set", () => {
    expect(detectorSet(["none", "email"])).toBe(detectorSet(["email"]));
    expect(findSensitive(Buffer.from("a@b.co"), 0, 6, detectorSet([]))).toEqual([]);
  });

  it("gives the same string back when there is nothing", () => {
    const text = "nothing here, not even 12";
    expect(redactText(text, all)).toBe(text);
  });
});
