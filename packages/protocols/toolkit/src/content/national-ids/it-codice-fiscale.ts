import { identifierDetector } from "./identifier.ts";

const MONTHS = "ABCDEHLMPRST";
/** Letters that stand for the digits 0 to 9 where two persons would have the same code. */
const SUBSTITUTES = "LMNPQRSTUV";
/** Value of 0 to 9 and A to Z in the first, third ... place. */
const ODD = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22,
  25, 24, 23,
];
const NUMERIC_PLACES = [6, 7, 9, 10, 12, 13, 14];

/**
 * Italian tax codes: three letters each of surname and name, year, month letter and day of birth (40 more for women), place,
 * and a check letter over all of them. Source: decreto ministeriale of 23 December 1976.
 */
export const itCodiceFiscale = identifierDetector({
  name: "it_codice_fiscale",
  marker: "[cf]",
  words: ["codicefiscale", "codfisc", "cf"],
  forms: [{ template: "AAAAAAXXAXXAXXXA" }],
  isValid: (values) => {
    if (!NUMERIC_PLACES.some((place) => (values[place] as number) < 10)) return false;
    if (NUMERIC_PLACES.some((place) => digitAt(values, place) === -1)) return false;
    const day = digitAt(values, 9) * 10 + digitAt(values, 10);
    if (!MONTHS.includes(String.fromCharCode(values[8] as number))) return false;
    return day % 40 >= 1 && day % 40 <= 31 && day <= 71 && checkLetter(values) === values[15];
  },
});

function digitAt(values: Uint8Array, place: number): number {
  const value = values[place] as number;
  return value < 10 ? value : SUBSTITUTES.indexOf(String.fromCharCode(value));
}

function checkLetter(values: Uint8Array): number {
  let sum = 0;
  for (let place = 0; place < 15; place++) {
    const value = values[place] as number;
    const rank = value < 10 ? value : value - 0x41;
    sum += place % 2 === 1 ? rank : (ODD[value < 10 ? value : rank + 10] as number);
  }
  return 0x41 + (sum % 26);
}
