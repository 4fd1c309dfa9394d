/** The few API calls a fixture needs, signing in once per principal. */
export class ApiCalls {
  readonly #baseUrl: string;
  readonly #passwords: Record<string, string>;
  readonly #userPassword: string;
  readonly #tokens = new Map<string, string>();

  constructor(baseUrl: string, passwords: Record<string, string>, userPassword: string) {
    this.#baseUrl = baseUrl;
    this.#passwords = passwords;
    this.#userPassword = userPassword;
  }

  async call(method: string, path: string, body: unknown, as: string): Promise<unknown> {
    const known = this.#tokens.get(as);
    if (known === undefined) return this.#send(method, path, body, await this.#signIn(as));
    try {
      return await this.#send(method, path, body, known);
    } catch (error) {
      // An access token is short-lived, a long run is not.
      if (!(error instanceof Error && /: 401 /.test(error.message))) throw error;
      return this.#send(method, path, body, await this.#signIn(as));
    }
  }

  async #signIn(name: string): Promise<string> {
    const password = this.#passwords[name] ?? this.#userPassword;
    const { accessToken } = (await this.#send("POST", "/v1/login", { name, password }, undefined)) as {
      accessToken: string;
    };
    this.#tokens.set(name, accessToken);
    return accessToken;
  }

  async #send(method: string, path: string, body: unknown, token: string | undefined): Promise<unknown> {
    const response = await fetch(`${this.#baseUrl}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return /[/+]json\b/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
  }
}
