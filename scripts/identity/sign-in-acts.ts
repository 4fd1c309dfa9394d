import type { Act } from "./act.ts";
import type { SignInBrowser } from "./browser.ts";

/** 1. The browser of this computer. */
export async function signInByBrowser({ world, checks, show, title }: Act, browser: SignInBrowser): Promise<void> {
  const { cli, gateway, secrets } = world;
  title(`ana signs in at the provider (${browser.name})`, "tw login --browser");
  const login = cli.start(["login", "--server", gateway.baseUrl, "--as", "ana", "--browser"]);
  const [url] = await login.line(/http\S+\/command-line\?\S+/);
  await browser.approve(url, world.logins.ana);
  const { code } = await login.exited;
  show(login.output.stdout);
  secrets.addCommandLine(cli.configDirectory);
  checks.that("the command line is signed in as ana", code === 0 && / as ana until /.test(login.output.stdout));
  const status = await cli.json(["status", "--as", "ana"]);
  checks.that("as the person whom the provider had pushed", JSON.stringify(status).includes("analysts"));
}

/** 2. A code for a browser anywhere else (RFC 8628). */
export async function signInByDevice({ world, checks, show, title }: Act, browser: SignInBrowser): Promise<void> {
  const { cli, gateway, secrets } = world;
  title(`bo signs in on a machine without a browser (${browser.name} elsewhere)`, "tw login --device");
  const login = cli.start(["login", "--server", gateway.baseUrl, "--as", "bo", "--device"]);
  const [, userCode] = await login.line(/type the code (\S+)/);
  secrets.add("a user code of the device flow", userCode);
  const [, url = ""] = await login.line(/^or open (\S+)$/);
  await browser.approve(url, world.logins.bo);
  const { code } = await login.exited;
  show(login.output.stdout);
  secrets.addCommandLine(cli.configDirectory);
  checks.that("the command line is signed in as bo", code === 0 && / as bo until /.test(login.output.stdout));
}
