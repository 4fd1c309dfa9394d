import { errorFields, SQLSTATE } from "../../errors.ts";
import type { MaskedStream } from "../../mask/stream-rows.ts";
import type { ErrorFields } from "../../messages.ts";
import type { PostgresMessage } from "../context.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { cut } from "./cut.ts";

/** A row message that is passed on in pieces, masked or as it is, while the rest of it still arrives. */
export interface OpenRow {
  readonly judged: Judged;
  /** Undefined: nothing in it is masked. */
  readonly stream: MaskedStream | undefined;
  /** Called for each piece with the bytes that go to the client. */
  readonly account: (message: PostgresMessage, bytes: number) => void;
  /** It could not be masked: the rest of it goes nowhere. */
  dropped: boolean;
}

export function openRow(machine: Machine, message: PostgresMessage, row: Omit<OpenRow, "dropped">): void {
  machine.openRow = { ...row, dropped: false };
  continueRow(machine, machine.openRow, message);
}

/** The next piece of the message that was begun. It ends whatever was decided meanwhile: nothing may stand inside of it. */
export function continueRow(machine: Machine, row: OpenRow, message: PostgresMessage): void {
  const last = message.kind !== "fragment" || message.last;
  if (last) machine.openRow = undefined;
  if (row.dropped) return;
  const bytes = message.buffer.subarray(message.start, message.end);
  const out = row.stream === undefined ? [bytes] : [...row.stream.push(bytes)];
  if (row.stream?.tooLong === true) return tooLong(machine, row);
  if (last && row.stream !== undefined) out.push(...row.stream.finish());
  machine.partToClient(out, last);
  row.account(
    message,
    out.reduce((sum, part) => sum + part.length, 0),
  );
  if (last) row.stream?.tell();
}

function tooLong(machine: Machine, row: OpenRow): void {
  row.dropped = true;
  cut(machine, ROW_TOO_LONG);
  if (machine.cutting !== undefined) machine.cutting.dropped = true;
}

const ROW_TOO_LONG: ErrorFields = errorFields("ERROR", {
  code: SQLSTATE.programLimitExceeded,
  message: "a row has more than 4 MB before a masked column, which cannot be masked while it streams",
  detail: "The result ends before that row.",
  hint: "Name the masked columns first: SELECT email, document FROM ...",
});
