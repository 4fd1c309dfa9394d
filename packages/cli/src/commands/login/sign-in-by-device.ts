import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../../api/client.ts";
import type { GrantedTokens } from "../../api/shapes.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import type { SignInPlace } from "./login.ts";

/** RFC 8628, section 3.5: what `slow_down` adds to the time between two questions. */
const SLOWER_MS = 5000;

/** A code that a person types into a browser anywhere; asks until they have said yes or no. */
export async function signInByDevice(
  { output }: CommandContext,
  { api }: SignInPlace,
  client: string,
): Promise<GrantedTokens> {
  const started = await answer(api.POST("/v1/login/device", { body: { client } }));
  const { deviceCode, userCode, verificationUri, verificationUriComplete, expiresIn } = started;
  output.note(`Open ${verificationUri} in a browser and type the code ${userCode}`);
  output.note(`or open ${verificationUriComplete}`);
  output.note(`Waiting for ${Math.round(expiresIn / 60)} minutes; Ctrl-C ends it.`);
  let betweenMs = started.interval * 1000;
  for (;;) {
    await sleep(betweenMs);
    const { state, tokens } = await answer(api.POST("/v1/login/device/token", { body: { deviceCode } }));
    if (state === "ready" && tokens !== undefined) return tokens;
    if (state === "slow_down") betweenMs += SLOWER_MS;
    if (state === "denied") throw new CliError("refused", "the sign-in was refused in the browser");
    if (state === "expired") {
      throw new CliError("not_signed_in", "the code has expired", { next: "tw login --device" });
    }
  }
}
