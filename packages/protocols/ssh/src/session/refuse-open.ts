import { escapeText } from "@tidewaiter/core/recording/escape-text";
import type { RejectConnection } from "ssh2";

/** Why a channel is not opened (RFC 4254, 5.1). */
export const OPEN_FAILURE = { prohibited: 1, connectFailed: 2, resourceShortage: 4 } as const;

/** What a client prints of a description is one line. */
const MAX_DESCRIPTION = 400;

/** How ssh2's `reject` is with our patch; without it both are left out. */
type Reject = RejectConnection | ((reason?: number, description?: string) => unknown);

export interface Refusal {
  /** As in RFC 4254, 5.1; another number than those of 1 to 4 counts as a failed connection. */
  readonly reason: number;
  /** In words for the client; parts of it may come from anybody. */
  readonly text: string;
}

/** Refuses a channel that a client asked for; OpenSSH says `open failed: administratively prohibited: tidewaiter: ...`. */
export function refuseOpen(reject: Reject, { reason, text }: Refusal): void {
  const known = Number.isInteger(reason) && reason >= 1 && reason <= 4;
  const line = escapeText(`tidewaiter: ${text}`);
  const cut = line.length > MAX_DESCRIPTION ? `${line.slice(0, MAX_DESCRIPTION - 3).toWellFormed()}...` : line;
  reject(known ? reason : OPEN_FAILURE.connectFailed, cut);
}
