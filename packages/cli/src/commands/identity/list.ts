import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";

export const list = defineCommand<[principal: string | undefined]>({
  summary: "List who is which principal at which identity provider",
  configure: (command) => command.argument("[principal]", "only of this one"),
  examples: ["tw identity list", "tw identity list ana"],
  run: async (context, _options, principal) => {
    const query = principal === undefined ? {} : { principal };
    const { identities } = await answer((await context.api()).GET("/v1/identities", { params: { query } }));
    const ago = (at: string | null) => (at === null ? "never" : relative(at, context.now()));
    context.output.result({ identities }, () =>
      table(
        identities,
        [
          { title: "PRINCIPAL", value: (row) => row.principal },
          { title: "PROVIDER", value: (row) => row.provider },
          { title: "SUBJECT", value: (row) => row.subject },
          { title: "NAME THERE", value: (row) => row.username },
          { title: "SIGNED IN", value: (row) => ago(row.lastSignInAt), spare: 1 },
          { title: "CONFIRMED", value: (row) => ago(row.validatedAt), spare: 2 },
        ],
        context.output,
        "Nobody has signed in at an identity provider yet.",
      ),
    );
    return undefined;
  },
});
