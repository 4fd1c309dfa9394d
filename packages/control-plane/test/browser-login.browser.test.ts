import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { skipUnless } from "@tidewaiter/testkit";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { GATEWAY, type Harness, startHarness } from "./running.ts";
import { setTheScene } from "./scene.ts";

const CHROMIUM = "/usr/bin/chromium";
const HOSTILE = `"><img src=x onerror=alert(1)>`;

skipUnless(existsSync(CHROMIUM), "Chromium").describe("letting a connection in, in a browser", () => {
  let harness: Harness;
  let browser: Browser;
  let web: string;
  let port = 50_000;

  beforeAll(async () => {
    let listening = "http://127.0.0.1";
    harness = await startHarness("sqlite", {
      now: Date.now,
      endpoints: () => ({
        postgres: { host: "127.0.0.1", port: 6432, tls: true },
        web: listening,
        gatewayId: GATEWAY,
        tunnelUrls: [],
      }),
    });
    await setTheScene(harness);
    await harness.running.app.listen({ host: "127.0.0.1", port: 0 });
    web = listening = `http://127.0.0.1:${(harness.running.app.server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await harness?.[Symbol.asyncDispose]();
  });

  async function waiting(clientAddress: string, more: { resourceName?: string; application?: string } = {}) {
    const asked = { gatewayId: GATEWAY, clientAddress, clientPort: ++port, resourceName: "shop", ...more };
    const answer = await harness.port.requestBrowserLogin(asked);
    if (answer.state !== "waiting") throw new Error(answer.state);
    return answer;
  }

  async function open(path: string, options: Parameters<Browser["newContext"]>[0] = {}) {
    const page = await (await browser.newContext(options)).newPage();
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("dialog", (dialog) => problems.push(`dialog ${dialog.message()}`));
    await page.goto(`${web}${path}`);
    await page.getByLabel("Name").fill("ana");
    await page.getByLabel("Password").fill("ana-has-a-long-password");
    await page.keyboard.press("Enter");
    await page.waitForURL(`${web}${path}`);
    return { page, problems };
  }

  it("leads from the link over the sign-in to the question, and takes the answer by keyboard", async () => {
    const login = await waiting("127.0.0.1");
    const { page, problems } = await open(login.path);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Let a connection in to shop?");
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(await page.getByRole("option").first().textContent()).toBe("All for 10 minutes");
    await page.getByLabel(/Code/).focus();
    await page.keyboard.type(login.code.toLowerCase());
    for (let tabs = 0; tabs < 2; tabs++) await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("One connection is let in to shop as ana.").waitFor();
    expect(await harness.port.browserLogin(login.id)).toEqual({ state: "approved", principalName: "ana" });
    expect(problems).toEqual([]);
  });

  it("warns of a connection from elsewhere, and runs nothing that it says of itself", async () => {
    const login = await waiting("192.0.2.9", { resourceName: HOSTILE, application: HOSTILE });
    const { page, problems } = await open(login.path);
    expect(await page.getByRole("alert").textContent()).toContain(
      "The connection comes from 192.0.2.9, you from 127.0.0.1.",
    );
    expect(await page.locator("main img").count()).toBe(0);
    expect(await page.locator("main").textContent()).toContain(HOSTILE);
    await page.getByLabel(/Code/).fill("2222-2222");
    await page.getByRole("button", { name: "Let it in as ana" }).click();
    await page.getByText("4 tries are left.").waitFor();
    await page.getByRole("button", { name: "Refuse" }).click();
    await page.getByText("It has been told so and ends now.").waitFor();
    expect(await harness.port.browserLogin(login.id)).toEqual({ state: "denied" });
    // 400 for the wrong code is said to the console by the browser itself.
    expect(problems.filter((text) => !text.includes("status of 400"))).toEqual([]);
  });

  it.each([
    ["light and wide", { colorScheme: "light", viewport: { width: 1280, height: 900 } }],
    ["dark and narrow", { colorScheme: "dark", viewport: { width: 340, height: 700 } }],
  ] as const)("fits the window, and everything in it has a name: %s", async (_name, options) => {
    const address = options.colorScheme === "dark" ? "192.0.2.10" : "192.0.2.11";
    const login = await waiting(address, { application: "psql" });
    await waiting(address);
    const { page } = await open(login.path, options);
    expect(await page.getByRole("option").allTextContents()).toEqual(["This connection only", "All for 10 minutes"]);
    expect(await page.locator("#covers-hint").textContent()).toContain(
      `every connection from ${address} to shop, so that a program that opens many asks once. 1 more waits now.`,
    );
    const overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    expect(overflow).toBe(0);
    const nameless = await page.evaluate(
      `[...document.querySelectorAll("main input:not([type=hidden]), main select, main button")]
        .filter((one) => !(one.labels?.length > 0 || one.textContent.trim() !== "")).length`,
    );
    expect(nameless).toBe(0);
  });
});
