import { answer } from "../../api/client.ts";
import type { IdentityCheck } from "../../api/shapes.ts";
import { defineCommand } from "../../command.ts";
import { EXIT_CODES } from "../../exit-codes.ts";
import { table } from "../../output/table.ts";
import { utc } from "../../output/times.ts";

export const check = defineCommand<[]>({
  summary: "Ask each identity provider, and tell how long somebody who left keeps what they have at the worst",
  examples: ["tw identity check"],
  notes:
    "Exit code 9 when a provider cannot be asked. What a provider pushes (SCIM, back-channel logout) is felt in 5 s.",
  run: async (context) => {
    const { checks } = await answer((await context.api()).GET("/v1/identity-providers/check"));
    context.output.result({ checks }, () => [
      ...table(
        checks,
        [
          { title: "PROVIDER", value: ({ provider }) => provider },
          { title: "STATE", value: stateWords },
          { title: "SIGNED IN", value: ({ signedIn }) => String(signedIn) },
          { title: "PUSHES LOGOUT", value: ({ backChannelLogout }) => (backChannelLogout ? "yes" : "not said") },
          { title: "OUT AT THE LATEST AFTER", value: ({ worstCaseSeconds }) => timeWords(worstCaseSeconds) },
        ],
        context.output,
        "No identity provider is configured: users are kept here, and are out within 5 s of being disabled.",
      ),
      ...checks.map(({ provider, because }) => `${provider}: ${because}`),
      ...checks.flatMap(({ provider, problem }) => (problem === null ? [] : [`${provider}: ${problem}`])),
    ]);
    const silent = checks.some(({ state }) => state === "unreachable");
    return silent ? EXIT_CODES.check_failed.code : undefined;
  },
});

function stateWords({ state, unreachableSince }: IdentityCheck): string {
  return unreachableSince === null ? state : `cannot be asked since ${utc(unreachableSince)}`;
}

function timeWords(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
