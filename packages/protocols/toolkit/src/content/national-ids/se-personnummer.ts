import { identifierDetector, isDayAndMonth, numberAt } from "./identifier.ts";

/** Added to the day in the numbers of people who are not registered (samordningsnummer). */
const COORDINATION = 60;

/**
 * Swedish personal identity numbers: date of birth, a hyphen (a plus sign from the age of 100), three digits and a Luhn digit
 * over the last ten. Without the sign only behind their name, or in a column that is called so: times look the same. Source:
 * Skatteverket, SKV 704; folkbokföringslagen 1991:481, section 18.
 */
export const sePersonnummer = identifierDetector({
  name: "se_personnummer",
  marker: "[pnr]",
  words: ["personnummer", "personnr", "pnr", "samordningsnummer"],
  forms: [
    { template: "999999~9999" },
    { template: "99999999~9999" },
    { template: "9999999999", named: true },
    { template: "999999999999", named: true },
  ],
  isValid: (digits, template) => {
    const from = template.length > 11 ? 2 : 0; // the century
    const day = numberAt(digits, from + 4, 2);
    return (
      isDayAndMonth(day > COORDINATION ? day - COORDINATION : day, numberAt(digits, from + 2, 2)) && luhn(digits, from)
    );
  },
});

function luhn(digits: Uint8Array, from: number): boolean {
  let sum = 0;
  for (let index = 0; index < 10; index++) {
    const product = (digits[from + index] as number) * (index % 2 === 0 ? 2 : 1);
    sum += product > 9 ? product - 9 : product;
  }
  return sum % 10 === 0;
}
