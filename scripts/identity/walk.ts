import { Checks, type Counts, type Print } from "../story/checks.ts";
import { askForAccess, loseSessions, useFreshSecrets } from "./access-acts.ts";
import { acts } from "./act.ts";
import { openBrowser } from "./browser.ts";
import { actAsAgent, drillEmergency, useApiKey } from "./machine-acts.ts";
import { searchForSecrets } from "./search-act.ts";
import { signInByBrowser, signInByDevice } from "./sign-in-acts.ts";
import type { World } from "./world.ts";

/** The whole walk, told while it happens. Each act checks what a person would look for. */
export async function walk(world: World, print: Print): Promise<Counts> {
  const checks = new Checks(print);
  const act = acts(world, checks, print);
  await using browser = await openBrowser(world.secrets);
  if (!browser.real) checks.missing.push("Chromium");
  await signInByBrowser(act, browser);
  await signInByDevice(act, browser);
  await useFreshSecrets(act);
  await loseSessions(act);
  await askForAccess(act, () => actAsAgent(act));
  await useApiKey(act);
  await drillEmergency(act);
  await searchForSecrets(act);
  return checks.counts();
}
