/** Where samples come from; everything is fetched by name and version, nothing is kept in the repository. */
export interface Source {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly registry: "PyPI" | "npm";
  readonly gives: string;
}

export const SOURCES: readonly Source[] = [
  { name: "Faker", version: "40.63.0", licence: "MIT", registry: "PyPI", gives: "values of people; ordinary columns" },
  { name: "detect-secrets", version: "1.5.0", licence: "Apache-2.0", registry: "PyPI", gives: "patterns of tokens" },
  { name: "rstr", version: "3.2.2", licence: "BSD-3-Clause", registry: "PyPI", gives: "tokens from those patterns" },
  {
    name: "presidio-evaluator",
    version: "0.3.2",
    licence: "MIT",
    registry: "PyPI",
    gives: "sentences that values stand in (its templates.txt)",
  },
  {
    name: "google-libphonenumber",
    version: "3.2.47",
    licence: "(MIT AND Apache-2.0)",
    registry: "npm",
    gives: "an example number of every type and region",
  },
  {
    name: "stdnum",
    version: "1.12.0",
    licence: "MIT",
    registry: "npm",
    gives: "random numbers that its checks of British NINOs and of Aadhaar numbers take, and as many that they refuse",
  },
  {
    name: "german-tax-id-validator",
    version: "1.0.7",
    licence: "MIT",
    registry: "npm",
    gives: "random numbers that it takes for German tax ids, and as many that it refuses",
  },
  { name: "lodash", version: "4.17.21", licence: "MIT", registry: "npm", gives: "a program's text" },
];
