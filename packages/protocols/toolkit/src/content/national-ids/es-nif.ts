import { identifierDetector, numberAt } from "./identifier.ts";

const LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE";
const LETTER_X = 0x58;
const LETTER_Z = 0x5a;

/**
 * Spanish identity numbers of persons: DNI (eight digits) and NIE (X, Y or Z and seven digits), each with a letter that the
 * number modulo 23 gives. Source: Ministerio del Interior, "Cálculo del dígito de control del NIF-NIE".
 */
export const esNif = identifierDetector({
  name: "es_nif",
  marker: "[nif]",
  words: ["dni", "nif", "nie"],
  forms: [
    { template: "99999999A" },
    { template: "99999999-A" },
    { template: "99 999 999-A" },
    { template: "99 999 999A" },
    { template: "A9999999A" },
    { template: "A-9999999-A" },
    { template: "A9999999-A" },
  ],
  isValid: (values) => {
    const first = values[0] as number;
    if (first >= 10 && (first < LETTER_X || first > LETTER_Z)) return false;
    const number = first < 10 ? numberAt(values, 0, 8) : (first - LETTER_X) * 1e7 + numberAt(values, 1, 7);
    return LETTERS.charCodeAt(number % 23) === values[8];
  },
});
