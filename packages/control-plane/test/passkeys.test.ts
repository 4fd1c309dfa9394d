import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { skipUnless } from "@tidewaiter/testkit";
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "./running.ts";

const CHROMIUM = "/usr/bin/chromium";
const FACTORS = "/account/second-factors";

/** A real browser with a virtual authenticator (WebDriver's, driven over the DevTools protocol). */
skipUnless(existsSync(CHROMIUM), "Chromium").describe("passkeys in a browser", () => {
  let harness: Harness;
  let browser: Browser;
  let web: string;

  beforeAll(async () => {
    let listening = "http://localhost";
    // WebAuthn takes no addresses in numbers.
    harness = await startHarness("sqlite", {
      now: Date.now,
      endpoints: () => ({
        postgres: { host: "localhost", port: 6432, tls: true },
        web: listening,
        gatewayId: "gw_one",
        tunnelUrls: [],
      }),
    });
    await harness.running.app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = harness.running.app.server.address() as AddressInfo;
    web = listening = `http://localhost:${port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await harness?.[Symbol.asyncDispose]();
  });

  async function open(hasUserVerification = true) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    const cdp = await context.newCDPSession(page);
    await cdp.send("WebAuthn.enable");
    const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true } as const;
    const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
      options: { ...options, hasUserVerification, isUserVerified: true, automaticPresenceSimulation: true },
    });
    return { context, page, cdp, authenticatorId, errors };
  }

  async function signIn(page: Page, name: string, next = "/") {
    await page.goto(`${web}/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(`${name}-has-a-long-password`);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(/\/(\?|$)|factor/);
  }

  async function addPasskey(page: Page, label: string) {
    await page.goto(`${web}${FACTORS}`);
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByLabel("A name for it").fill(label);
    await page.getByRole("button", { name: "Make the passkey" }).click();
  }

  /** The first one brings recovery codes. */
  async function person(name: string) {
    await harness.addUser(name);
    const opened = await open();
    await signIn(opened.page, name);
    await addPasskey(opened.page, "blue key");
    await opened.page.getByRole("heading", { name: "Recovery codes" }).waitFor();
    return opened;
  }

  const audit = async (type: string) => (await harness.call("GET", `/v1/audit?type=${type}&limit=500`)).json.events;

  it("adds one, asks for it at the next sign-in, and at a step-up", async () => {
    const { page, context, errors } = await person("ada");
    await page.goto(`${web}${FACTORS}`);
    expect(await page.getByRole("row", { name: /blue key/ }).count()).toBe(1);
    await context.clearCookies();
    await signIn(page, "ada");
    expect(page.url()).toContain("/sign-in/factor");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByRole("heading", { name: "You are signed in" }).waitFor();
    expect((await audit("login.succeeded")).at(-1).data.methods).toMatch(/^pwd (hwk|swk) mfa$/);
    await page.goto(`${web}/step-up?next=${FACTORS}`);
    await page.getByRole("button", { name: "Go on with a passkey" }).click();
    await page.waitForURL(`${web}${FACTORS}`);
    expect((await audit("login.stepped_up")).at(-1).data.methods).toMatch(/^(hwk|swk) mfa$/);
    expect(errors).toEqual([]);
    await context.close();
  });

  it("takes an answer neither twice, nor to another question, nor by another person's key", async () => {
    const { page, context } = await person("bea");
    await context.clearCookies();
    await signIn(page, "bea");
    const sent: string[] = [];
    page.on("request", (request) => {
      if (request.method() === "POST") sent.push(request.postData() ?? "");
    });
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByRole("heading", { name: "You are signed in" }).waitFor();
    const assertion = new URLSearchParams(sent[0]).get("assertion") ?? "";
    expect(JSON.parse(assertion)).toMatchObject({ type: "public-key" });
    await context.clearCookies();
    await signIn(page, "bea");
    const replayed = await answer(context, page, assertion);
    expect(replayed).toContain("does not fit");
    const other = await person("cyd");
    await other.context.clearCookies();
    await signIn(other.page, "cyd");
    expect(await answer(other.context, other.page, assertion)).toContain("does not fit");
    const changed = JSON.parse(assertion);
    changed.response.signature = changed.response.signature.replace(/^./, (first: string) =>
      first === "M" ? "N" : "M",
    );
    expect(await answer(other.context, other.page, JSON.stringify(changed))).toContain("does not fit");
    for (const broken of ["", "{}", "[]", '{"id":"x"}', `{"id":"${"x".repeat(9000)}"}`]) {
      expect(await answer(other.context, other.page, broken)).not.toContain("You are signed in");
    }
    await Promise.all([context.close(), other.context.close()]);
  });

  it("notices a copied key by its counter", async () => {
    const { page, context, cdp, authenticatorId } = await person("dot");
    const [credential] = (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
    await context.clearCookies();
    await signIn(page, "dot");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByRole("heading", { name: "You are signed in" }).waitFor();
    await reinstall(cdp, authenticatorId, { ...credential, signCount: 0 });
    await context.clearCookies();
    await signIn(page, "dot");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("That does not fit").waitFor();
    await context.close();
  });

  it("says so when the browser has no passkey for it", async () => {
    const { page, context, cdp, authenticatorId } = await person("eve");
    await cdp.send("WebAuthn.clearCredentials", { authenticatorId });
    await context.clearCookies();
    await signIn(page, "eve");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText("got no answer from a passkey").waitFor();
    await context.close();
  });

  it("removes one after a fresh proof", async () => {
    const { page, context } = await person("fay");
    await page.goto(`${web}${FACTORS}`);
    await page
      .getByRole("row", { name: /blue key/ })
      .getByRole("button", { name: "Remove" })
      .click();
    await page.getByText("You have none").waitFor();
    expect((await audit("second_factor.removed")).at(-1)).toMatchObject({
      data: { kind: "passkey", name: "blue key" },
    });
    await context.close();
  });

  /** Sends an answer as the page's form would, with the cookies of this browser; gives the page that follows. */
  async function answer(context: BrowserContext, page: Page, assertion: string): Promise<string> {
    const headers = { "sec-fetch-site": "same-origin", origin: web };
    const response = await context.request.post(`${web}/sign-in/factor`, { form: { assertion, next: "/" }, headers });
    await page.reload();
    return response.text();
  }

  type Credential = Parameters<typeof reinstall>[2];
  async function reinstall(
    cdp: CDPSession,
    authenticatorId: string,
    credential: { credentialId?: string; isResidentCredential?: boolean; privateKey?: string; signCount: number },
  ) {
    await cdp.send("WebAuthn.clearCredentials", { authenticatorId });
    await cdp.send("WebAuthn.addCredential", { authenticatorId, credential: credential as Required<Credential> });
  }
});
