import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { skipUnless } from "@tidewaiter/testkit";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type OidcScene, startOidcScene } from "./scene.ts";

const CHROMIUM = "/usr/bin/chromium";

skipUnless(existsSync(CHROMIUM), "Chromium").describe("signing in with a browser", () => {
  let scene: OidcScene;
  let browser: Browser;

  beforeAll(async () => {
    scene = await startOidcScene();
    await scene.apply();
    await scene.harness.addUser("uma");
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await scene?.[Symbol.asyncDispose]();
  });

  async function open(options: Parameters<Browser["newContext"]>[0] = {}) {
    const page = await (await browser.newContext(options)).newPage();
    const problems: string[] = [];
    // What the provider's pages miss (fonts from elsewhere) is not ours.
    page.on("console", (message) => {
      const ours = message.location().url.startsWith(scene.web);
      if (message.type() === "error" && ours) problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(String(error)));
    return { page, problems };
  }

  async function throughProvider(page: Page) {
    await page.getByRole("link", { name: "Continue with Corp" }).click();
    await page.locator('input[name="login"]').fill("u-ana");
    await page.locator('input[name="password"]').fill("x");
    await page.locator("button[type=submit]").click();
    await page.locator("button[type=submit]").click();
  }

  it("goes to the provider and comes back to the page that was wanted", async () => {
    const { page, problems } = await open();
    await page.goto(`${scene.web}/device`);
    await throughProvider(page);
    await page.waitForURL(`${scene.web}/device`);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in a command line");
    const cookies = await page.context().cookies(scene.web);
    const session = cookies.find(({ name }) => name === "tw_session");
    expect(session).toMatchObject({ httpOnly: true, sameSite: "Lax" });
    expect(cookies.map(({ name }) => name)).not.toContain("tw_pending");
    expect(problems).toEqual([]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(`${scene.web}/sign-in`);
    await page.goto(`${scene.web}/`);
    await page.waitForURL(/sign-in\?next=/);
  });

  it("says yes to a code by keyboard alone", async () => {
    const started = await scene.harness.call("POST", "/v1/login/device", { client: "tw on build-7" }, null);
    const { deviceCode, userCode } = started.json;
    const { page, problems } = await open();
    await page.goto(`${scene.web}/device`);
    await throughProvider(page);
    await page.getByLabel("Code that the command line shows").focus();
    await page.keyboard.type(userCode.replace("-", " ").toLowerCase());
    await page.keyboard.press("Enter");
    await page.getByText("tw on build-7").waitFor();
    await page.getByRole("button", { name: "Sign it in" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText("The command line is signed in.").waitFor();
    const polled = await scene.harness.call("POST", "/v1/login/device/token", { deviceCode }, null);
    expect(polled.json).toMatchObject({ state: "ready", tokens: { principal: { name: "ana" } } });
    expect(problems).toEqual([]);
  });

  it("brings the code to the command line on the same computer, which the page's policy allows", async () => {
    const server = createServer((_request, response) => response.end("done"));
    const asked = new Promise<string>((resolve) => server.once("request", ({ url }) => resolve(url ?? "")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const port = String((server.address() as AddressInfo).port);
    const query = new URLSearchParams({ port, state: "s".repeat(43), challenge: "c".repeat(43), client: "tw" });
    const { page, problems } = await open();
    await page.goto(`${scene.web}/command-line?${query}`);
    await throughProvider(page);
    await page.getByRole("button", { name: "Sign it in" }).click();
    expect(await asked).toMatch(/^\/callback\?code=twc_[A-Za-z0-9_-]{43}&state=s{43}$/);
    expect(problems).toEqual([]);
    server.closeAllConnections();
    server.close();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [320, 1280]) {
      it(`fits ${width} px, ${colorScheme}, with names and contrast for everybody`, async () => {
        const { page, problems } = await open({ colorScheme, viewport: { width, height: 800 } });
        await page.goto(`${scene.web}/sign-in`);
        await lookAt(page, `sign-in-${colorScheme}-${width}`);
        await page.getByLabel("Name").fill("uma");
        await page.getByLabel("Password").fill("not-her-password");
        await page.getByRole("button", { name: "Sign in" }).click();
        expect(await page.getByRole("alert").textContent()).toContain("do not fit");
        await lookAt(page, `refused-${colorScheme}-${width}`);
        await page.getByLabel("Password").fill("uma-has-a-long-password");
        await page.keyboard.press("Enter");
        await page.waitForURL(`${scene.web}/`);
        await lookAt(page, `home-${colorScheme}-${width}`);
        const { userCode } = (await scene.harness.call("POST", "/v1/login/device", { client: "tw on build-7" }, null))
          .json;
        await page.goto(`${scene.web}/device?code=${userCode}`);
        await lookAt(page, `device-${colorScheme}-${width}`);
        expect(problems.filter((text) => !text.includes("401"))).toEqual([]);
      });
    }
  }
});

/** What can be checked without a checker: nothing runs out of the page, every field has a name, text stands out (WCAG 1.4.3). */
async function lookAt(page: Page, name: string): Promise<void> {
  const folder = process.env.TIDEWAITER_SCREENSHOTS;
  if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  const found = await page.evaluate(await readFile(new URL("./look-at-page.js", import.meta.url), "utf8"));
  expect(found, name).toEqual({ faint: [], nameless: [], wider: 0, lang: "en", headings: 1 });
}
