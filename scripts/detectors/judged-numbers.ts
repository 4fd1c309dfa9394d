import type { Sample } from "./sample.ts";

/** The parts of the judging libraries that are used here. */
interface Stdnum {
  readonly stdnum: {
    readonly GB: { readonly nino: { validate(text: string): { isValid: boolean } } };
    readonly IN: { readonly aadhaar: { validate(text: string): { isValid: boolean } } };
  };
}

interface GermanTaxId {
  readonly default: { validate(text: string): boolean };
}

const SEED = 20_260_101;
const DIGITS = "0123456789";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const MAX_TRIES = 1_000_000;

interface Judge {
  readonly kind: string;
  readonly source: string;
  /** `9` stands for a digit, `A` for a letter, `S` for one of A to F. */
  readonly form: string;
  readonly takes: (text: string) => boolean;
}

/** Random texts of the right form: `count` that a library takes, and as many that it refuses, which are plain ones. */
export function judgedNumbers(require: (name: string) => unknown, count: number): readonly Sample[] {
  const { GB, IN } = (require("stdnum") as Stdnum).stdnum;
  const german = (require("german-tax-id-validator") as GermanTaxId).default;
  const judges: readonly Judge[] = [
    {
      kind: "de_tax_id",
      source: "german-tax-id-validator",
      form: "99999999999",
      takes: (text) => german.validate(text),
    },
    { kind: "uk_nino", source: "stdnum GB.nino", form: "AA999999S", takes: (text) => GB.nino.validate(text).isValid },
    {
      kind: "in_aadhaar",
      source: "stdnum IN.aadhaar",
      form: "9999 9999 9999",
      takes: (text) => IN.aadhaar.validate(text).isValid,
    },
    {
      kind: "in_aadhaar_bare",
      source: "stdnum IN.aadhaar",
      form: "999999999999",
      takes: (text) => IN.aadhaar.validate(text).isValid,
    },
  ];
  const random = generator(SEED);
  return judges.flatMap(({ kind, source, form, takes }) => {
    const taken: Sample[] = [];
    const refused: Sample[] = [];
    for (let tries = 0; tries < MAX_TRIES && taken.length < count; tries++) {
      const text = fill(form, random);
      if (takes(text)) taken.push({ kind, text, source });
      else if (refused.length < count) refused.push({ kind: "plain", text, source });
    }
    return [...taken, ...refused];
  });
}

function fill(form: string, random: () => number): string {
  const one = (signs: string): string => signs[Math.floor(random() * signs.length)] ?? "";
  return form.replace(/[9AS]/g, (sign) => one(sign === "9" ? DIGITS : sign === "A" ? LETTERS : LETTERS.slice(0, 6)));
}

/** Numbers from 0 to 1, the same ones for a seed (a linear congruential generator, modulo 2^32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
