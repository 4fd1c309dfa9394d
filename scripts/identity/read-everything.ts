import type { World } from "./world.ts";

export interface Answer {
  /** As in the OpenAPI document. */
  readonly route: string;
  readonly path: string;
  /** False: it was refused, which is searched as well. */
  readonly granted: boolean;
  readonly text: string;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, { readonly get?: unknown }>>;
}

/** What every GET route of the API says to an administrator, for everything that the walk has made; SCIM too. */
export async function readEverything(world: World): Promise<readonly Answer[]> {
  const { gateway, scim, pushed } = world;
  const read = async (path: string): Promise<Pick<Answer, "granted" | "text">> => {
    try {
      const answer = await gateway.api("GET", path);
      return { granted: true, text: typeof answer === "string" ? answer : JSON.stringify(answer) };
    } catch (error) {
      return { granted: false, text: String(error) };
    }
  };
  const { paths } = (await gateway.api("GET", "/v1/openapi.json")) as OpenApi;
  const { sessions } = (await gateway.api("GET", "/v1/sessions?limit=200")) as { sessions: { id: string }[] };
  const { requests } = (await gateway.api("GET", "/v1/access-requests")) as { requests: { shortId: string }[] };
  const others = [...NAMES, ...requests.map(({ shortId }) => shortId)];
  const answers: Answer[] = [];
  for (const [route, methods] of Object.entries(paths)) {
    if (methods.get === undefined) continue;
    const names = route.startsWith("/v1/sessions/") ? sessions.map(({ id }) => id) : others;
    for (const name of route.includes("{") ? names : [""]) {
      const path = route
        .replace(/\{\w+\}/g, name)
        .replace(/\/recording$/, "/recording?reason=looking")
        .replace(/\/explain$/, "/explain?as=ana&resource=shop");
      answers.push({ route, path, ...(await read(path)) });
    }
  }
  for (const path of ["/Users", `/Users/${pushed.ana}`, "/Groups", `/Groups/${pushed.analysts}`]) {
    answers.push({ route: "/scim/v2", path, granted: true, text: await scim.read(path) });
  }
  return answers;
}

const NAMES = ["shop", "web-1", "ana", "bo", "mia", "ana-bot", "ci", "corp", "night-shift", "data-owners", "deploy"];
