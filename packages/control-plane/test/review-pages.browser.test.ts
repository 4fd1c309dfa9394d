import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { skipUnless } from "@tidewaiter/testkit";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "./running.ts";
import { openSession, setTheScene } from "./scene.ts";

const CHROMIUM = "/usr/bin/chromium";

skipUnless(existsSync(CHROMIUM), "Chromium").describe("reviews in a browser", () => {
  let harness: Harness;
  let browser: Browser;
  let anaId: string;
  let web: string;
  let number = 0;

  beforeAll(async () => {
    let listening = "http://127.0.0.1";
    harness = await startHarness("sqlite", {
      now: Date.now,
      endpoints: () => ({
        postgres: { host: "127.0.0.1", port: 6432, tls: true },
        web: listening,
        gatewayId: "gw_one",
        tunnelUrls: [],
      }),
    });
    ({ anaId } = await setTheScene(harness));
    await harness.addUser("mia");
    await harness.addUser("lea");
    await harness.call("POST", "/v1/groups", { name: "data-owners", members: ["mia", "lea"] });
    await harness.running.app.listen({ host: "127.0.0.1", port: 0 });
    web = listening = `http://127.0.0.1:${(harness.running.app.server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await harness?.[Symbol.asyncDispose]();
  });

  const ask = async () => {
    const session = await openSession(harness, anaId);
    return harness.port.requestReview({
      sessionId: session.id,
      mode: "hold",
      ruleId: "pii-needs-a-person",
      reason: "addresses leave the house",
      by: ["group:data-owners"],
      count: 1,
      expiresAt: new Date(Date.now() + 600_000).toISOString(),
      binding: String(number++).padStart(64, "0"),
      statement: "select email from customers where note = '<img src=x onerror=alert(1)>'",
      parameters: ["DE"],
      summary: "SELECT on customers, reads pii.email",
      labels: ["pii.email"],
      inTransaction: true,
    });
  };

  async function open(name: string, path: string, options: Parameters<Browser["newContext"]>[0] = {}) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("dialog", (dialog) => problems.push(`dialog ${dialog.message()}`));
    await page.goto(`${web}${path}`);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill(`${name}-has-a-long-password`);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${web}${path}`);
    return { page, problems };
  }

  it("leads from the printed link over the sign-in to the statement, and takes an approval by keyboard", async () => {
    const review = await ask();
    const { page, problems } = await open("mia", `/r/${review.shortId}`);
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("ana asks to run 1 statement on shop");
    expect(await page.locator("pre").textContent()).toContain("<img src=x onerror=alert(1)>");
    await page.getByLabel(/Comment/).focus();
    await page.keyboard.type("ticket 812");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByText("Approved: it runs now.").waitFor();
    expect((await harness.port.getReview(review.id)).decisions).toMatchObject([
      { reviewer: "mia", comment: "ticket 812" },
    ]);
    expect(await page.getByRole("button", { name: "Approve" }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  it("shows without a reload that somebody else decided, and takes the buttons away", async () => {
    const review = await ask();
    const { page, problems } = await open("mia", `/r/${review.shortId}`);
    await page.getByLabel(/Comment/).fill("half a thou");
    const lea = await harness.login("lea", "lea-has-a-long-password");
    await harness.call("POST", `/v1/reviews/${review.id}/reject`, { comment: "no ticket" }, lea);
    await page.getByText("Rejected. It has not run.").waitFor();
    await page.getByRole("button", { name: "Approve" }).waitFor({ state: "hidden" });
    expect(await page.getByText(/Rejected by lea/).textContent()).toContain("no ticket");
    expect(await page.locator("textarea").inputValue()).toBe("half a thou");
    expect(problems).toEqual([]);
  });

  it("shows in the list what comes and goes", async () => {
    const { page } = await open("mia", "/reviews");
    const review = await ask();
    await page.getByRole("link", { name: review.shortId }).waitFor();
    await harness.port.withdrawReview(review.id, "the client left");
    await page.getByRole("row", { name: new RegExp(`${review.shortId}.*withdrawn`) }).waitFor();
  });

  it.each([
    ["light and wide", { colorScheme: "light", viewport: { width: 1280, height: 900 } }],
    ["dark and narrow", { colorScheme: "dark", viewport: { width: 340, height: 700 } }],
  ] as const)("fits the window, and everything in it has a name: %s", async (_name, options) => {
    const review = await ask();
    const { page, problems } = await open("mia", `/r/${review.shortId}`, options);
    for (const path of [`/r/${review.shortId}`, "/reviews"]) {
      await page.goto(`${web}${path}`);
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path).toBe(true);
      expect(await page.getByRole("heading", { level: 1 }).count(), path).toBe(1);
      const names = await page
        .getByRole("region")
        .evaluateAll((all) => all.map((one) => one.ariaLabel ?? one.ariaLabelledByElements?.[0]?.textContent));
      expect(new Set(names).size, path).toBe(names.length);
      expect(names, path).not.toContain(undefined);
    }
    expect(problems).toEqual([]);
  });
});
