import { identifierDetector } from "./identifier.ts";

/**
 * Brazilian taxpayer numbers of persons (CPF): nine digits and two check digits modulo 11; never eleven times the same.
 * Source: Receita Federal, instrução normativa RFB 2172 of 2024.
 */
export const brCpf = identifierDetector({
  name: "br_cpf",
  marker: "[cpf]",
  words: ["cpf"],
  forms: [{ template: "999 999 999 99" }, { template: "99999999999" }, { template: "999999999 99" }],
  isValid: (digits) => {
    let same = true;
    for (let index = 1; index < 11; index++) same &&= digits[index] === digits[0];
    return !same && checkDigit(digits, 9) === digits[9] && checkDigit(digits, 10) === digits[10];
  },
});

function checkDigit(digits: Uint8Array, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) sum += (digits[index] as number) * (count + 1 - index);
  return ((sum * 10) % 11) % 10;
}
