import { identifierDetector } from "./identifier.ts";

/**
 * German tax identification numbers (Steuer-Identifikationsnummer, section 139b AO): eleven digits, not beginning with 0; in
 * the first ten exactly one digit stands twice or three times; the last one checks by ISO 7064, MOD 11,10. Source:
 * Bundeszentralamt für Steuern, "Aufbau der Identifikationsnummer".
 */
export const deTaxId = identifierDetector({
  name: "de_tax_id",
  marker: "[taxid]",
  words: ["steuerid", "steueridnr", "taxid", "idnr", "identifikationsnummer"],
  forms: [{ template: "99999999999" }, { template: "99 999 999 999" }],
  isValid: (digits) => digits[0] !== 0 && repeatsOne(digits) && checkDigit(digits) === digits[10],
});

function repeatsOne(digits: Uint8Array): boolean {
  const counts = new Uint8Array(10);
  for (let index = 0; index < 10; index++) {
    const digit = digits[index] as number;
    counts[digit] = (counts[digit] as number) + 1;
    // three times, but never in a row
    if (index > 1 && digit === digits[index - 1] && digit === digits[index - 2]) return false;
  }
  let repeated = 0;
  for (const count of counts) {
    if (count > 3) return false;
    if (count > 1) repeated++;
  }
  return repeated === 1;
}

function checkDigit(digits: Uint8Array): number {
  let product = 10;
  for (let index = 0; index < 10; index++) {
    const sum = ((digits[index] as number) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10;
}
