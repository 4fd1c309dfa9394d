import { defineCommand } from "../../command.ts";
import { setDisabled } from "./set-disabled.ts";

export const enable = defineCommand<[name: string]>({
  summary: "Give a disabled principal its access back",
  configure: (command) => command.argument("<name>", "the principal"),
  examples: ["tw principals enable ana"],
  run: (context, _options, name) => setDisabled(context, name, false),
});
