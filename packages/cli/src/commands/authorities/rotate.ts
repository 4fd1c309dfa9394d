import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { isCertificateUse, USES } from "./uses.ts";

export const rotate = defineCommand<[use: string]>({
  summary: "Give an authority a new key; what was issued under the old one stays good until it ends",
  configure: (command) => command.argument("<use>", USES.join(" | ")),
  examples: ["tw authorities rotate postgres-client"],
  run: async (context, _options, use) => {
    if (!isCertificateUse(use)) throw new CliError("usage", `"${use}" is not one of ${USES.join(", ")}`);
    const call = (await context.api()).POST("/v1/certificate-authorities/{use}/rotate", { params: { path: { use } } });
    const { id } = await answer(call);
    context.output.result({ use, id }, () => [
      `${id} signs for ${use} from the next minute on. Who keeps a copy of what is trusted: tw authorities list --bundle`,
    ]);
    return undefined;
  },
});
