import type { Machine } from "../machine.ts";
import type { NoticeLevel } from "./notice-level.ts";
import { PLACEHOLDER } from "./notice-level.ts";
import { probeRows } from "./probe.ts";

/** What the server has to be told for its trees to come; also at start-up. */
export const LINEAGE_SETTINGS = {
  client_min_messages: "log",
  debug_print_rewritten: "on",
  debug_pretty_print: "off",
} as const;

const SET_AGAIN = Object.entries(LINEAGE_SETTINGS)
  .map(([name, value]) => `SET ${name} = ${value}`)
  .join("; ");
const READ_LEVEL = `SHOW ${PLACEHOLDER}client_min_messages`;

/**
 * While the server is idle, before the next message of the client: settings that code has switched off are set again, and
 * the client's notice level is read again after a rollback. True: `then` follows when that is done.
 */
export function tendSettings(machine: Machine, then: () => void): boolean {
  const { notices } = machine;
  if (notices === undefined || !(notices.lost || notices.stale)) return false;
  if (!machine.quiet || machine.batchOpen || machine.status === "E") return false;
  if (notices.lost) setAgain(machine, notices, then);
  else readLevel(machine, notices, then);
  return true;
}

function setAgain(machine: Machine, notices: NoticeLevel, then: () => void): void {
  notices.lost = false;
  probeRows(machine, undefined, SET_AGAIN, then);
}

function readLevel(machine: Machine, notices: NoticeLevel, then: () => void): void {
  probeRows(machine, undefined, READ_LEVEL, ({ rows }) => {
    notices.read(rows[0]);
    then();
  });
}
