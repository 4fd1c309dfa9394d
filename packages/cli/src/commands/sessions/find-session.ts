import { type Api, answer } from "../../api/client.ts";
import type { SessionView } from "../../api/shapes.ts";
import { CliError } from "../../errors.ts";

/** By id, or the one that started last (of those that live still). @throws CliError `not_found` */
export async function findSession(api: Api, id: string, state?: "live"): Promise<SessionView> {
  if (id !== "last") return await answer(api.GET("/v1/sessions/{id}", { params: { path: { id } } }));
  const query = { limit: 1, ...(state === undefined ? {} : { state }) };
  const { sessions } = await answer(api.GET("/v1/sessions", { params: { query } }));
  const [newest] = sessions;
  if (newest !== undefined) return newest;
  const nothing = state === undefined ? "there is no session yet" : "no session is live at the moment";
  throw new CliError("not_found", nothing, { next: state === undefined ? "tw psql RESOURCE" : "tw sessions list" });
}
