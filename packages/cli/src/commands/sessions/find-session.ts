import { type Api, answer } from "../../api/client.ts";
import type { SessionView } from "../../api/shapes.ts";
import { CliError } from "../../errors.ts";

/** By id, or the one that started last. @throws CliError `not_found` */
export async function findSession(api: Api, id: string): Promise<SessionView> {
  if (id !== "last") return await answer(api.GET("/v1/sessions/{id}", { params: { path: { id } } }));
  const { sessions } = await answer(api.GET("/v1/sessions", { params: { query: { limit: 1 } } }));
  const [newest] = sessions;
  if (newest !== undefined) return newest;
  throw new CliError("not_found", "there is no session yet", { next: "tw psql RESOURCE" });
}
