import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { freePort } from "@tidewaiter/testkit/free-port";
import { afterEach, describe, expect, it } from "vitest";
import { answer, openApi } from "./client.ts";
import { problemError } from "./problem.ts";

let server: Server | undefined;
afterEach(() => void server?.close());

async function serving(
  status: number,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const made = createServer((_request, response) => {
    response.writeHead(status, { "content-type": type, connection: "close", ...headers }).end(body);
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

const health = (url: string) => answer(openApi({ server: url, accessToken: "t" }).GET("/v1/health"));

describe("answers of the API", () => {
  it("are given as they are", async () => {
    const url = await serving(200, "application/json", '{"status":"ok","store":"ok"}');
    expect(await health(url)).toEqual({ status: "ok", store: "ok" });
  });

  it("that are problems become errors with their own code, reason and next step", async () => {
    const problem = {
      type: "t",
      title: "It exists already",
      status: 409,
      detail: "there is one",
      code: "conflict",
      next: "tw x",
    };
    const url = await serving(409, "application/problem+json", JSON.stringify(problem));
    await expect(health(url)).rejects.toMatchObject({
      exit: "conflict",
      message: "there is one",
      why: undefined,
      next: "tw x",
    });
  });

  it("of an expired token say how to sign in", () => {
    const problem = {
      type: "t",
      title: "Sign in first",
      status: 401,
      detail: "no valid token",
      code: "unauthenticated",
    };
    expect(problemError(problem)).toMatchObject({
      exit: "not_signed_in",
      message: "Sign in first",
      why: "no valid token",
      next: "tw login",
    });
  });

  it.each([
    [502, "text/html", "<html>bad gateway</html>"],
    [200, "text/html", "<html>a login page</html>"],
    [500, "application/json", '{"message":"x"}'],
    [404, "application/json", "{"],
  ])("%d %s of something else are said to be that", async (status, type, body) => {
    const url = await serving(status, type, body);
    await expect(health(url)).rejects.toMatchObject({ exit: "failure", next: expect.stringContaining("tw status") });
  });

  it("never follow a redirect: it could lead the token elsewhere", async () => {
    const url = await serving(302, "text/plain", "", { location: "http://127.0.0.1:1/" });
    await expect(health(url)).rejects.toMatchObject({ exit: "unreachable" });
  });

  it("that do not come say why", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await expect(health(url)).rejects.toMatchObject({
      exit: "unreachable",
      why: "nothing listens there",
    });
  });
});
