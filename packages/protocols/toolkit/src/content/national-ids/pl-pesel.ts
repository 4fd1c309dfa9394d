import { identifierDetector, isDayAndMonth, numberAt, weightedSum } from "./identifier.ts";

/**
 * Polish PESEL numbers: date of birth with the century in the month, order, and a check digit. Source: ustawa o ewidencji
 * ludności of 24 September 2010, article 15.
 */
export const plPesel = identifierDetector({
  name: "pl_pesel",
  marker: "[pesel]",
  words: ["pesel"],
  forms: [{ template: "99999999999" }],
  isValid: (digits) =>
    isDayAndMonth(numberAt(digits, 4, 2), numberAt(digits, 2, 2) % 20) &&
    weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
});
