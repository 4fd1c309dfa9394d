import type { ErrorFields } from "../../messages.ts";
import { probeColumns } from "../lineage/probe.ts";
import type { Machine } from "../machine.ts";
import { unknownStatement } from "./readable.ts";
import type { Unread } from "./unread.ts";

/**
 * What our parser does not take is no syntax error before the server says so, and then in its own words: with its hint, and by
 * its own release. So it is asked by a Parse under a name of ours, which runs nothing and reads no row, so that its error can only
 * quote the text. What it takes was not read here: that is refused.
 */
export function askForSyntaxError(
  machine: Machine,
  unread: Unread,
  end: "sync" | "flush",
  refuse: (fields: ErrorFields) => void,
): void {
  probeColumns(machine, { judged: undefined, sql: unread.sql, end }, ({ error }) =>
    refuse(error ?? unknownStatement(machine, unread)),
  );
}

/** May a question be put before a simple Query: will it be answered without another message of the client? */
export function mayAsk({ owed, controlPlaneReachable, copyingIn }: Machine): boolean {
  const last = owed.at(-1);
  return controlPlaneReachable && !copyingIn && (last === undefined || last.type === "sync" || last.type === "query");
}
