import { VARIABLES } from "../../environment.ts";
import { EXIT_CODES } from "../../exit-codes.ts";

/** What `tw help` knows besides commands: its value for `--json`, and its lines. */
export const TOPICS: Readonly<Record<string, () => { readonly value: unknown; readonly lines: readonly string[] }>> = {
  "exit-codes": () => {
    const codes = Object.entries(EXIT_CODES).map(([name, { code, meaning }]) => ({ code, name, meaning }));
    const lines = codes.map(({ code, name, meaning }) => `${String(code).padStart(3)}  ${name.padEnd(15)}  ${meaning}`);
    const passed = "`tw psql` and `tw exec` end with the exit code of what they ran (128 + n after signal n).";
    return { value: { exitCodes: codes }, lines: [...lines, "", passed] };
  },
  environment: () => {
    const variables = Object.entries(VARIABLES).map(([name, meaning]) => ({ name, meaning }));
    const width = Math.max(...variables.map(({ name }) => name.length));
    return { value: { variables }, lines: variables.map(({ name, meaning }) => `${name.padEnd(width)}  ${meaning}`) };
  },
};
