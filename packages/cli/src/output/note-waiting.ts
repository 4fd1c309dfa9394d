import type { CommandContext } from "../context.ts";

/** Said of a secret that was shown before the change that makes it good is approved. */
export function noteWaiting(context: CommandContext, change: string | undefined): void {
  if (change === undefined) return;
  context.output.note(`It opens nothing until another person has approved it:  tw changes approve ${change}`);
}
