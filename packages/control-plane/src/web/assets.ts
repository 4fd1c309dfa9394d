import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Everything that pages load, besides themselves. */
const TYPES = {
  "pages.css": "text/css; charset=utf-8",
  "pages.js": "text/javascript; charset=utf-8",
  "passkeys.js": "text/javascript; charset=utf-8",
  "icon.svg": "image/svg+xml",
} as const;

export type AssetName = keyof typeof TYPES;

export interface Asset {
  readonly type: string;
  readonly content: Buffer;
  /** Of the content, so that an address always means the same bytes. */
  readonly version: string;
}

const assets = new Map<string, Asset>(
  Object.entries(TYPES).map(([name, type]) => {
    const content = readFileSync(new URL(`./assets/${name}`, import.meta.url));
    const version = createHash("sha256").update(content).digest("hex").slice(0, 12);
    return [name, { type, content, version }];
  }),
);

export function findAsset(name: string): Asset | undefined {
  return assets.get(name);
}

export function assetUrl(name: AssetName): string {
  return `/assets/${name}?v=${assets.get(name)?.version ?? ""}`;
}
