import { CookieClient, findCommand } from "@tidewaiter/testkit";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import type { KnownSecrets } from "./known-secrets.ts";

/** Who types what at the provider. */
export interface Login {
  readonly subject: string;
  readonly password: string;
}

export interface SignInBrowser extends AsyncDisposable {
  readonly name: string;
  readonly real: boolean;
  /** Opens what `tw login` or `tw login --device` printed, signs in at the provider, and says yes. */
  approve(url: string, login: Login): Promise<void>;
}

/** Headless Chromium where there is one. */
export async function openBrowser(secrets: KnownSecrets): Promise<SignInBrowser> {
  const executablePath = findCommand("chromium") ?? findCommand("google-chrome");
  return executablePath === undefined ? formClient(secrets) : await openChromium(executablePath, secrets);
}

async function openChromium(executablePath: string, secrets: KnownSecrets): Promise<SignInBrowser> {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  return {
    name: `headless Chromium ${browser.version()}`,
    real: true,
    async approve(url, { subject, password }) {
      // each person has a browser of their own
      const context = await browser.newContext();
      const page = await context.newPage();
      page.on("request", (request) => addOneTimeCodes(secrets, request.url()));
      await page.goto(url);
      await page.getByRole("link", { name: /^Continue with/ }).click();
      await page.locator('input[name="login"]').fill(subject);
      await page.locator('input[name="password"]').fill(password);
      await page.locator("button[type=submit]").click();
      // the provider asks whether it may tell us
      await page.locator("button[type=submit]").click();
      await sayYes(page);
      await addCookies(secrets, context);
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

async function sayYes(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign it in" }).click();
  await page.getByText("command line is signed in").waitFor();
}

async function addCookies(secrets: KnownSecrets, context: BrowserContext): Promise<void> {
  const session = (await context.cookies()).find(({ name }) => name === "tw_session");
  secrets.add("a browser's session", session?.value);
}

/** Not a browser: it follows redirects and fills in forms, and runs no script. */
function formClient(secrets: KnownSecrets): SignInBrowser {
  return {
    name: "an HTTP form client (no Chromium is installed)",
    real: false,
    async approve(url, { subject, password }) {
      const client = new CookieClient();
      let page = await client.get(url);
      const link = /href="([^"]*\/sign-in\/[^"]*)"/.exec(page.body)?.[1]?.replaceAll("&amp;", "&") ?? "";
      page = await client.get(new URL(link, page.url).href);
      page = await client.submit(page, { login: subject, password });
      page = await client.submit(page, {});
      page = await client.submit(page, { answer: "yes" }, 1);
      addOneTimeCodes(secrets, page.url);
      if (!page.body.includes("command line is signed in")) throw new Error(`${page.url}: ${page.body.slice(0, 500)}`);
      secrets.add("a browser's session", client.cookie(new URL(url).origin, "tw_session"));
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** The provider's code on its way to us, and ours on its way to the command line. */
function addOneTimeCodes(secrets: KnownSecrets, url: string): void {
  const { pathname, searchParams } = new URL(url);
  const code = searchParams.get("code");
  if (code !== null && pathname.endsWith("/callback")) secrets.add("a one-time code", code);
}
