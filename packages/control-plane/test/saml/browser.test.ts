import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { skipUnless } from "@tidewaiter/testkit";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../running.ts";
import { expectStatus } from "../scene.ts";
import { newKeys, SamlProvider } from "./saml-provider.ts";

const CHROMIUM = "/usr/bin/chromium";

/** The provider is another site (127.0.0.1) than we are (localhost), so that a browser's rules for cookies count. */
skipUnless(existsSync(CHROMIUM), "Chromium").describe("SAML in a browser", () => {
  let harness: Harness;
  let browser: Browser;
  let idp: Server;
  let web = "http://localhost";
  let idpUrl: string;

  beforeAll(async () => {
    harness = await startHarness("sqlite", {
      now: Date.now,
      endpoints: () => ({
        postgres: { host: "localhost", port: 6432, tls: true },
        web,
        gatewayId: "gw_one",
        tunnelUrls: [],
      }),
    });
    await harness.running.app.listen({ host: "127.0.0.1", port: 0 });
    web = `http://localhost:${(harness.running.app.server.address() as AddressInfo).port}`;
    const provider = new SamlProvider(await newKeys("idp.example"));
    idp = createServer(async (request, response) => {
      // A browser also asks for an icon.
      if (request.url?.startsWith("/sso") !== true) {
        response.writeHead(204).end();
        return;
      }
      const { id } = SamlProvider.requestOf(new URL(request.url ?? "", idpUrl).href);
      const metadata = await fetch(`${web}/v1/identity-providers/acme/saml-metadata`);
      const answer = await provider.answer(await metadata.text(), { inResponseTo: id, nameId: "ada" });
      response.setHeader("content-type", "text/html");
      response.end(
        `<form method="post" action="${web}/sign-in/acme/saml"><input type="hidden" name="SAMLResponse" value="${answer}"><button>I am Ada</button></form>`,
      );
    });
    await new Promise<void>((resolve) => idp.listen(0, "127.0.0.1", resolve));
    idpUrl = `http://127.0.0.1:${(idp.address() as AddressInfo).port}`;
    const document = {
      kind: "identity_provider",
      name: "acme",
      type: "saml",
      title: "Acme",
      issuer: provider.issuer,
      entryPoint: `${idpUrl}/sso`,
      certificates: [provider.keys.certificate],
    };
    const documents = [{ name: "acme.yaml", source: JSON.stringify(document) }];
    await expectStatus(harness.call("POST", "/v1/apply", { documents, dryRun: false }), 200);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    idp?.closeAllConnections();
    idp?.close();
    await harness?.[Symbol.asyncDispose]();
  });

  it("goes to the provider and comes back signed in, to where one wanted to go", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    await page.goto(`${web}/?x=1`);
    await page.getByRole("link", { name: /Acme/ }).click();
    await page.getByRole("button", { name: "I am Ada" }).click();
    await page.waitForURL(`${web}/?x=1`);
    await page.getByRole("heading", { name: "You are signed in" }).waitFor();
    expect(await page.getByText("acme", { exact: true }).count()).toBe(1);
    expect(errors).toEqual([]);
    await page.close();
  });

  it("does so without scripts, by one more button", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${web}/sign-in/acme`);
    await page.getByRole("button", { name: "I am Ada" }).click();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("heading", { name: "You are signed in" }).waitFor();
    await context.close();
  });
});
