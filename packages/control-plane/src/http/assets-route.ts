import type { FastifyInstance } from "fastify";
import { findAsset } from "../web/assets.ts";

/** Style, script and icon of the pages. With its version in the address a file may be kept for ever. */
export function registerAssets(app: FastifyInstance): void {
  app.get<{ Params: { name: string }; Querystring: { v?: string } }>(
    "/assets/:name",
    { config: { access: { public: true } } },
    async (request, reply) => {
      const asset = findAsset(request.params.name);
      if (asset === undefined) return reply.callNotFound();
      const current = request.query.v === asset.version;
      reply.header("cache-control", current ? "public, max-age=31536000, immutable" : "no-cache");
      return reply.type(asset.type).send(asset.content);
    },
  );
}
