import { answer } from "../../api/client.ts";
import { defineCommand } from "../../command.ts";
import { CliError } from "../../errors.ts";
import { table } from "../../output/table.ts";
import { relative } from "../../output/times.ts";
import { isCertificateUse, USES } from "./uses.ts";

interface Options {
  readonly use?: string;
  readonly bundle?: boolean;
}

export const list = defineCommand<[], Options>({
  summary: "List the certificate authorities of this installation: what to trust, for which use, and until when",
  configure: (command) =>
    command
      .option("--use <use>", USES.join(" | "))
      .option("--bundle", "print the certificates (PEM) and keys (OpenSSH) themselves, for a file of what is trusted"),
  examples: ["tw authorities list", "tw authorities list --use ssh-host --bundle"],
  run: async (context, { use, bundle }) => {
    if (use !== undefined && !isCertificateUse(use)) {
      throw new CliError("usage", `--use ${use}: not one of ${USES.join(", ")}`);
    }
    const query = use === undefined ? {} : { use };
    const result = await answer((await context.api()).GET("/v1/certificate-authorities", { params: { query } }));
    const { authorities } = result;
    const whole = () =>
      authorities.flatMap(({ certificate, publicKey }) => (certificate ?? publicKey ?? "").trimEnd().split("\n"));
    const columns = [
      { title: "ID", value: ({ id }: (typeof authorities)[number]) => id },
      { title: "USE", value: ({ use: own }: (typeof authorities)[number]) => own },
      { title: "ISSUES", value: (one: (typeof authorities)[number]) => relative(one.issuesFrom, context.now()) },
      {
        title: "TRUSTED UNTIL",
        value: ({ trustedUntil }: (typeof authorities)[number]) =>
          trustedUntil === null ? "rotated" : relative(trustedUntil, context.now()),
      },
    ];
    context.output.result(result, () =>
      bundle ? whole() : table(authorities, columns, context.output, "There are no certificate authorities."),
    );
    return undefined;
  },
});
