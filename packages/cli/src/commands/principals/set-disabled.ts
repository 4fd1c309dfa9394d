import { answer } from "../../api/client.ts";
import type { CommandContext } from "../../context.ts";

export async function setDisabled(context: CommandContext, name: string, disabled: boolean): Promise<undefined> {
  const api = await context.api();
  const principal = await answer(
    api.PATCH("/v1/principals/{name}", { params: { path: { name } }, body: { disabled } }),
  );
  context.output.result(principal, () => [
    disabled ? `Disabled ${principal.name}; live sessions end within seconds.` : `Enabled ${principal.name}.`,
  ]);
  return undefined;
}
