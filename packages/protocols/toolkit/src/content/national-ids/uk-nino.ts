import { identifierDetector } from "./identifier.ts";

const NEVER_FIRST = "DFIQUV";
const NEVER_SECOND = "DFIOQUV";
const NEVER_ISSUED = new Set(["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"]);

/**
 * National insurance numbers of the United Kingdom: two letters that are issued, six digits, a suffix from A to D. They have
 * no check digit. Source: HMRC, National Insurance Manual NIM39110.
 */
export const ukNino = identifierDetector({
  name: "uk_nino",
  marker: "[nino]",
  words: ["nino", "nationalinsurance"],
  forms: [
    { template: "AA999999A" },
    { template: "AA 99 99 99 A" },
    { template: "AA 999999 A" },
    { template: "AA999999 A" },
  ],
  isValid: (values) => {
    const prefix = String.fromCharCode(values[0] as number, values[1] as number);
    const suffix = values[8] as number;
    return (
      suffix >= 0x41 &&
      suffix <= 0x44 &&
      !NEVER_FIRST.includes(prefix[0] ?? "") &&
      !NEVER_SECOND.includes(prefix[1] ?? "") &&
      !NEVER_ISSUED.has(prefix)
    );
  },
});
