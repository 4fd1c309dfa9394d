import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { parseDuration } from "../../input/duration.ts";
import { relative } from "../../output/times.ts";
import { isCertificateUse, USES } from "./uses.ts";

interface Options {
  readonly after?: string;
}

export const rotate = defineCommand<[use: string], Options>({
  summary: "Give an authority a new key; what was issued under the old one stays good until it ends",
  configure: (command) =>
    command
      .argument("<use>", USES.join(" | "))
      .option("--after <duration>", "when it begins to sign; default: 1m, of ssh-target 1d, in which hosts are told"),
  examples: [
    "tw authorities rotate postgres-client",
    "tw authorities rotate ssh-target --after 1s    the old key leaked",
  ],
  notes: "Hosts that trust ssh-target need the new line first: tw authorities list --use ssh-target --bundle",
  run: async (context, { after }, use) => {
    if (!isCertificateUse(use)) throw new CliError("usage", `"${use}" is not one of ${USES.join(", ")}`);
    const body = after === undefined ? {} : { afterSeconds: parseDuration(after, "--after") };
    const params = { path: { use } };
    const call = (await context.api()).POST("/v1/certificate-authorities/{use}/rotate", { params, body });
    const { id, issuesFrom } = await answer(call);
    context.output.result({ use, id, issuesFrom }, () => [
      `${id} signs for ${use} ${relative(issuesFrom, context.now())}. Who keeps a copy of what is trusted: tw authorities list --use ${use} --bundle`,
    ]);
    return undefined;
  },
});
