import { identifierDetector, weightedSum } from "./identifier.ts";

/**
 * Dutch citizen service numbers (burgerservicenummer): nine digits that pass the eleven test. One in eleven numbers does, so
 * it counts only behind its name, or in a column that is called so. Source: Rijksdienst voor Identiteitsgegevens, Logisch
 * Ontwerp BSN.
 */
export const nlBsn = identifierDetector({
  name: "nl_bsn",
  marker: "[bsn]",
  words: ["bsn", "burgerservicenummer", "sofinummer"],
  forms: [
    { template: "999999999", named: true },
    { template: "999 999 999", named: true },
    { template: "9999 99 999", named: true },
  ],
  isValid: (digits) => {
    const sum = weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]);
    return sum % 11 === 0 && (sum !== 0 || digits[8] !== 0);
  },
});
