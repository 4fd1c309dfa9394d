import { isNoticeLevel, PLACEHOLDER, RENAMED } from "../inspector/lineage/notice-level.ts";
import { LINEAGE_SETTINGS } from "../inspector/lineage/tend-settings.ts";
import type { LogConsent, ServerSettings } from "../lineage/server-settings.ts";
import { standsAgainst } from "../lineage/server-settings.ts";

/** Where labels of values come from (masking-and-policy.md, layers 1 to 2b), for one session. */
export type LineageLevel =
  | { readonly level: "server"; readonly noticeLevel: string }
  | { readonly level: "view"; readonly why: string }
  | { readonly level: "names"; readonly why: string };

/** The client's own values of the settings that lineage needs, by where it put them: parameters, or `options`. */
export function lineageLevel(
  settings: ServerSettings,
  consent: LogConsent,
  client: ReadonlyMap<string, string>,
): LineageLevel {
  const why = standsAgainst(settings, consent);
  if (why !== undefined) return { level: "view", why };
  const asked = client.get("client_min_messages") ?? inOptions(client.get("options") ?? "", "client_min_messages");
  return {
    level: "server",
    noticeLevel: asked !== undefined && isNoticeLevel(asked) ? asked.toLowerCase() : settings.clientMinMessages,
  };
}

/**
 * Start-up parameters with the settings that make the server send its trees. What the client asked for itself is preset as
 * a placeholder, to which RESET returns. Ours come last in `options`; a parameter of its own would still win, so it is left out.
 */
export function withLineage(
  parameters: ReadonlyMap<string, string>,
  { noticeLevel }: { readonly noticeLevel: string },
): ReadonlyMap<string, string> {
  const all = new Map([...parameters].filter(([name]) => !RENAMED.has(name.toLowerCase())));
  const ours = [
    ...Object.entries(LINEAGE_SETTINGS),
    [`${PLACEHOLDER}client_min_messages`, noticeLevel],
    [`${PLACEHOLDER}debug_print_rewritten`, "off"],
    [`${PLACEHOLDER}debug_pretty_print`, "on"],
  ];
  const options = ours.map(([name, value]) => `-c ${name}=${value}`).join(" ");
  const given = all.get("options");
  all.set("options", given === undefined || given === "" ? options : `${given} ${options}`);
  return all;
}

/** `-c NAME=VALUE`, `-cNAME=VALUE` or `--NAME=VALUE`, dashes for underscores; the last one counts. */
function inOptions(options: string, name: string): string | undefined {
  const pattern = new RegExp(`(?:-c\\s*|--)${name.replaceAll("_", "[-_]")}=(\\S*)`, "gi");
  return [...options.matchAll(pattern)].at(-1)?.[1];
}

/** How old an answer about a server may be, in milliseconds. */
const MAX_AGE_MS = 60_000;

/** Settings per database, shared by sessions; one question at a time. */
export class ServerSettingsCache {
  readonly #entries = new Map<string, { readonly at: number; readonly settings: Promise<ServerSettings> }>();

  get(key: string, ask: () => Promise<ServerSettings>): Promise<ServerSettings> {
    const present = this.#entries.get(key);
    if (present !== undefined && Date.now() - present.at < MAX_AGE_MS) return present.settings;
    const settings = ask();
    this.#entries.set(key, { at: Date.now(), settings });
    settings.catch(() => this.#entries.delete(key));
    return settings;
  }
}
