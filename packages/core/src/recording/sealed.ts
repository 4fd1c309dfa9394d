import type { SessionEvent } from "./events.ts";

/**
 * The event as anybody may see it who may see the recording: without the sealed original. Opening that needs a reason and
 * is itself recorded, so every other reader of a recording gets its events through here.
 */
export function withoutSealed(event: SessionEvent): SessionEvent {
  if (event.type !== "operation" || event.sealed === undefined) return event;
  const { sealed: _, ...shown } = event;
  return shown;
}
