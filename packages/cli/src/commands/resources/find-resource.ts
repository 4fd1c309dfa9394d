import { type Api, answer } from "../../api/client.ts";
import type { ResourceListed } from "../../api/shapes.ts";
import type { CommandContext } from "../../context.ts";
import { CliError } from "../../errors.ts";
import { fields } from "../../output/table.ts";

/** By name, among those that the caller sees. @throws CliError `not_found` */
export async function findResource(api: Api, name: string): Promise<ResourceListed> {
  const { resources } = await answer(api.GET("/v1/resources"));
  const found = resources.find((resource) => resource.name === name);
  if (found !== undefined) return found;
  const names = resources.map((resource) => resource.name).slice(0, 20);
  throw new CliError("not_found", `there is no resource ${name} that you may reach`, {
    ...(names.length === 0 ? {} : { why: `You may reach: ${names.join(", ")}` }),
    next: "tw resources list",
  });
}

export function tagText(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

export function resourceFields(resource: ResourceListed, { output }: CommandContext): string[] {
  const { name, protocol, tags, enforce, level, agent, address } = resource;
  return fields(
    [
      ["resource", name],
      ["protocol", protocol],
      ["tags", tagText(tags)],
      ["policy", enforce === "on" ? "enforced" : "observed only"],
      ["your level", level ?? "none"],
      ["agent", agent],
      ["address", address],
    ],
    output.paint,
  );
}
