import { setTimeout as sleep } from "node:timers/promises";
import type { CommandContext } from "../context.ts";
import { CliError } from "../errors.ts";
import { factorOf } from "../input/factor.ts";
import { type Api, answer } from "./client.ts";

const ASK_EVERY_MS = 1000;

/** The server slows guesses down; typing wrong this often is not typing wrong. */
const CODE_TRIES = 3;

/**
 * Does what may take the person's presence. When it does, whoever has an authenticator app is asked for a code; else, or
 * with an empty answer, a link is shown that the person opens in a browser. Then it is done again, once. Where nobody can
 * be asked the refusal stands.
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
  const { totp } = await answer(api.GET("/v1/me/second-factors"));
  context.output.note(`${why}.`);
  if (totp !== undefined && (await stepUpByCode(context, api))) return;
  await stepUpByLink(context, api);
}

/** False when the person wants a link instead. */
async function stepUpByCode({ terminal, output }: CommandContext, api: Api): Promise<boolean> {
  for (let left = CODE_TRIES; ; left--) {
    const typed = await terminal.askSecret("code of your authenticator app, or Enter for a passkey in a browser: ");
    if (typed.trim() === "") return false;
    try {
      await answer(api.POST("/v1/step-up", { body: factorOf(typed) }));
      return true;
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== "unauthenticated" || left === 1) throw error;
      output.note("That does not fit. Take the next code that the app shows.");
    }
  }
}

async function stepUpByLink(context: CommandContext, api: Api): Promise<void> {
  const link = await answer(api.POST("/v1/step-up/links"));
  context.output.note(`Open within 5 minutes, in a browser where you are signed in:  ${link.url}`);
  while (Date.parse(link.expiresAt) > context.now()) {
    await sleep(ASK_EVERY_MS);
    const { completed } = await answer(api.GET("/v1/step-up/links/{id}", { params: { path: { id: link.id } } }));
    if (completed) return;
  }
  throw new CliError("refused", "nobody touched a passkey in time", { next: "Run the command again." });
}
