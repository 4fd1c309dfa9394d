const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/**
 * Pushes people and groups as a provider does, by HTTP (RFC 7644). A double: oidc-provider has no SCIM of its own, so
 * the walk speaks for it.
 */
export class ScimClient {
  readonly #baseUrl: string;
  readonly #token: string;

  constructor(baseUrl: string, token: string) {
    this.#baseUrl = baseUrl;
    this.#token = token;
  }

  /** @returns the id that it has here */
  async addUser(userName: string, externalId: string): Promise<string> {
    return (await this.#call("POST", "/Users", { userName, externalId, active: true })).id;
  }

  async addGroup(displayName: string, members: readonly string[]): Promise<string> {
    return (await this.#call("POST", "/Groups", { displayName, members: members.map((value) => ({ value })) })).id;
  }

  async removeMember(group: string, user: string): Promise<void> {
    const operation = { op: "remove", path: `members[value eq "${user}"]` };
    await this.#call("PATCH", `/Groups/${group}`, { schemas: [PATCH], Operations: [operation] });
  }

  /** What it tells about everybody, as text. */
  async read(path: string): Promise<string> {
    const answer = await fetch(`${this.#baseUrl}/scim/v2${path}`, { headers: this.#headers() });
    return await answer.text();
  }

  async #call(method: string, path: string, body: object): Promise<{ readonly id: string }> {
    const headers = { ...this.#headers(), "content-type": "application/scim+json" };
    const answer = await fetch(`${this.#baseUrl}/scim/v2${path}`, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`SCIM ${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? { id: "" } : (JSON.parse(text) as { id: string });
  }

  #headers() {
    return { authorization: `Bearer ${this.#token}` };
  }
}
