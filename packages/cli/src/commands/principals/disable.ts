import { defineCommand } from "../../command.ts";
import { setDisabled } from "./set-disabled.ts";

export const disable = defineCommand<[name: string]>({
  summary: "Take away all access of a principal; its live sessions end within seconds",
  configure: (command) => command.argument("<name>", "the principal"),
  examples: ["tw principals disable ana"],
  run: (context, _options, name) => setDisabled(context, name, true),
});
