import { spawn } from "node:child_process";
import type { Variables } from "../../environment.ts";

/** Whether this computer seems to have a browser that the person at the terminal sees. */
export function hasBrowser(variables: Variables, platform: NodeJS.Platform = process.platform): boolean {
  // Over ssh it would open on the wrong screen.
  if (variables.SSH_CONNECTION || variables.SSH_TTY) return false;
  if (platform === "darwin" || platform === "win32") return true;
  return Boolean(variables.BROWSER || variables.DISPLAY || variables.WAYLAND_DISPLAY);
}

/** Tries to; the address is printed beside it, so that nothing depends on it. Never through a shell. */
export function openBrowser(url: string, variables: Variables, platform: NodeJS.Platform = process.platform): void {
  const [program = "", ...args] = variables.BROWSER ? [variables.BROWSER] : (PROGRAMS[platform] ?? ["xdg-open"]);
  const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}

const PROGRAMS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};
