import { TidewaiterError } from "@tidewaiter/core";

/** An answer in which values have to be masked and that cannot be read: nothing more of it may pass. */
export function unreadable(why: string): TidewaiterError {
  return new TidewaiterError("protocol_violation", `the cluster's answer cannot be masked: ${why}`);
}
