import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { answer } from "./client.ts";

const ASK_EVERY_MS = 1000;

/**
 * Does what may take the person's presence. When it does, a link is shown that the person opens in a browser; after the
 * touch there it is done again, once. Where nobody can be asked the refusal stands.
 */
export async function withStepUp<Result>(context: CommandContext, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "step_up_required" || !context.terminal.interactive) throw error;
    await stepUp(context, error.message);
    return await work();
  }
}

async function stepUp(context: CommandContext, why: string): Promise<void> {
  const api = await context.api();
  const link = await answer(api.POST("/v1/step-up/links"));
  context.output.note(`${why}.\nOpen within 5 minutes, in a browser where you are signed in:  ${link.url}`);
  while (Date.parse(link.expiresAt) > context.now()) {
    await sleep(ASK_EVERY_MS);
    const { completed } = await answer(api.GET("/v1/step-up/links/{id}", { params: { path: { id: link.id } } }));
    if (completed) return;
  }
  throw new CliError("refused", "nobody touched a passkey in time", { next: "Run the command again." });
}
