import type { StatementFacts } from "@tidewaiter/core";

const UTF8_NAMES = /^(utf-?8|unicode)$/i;

/** Is this a client's encoding in which text is what it is here? */
export function isUtf8Name(encoding: string): boolean {
  return UTF8_NAMES.test(encoding);
}

/** Functions that change settings; `pg_settings` does when it is updated. */
const SETTING_WRITERS: ReadonlySet<string> = new Set(["set_config"]);

/**
 * Settings by which the server reads the same bytes as another statement than our parser does. It reports them after the
 * statement that changed them; a statement sent before that report may be read either way.
 */
export class ReadingSettings {
  clientEncoding: string;
  #conformingStrings: boolean;
  /** Something sent and not yet answered may change how the next statement is read. */
  #atRisk = false;
  /** Then the end of a transaction may change it back. */
  #everChanged = false;

  constructor(reported: ReadonlyMap<string, string>) {
    this.clientEncoding = reported.get("client_encoding") ?? "";
    this.#conformingStrings = reported.get("standard_conforming_strings") === "on";
  }

  get atRisk(): boolean {
    return this.#atRisk;
  }

  get utf8(): boolean {
    return isUtf8Name(this.clientEncoding);
  }

  reported(parameter: string, value: string): void {
    if (parameter === "client_encoding") this.clientEncoding = value;
    else if (parameter === "standard_conforming_strings") this.#conformingStrings = value === "on";
    else return;
    this.#everChanged = true;
  }

  /** Before a statement is sent: can it change how the following ones are read? `opaque`: it runs code that nobody has read. */
  sending(facts: readonly StatementFacts[], opaque: boolean): void {
    this.#atRisk ||= this.#everChanged && facts.some((one) => one.transaction !== undefined);
    if (!opaque && !facts.some(mayChangeReading)) return;
    this.#atRisk = true;
    this.#everChanged = true;
  }

  /** Everything was answered, so every change has been reported. */
  settled(): void {
    this.#atRisk = false;
  }

  /**
   * Does the server read this text as our parser did? In another encoding only ASCII is the same, and where backslashes
   * may be escapes only text without one.
   */
  readsAlike(sql: string): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII
    if ((!this.utf8 || this.#atRisk) && !/^[\x00-\x7f]*$/.test(sql)) return false;
    return (this.#conformingStrings && !this.#atRisk) || !sql.includes("\\");
  }
}

function mayChangeReading({ set, dangerous, writes, class: kind, opaque, kinds }: StatementFacts): boolean {
  if (opaque || kind === "code" || kind === "unknown" || kinds.includes("CALL") || kinds.includes("EXECUTE"))
    return true;
  if (writes.some(({ relation }) => relation.name === "pg_settings")) return true;
  if (dangerous.some(({ name }) => SETTING_WRITERS.has(name))) return true;
  return set !== undefined && set.scope !== "show" && changes(set.name, set.value);
}

function changes(name: string, value: string | undefined): boolean {
  switch (name) {
    case "client_encoding":
    case "names":
      return value === undefined || !UTF8_NAMES.test(value);
    case "standard_conforming_strings":
      return value === undefined || !/^(on|true|yes|1)$/i.test(value);
    // SET ROLE and RESET ALL bring back what the role, the database or the start-up said
    case "*":
      return true;
    default:
      return false;
  }
}
