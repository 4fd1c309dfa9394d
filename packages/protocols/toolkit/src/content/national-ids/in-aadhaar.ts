import { identifierDetector } from "./identifier.ts";

/** Multiplication in the dihedral group of order 10. */
function multiply(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5);
  return b < 5 ? 5 + ((a - b + 5) % 5) : (a - b + 5) % 5;
}

const STEP = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

/**
 * Indian Aadhaar numbers: twelve digits, the first from 2 to 9, the last one checks by Verhoeff's scheme. One in ten numbers
 * does, so in one piece they count only behind their name, or in a column that is called so; in groups of four only where no
 * fourth group stands beside them. Source: UIDAI, "Aadhaar numbering scheme".
 */
export const inAadhaar = identifierDetector({
  name: "in_aadhaar",
  marker: "[aadhaar]",
  words: ["aadhaar", "aadhar", "uidai"],
  forms: [
    { template: "9999 9999 9999", alone: true },
    { template: "999999999999", named: true },
  ],
  isValid: (digits) => (digits[0] as number) >= 2 && isVerhoeff(digits, 12),
});

function isVerhoeff(digits: Uint8Array, count: number): boolean {
  let check = 0;
  for (let place = 0; place < count; place++) {
    let digit = digits[count - 1 - place] as number;
    for (let step = 0; step < place % 8; step++) digit = STEP[digit] as number;
    check = multiply(check, digit);
  }
  return check === 0;
}
