import { z } from "zod";

/** Shapes that the settings of more than one store use. */

export const localSecret = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/, "env:NAME or file:/path; a secret does not stand in the settings");

export const mountPath = z
  .string()
  .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/, "a mount path without slashes at its ends");

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Tokens and secrets travel there: without TLS only on this machine. */
export const safeUrl = z.url({ protocol: /^https?$/ }).refine((text) => {
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  const plain = username === "" && password === "" && search === "" && hash === "";
  return plain && (protocol === "https:" || LOOPBACK.has(hostname));
}, "https://, or http:// on this machine, without user, query or fragment");

export const allowedPaths = z.array(z.string().min(1).max(1024)).max(1000).optional();
