import { identifierDetector, numberAt } from "./identifier.ts";

const LETTER_A = 0x41;
const LETTER_B = 0x42;
const SEXES = new Set([1, 2, 3, 4, 7, 8]);

/**
 * French social security numbers (NIR): sex, year and month of birth, department (2A and 2B in Corsica), municipality, order,
 * and a key of two digits, 97 less the rest modulo 97. Without the key only where something says what it is. Source: INSEE,
 * "Numéro de sécurité sociale" (décret 82-103).
 */
export const frNir = identifierDetector({
  name: "fr_nir",
  marker: "[nir]",
  words: ["nir", "insee", "securitesociale", "secu"],
  forms: [
    { template: "999999X99999999" },
    { template: "9 99 99 9X 999 999 99" },
    { template: "999999X999999 99" },
    { template: "999999X999999", named: true },
  ],
  isValid: (digits, template) => {
    if (!SEXES.has(digits[0] as number) || !isMonth(numberAt(digits, 3, 2))) return false;
    const number = bodyOf(digits);
    if (number === undefined) return false;
    return template === "999999X999999" || numberAt(digits, 13, 2) === 97 - (number % 97);
  },
});

/** Months above 12 stand for an unknown one. */
function isMonth(month: number): boolean {
  return (month >= 1 && month <= 12) || month === 20 || (month >= 30 && month <= 42) || month >= 50;
}

/** The number that the key is counted from; 2A counts as 19 and 2B as 18. */
function bodyOf(digits: Uint8Array): number | undefined {
  const second = digits[6] as number;
  if (second < 10) return numberAt(digits, 5, 2) === 0 ? undefined : numberAt(digits, 0, 13);
  if (digits[5] !== 2 || (second !== LETTER_A && second !== LETTER_B)) return undefined;
  const department = second === LETTER_A ? 19 : 18;
  return (numberAt(digits, 0, 5) * 100 + department) * 1e6 + numberAt(digits, 7, 6);
}
